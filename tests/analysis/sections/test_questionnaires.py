"""Researchers' questionnaires in the report: declared scales, scores, consistency, conditions, accuracy."""

import json
from itertools import product

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.plots import ratings
from analysis.reading.exports import read_export
from analysis.reading.hypotheses import check_against
from analysis.reading.plans import Plan
from analysis.reading.questionnaires import given, items
from analysis.recipes import find
from analysis.results.records import FAULT
from analysis.sections.asked.questionnaires import sections
from analysis.statistics import reliability
from tests.analysis import factory

LABELS = {str(point): f"point {point}" for point in range(1, 8)}
N = 36
TRUST = [f"t{place}" for place in range(1, 6)]


def described(name, text, **more):
    return {"name": name, "description": text, "valueType": "text", **more}


VARIABLES = [
    *(described(f"trust_{code}", f"Statement {code}. (scale trust{', reverse-coded' if code == 't2' else ''})",
                levels=LABELS) for code in TRUST),
    described("trust_used", "Have you used one?", levels={"yes": "Yes", "no": "No"}),
    described("trust_tools", "Which tools?", levels={"r": "R", "py": "Python", "none": "None"}),
    described("trust_rank", "What mattered most?", levels={"a": "Colour", "b": "Shape"}),
    described("effort_sure", "How sure: all in all?", minValue=0, maxValue=100),
]  # fmt: skip


def asked(i, questionnaire, item, kind, value, **more):
    """Return one row of the table `answers`."""
    return {"participant": f"p{i:05d}", "questionnaire": questionnaire, "place": "after", "step_index": 40, "block": "",
            "trial_index": "", "attempt": 1, "item": item, "order": 1, "type": kind, "scale": "", "reverse": "false",
            "value": value, "label": "", "score": "", "correct": "", "rt_ms": 900} | more  # fmt: skip


@pytest.fixture
def export(tmp_path):
    """An export with a trust scale from 1 to 7 that is answered from 4 to 7, choices, and a slider after two trials."""
    return written(factory.forward_simulation(tmp_path / "export", n=N, codes=False))


def written(folder, change=lambda rows: rows):
    rng = np.random.default_rng(5)
    rows = []
    for i in range(N):
        own = rng.normal(i % 3, 1)
        for code in TRUST:
            score = int(np.clip(round(5.5 + own / 3 + rng.normal(0, 0.5)), 4, 7))
            value = 8 - score if code == "t2" else score
            rows.append(asked(i, "trust", code, "likert", value, scale="trust", score=score,
                              reverse=factory.truth(code == "t2")))  # fmt: skip
        rows.append(asked(i, "trust", "used", "choice", "yes" if i % 4 else "no"))
        rows.append(asked(i, "trust", "tools", "choices", json.dumps(["r", "py"] if i % 2 else ["py"])))
        rows.append(asked(i, "trust", "rank", "ranking", json.dumps(["b", "a"] if i % 3 else ["a", "b"])))
        for k in (1, 2):
            where = {"step_index": k, "trial_index": k, "block": 1}
            rows.append(asked(i, "effort", "sure", "slider", 10 * k + i, score=10 * k + i, **where))
    factory.write(folder, "answers", change(rows))
    path = folder / "dataset_description.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"variableMeasured": VARIABLES}))
    return folder


@pytest.fixture
def study(export):
    return read_export(export)


@pytest.fixture
def computed(study):
    """The sections of questionnaires, by their names."""
    recipe = find("forward_simulation")
    return {name: make() for name, make in sections(study, Plan(), recipe.measures(study)[0])}


def by_id(section):
    return {found.id: found for found in section.records}


def test_items_are_as_declared(study):
    found = {item.column: item for item in items(study)}
    assert list(found) == [entry["name"] for entry in VARIABLES]
    assert found["trust_t2"].text == "Statement t2."
    assert found["trust_t2"].reverse
    assert found["trust_t1"].limits == (1, 7)
    assert found["effort_sure"].limits == (0, 100)


def test_bars_keep_the_middle_of_the_declared_scale(computed, monkeypatch):
    seen = []
    monkeypatch.setattr(ratings, "likert", lambda counts, labels, names: seen.append((counts, labels, names)))
    for figure in computed["trust"].figures:
        figure.draw()
    ((counts, labels, names),) = seen
    assert labels == [*LABELS.values()]
    assert counts.shape == (5, 7)
    assert counts.loc["trust_t1"].to_numpy()[:3].tolist() == [0, 0, 0]
    assert counts.loc["trust_t2"].to_numpy()[4:].tolist() == [0, 0, 0]
    assert names[1] == "Statement t2. (reverse-coded)"


def test_a_slider_is_drawn_in_five_equal_parts(computed):
    (figure,) = computed["effort"].figures
    assert "0 to 20" in figure.alt
    assert "80 to 100 0%" in figure.alt
    assert "How sure: all in all?" in figure.alt


def test_a_score_is_the_mean_of_its_items_turned_round_and_compared_as_other_measures(study, computed):
    rows = given(study)
    expected = rows[rows["item"].isin(TRUST)].groupby("participant")["score"].mean()
    recipe = find("forward_simulation")
    measure = next(one for one in recipe.measures(study) if one.name == "trust_trust_score")
    assert measure.data.set_index("participant")[measure.name].to_dict() == pytest.approx(expected.to_dict())
    section = computed["trust_trust_score"]
    assert "from 1 to 7; t2 is turned round" in section.intro
    assert {"trust_trust_score.anova", "trust_trust_score.tukey.heatmap"} <= set(by_id(section))


def test_consistency_is_of_the_scores(study, computed):
    rows = given(study)
    table = rows[rows["item"].isin(TRUST)].pivot(index="participant", columns="item", values="score")
    found = by_id(computed["trust_trust_score"])["trust_trust_score.reliability"]
    expected = reliability.reliability(table)
    assert found.terms["alpha"].item() == pytest.approx(expected["alpha"].item())
    assert found.terms["omega"].item() == pytest.approx(expected["omega"].item())
    assert found.sentences[0].startswith("α = .")
    assert found.sentences[0] in computed["trust_trust_score"].answer


def test_answers_to_choose_from_have_shares(computed):
    found = by_id(computed["trust"])
    shares = found["trust.shares"].terms.set_index(["item", "answer"])["share"]
    assert shares["tools", "Python"] == 1
    assert shares["tools", "R"] == 0.5
    assert shares["tools", "None"] == 0
    assert shares["rank", "Shape"] == pytest.approx(2 / 3)
    used = found["questions.trust_used"].terms
    everybody = used[used["term"] == "all"]
    assert dict(zip(everybody["answer"], everybody["share"], strict=True)) == {"No": 0.25, "Yes": 0.75}
    assert found["trust.association"].terms["term"].tolist() == ["Have you used one? by heatmap",
                                                                 "Have you used one? by scores"]  # fmt: skip


def test_what_was_asked_after_trials_counts_once_per_participant(computed):
    found = by_id(computed["effort"])
    row = found["effort.items"].terms.iloc[0]
    assert (row["n"], row["mean"]) == (N, pytest.approx(15 + np.mean(range(N))))
    assert "asked several times" in computed["effort"].intro
    assert found["effort_sure.kruskal"].defined


def test_correlation_with_accuracy_is_adjusted_over_the_questionnaire(computed):
    found = by_id(computed["trust"])["trust.accuracy"].terms
    assert found["term"].tolist() == ["Trust score"]
    assert found["n"].item() == N


def test_an_attempt_that_was_repeated_counts_as_the_last(tmp_path):
    def change(rows):
        again = [{**row, "attempt": 2, "step_index": 41, "value": 7, "score": 7} for row in rows if row["item"] == "t1"]
        return again + rows

    study = read_export(written(factory.forward_simulation(tmp_path / "export", n=N, codes=False), change))
    assert set(given(study).query("item == 't1'")["score"]) == {7}


def test_answers_beyond_the_scale_are_told_and_it_is_left_aside(tmp_path):
    def change(rows):
        return [{**row, "value": 9, "score": 9} if row["item"] == "t1" else row for row in rows]

    study = read_export(written(factory.forward_simulation(tmp_path / "export", n=N, codes=False), change))
    found = next(item for item in items(study) if item.code == "t1")
    assert found.points == ()
    assert "answers from 9 to 9, declared 1 to 7" in found.remark


def test_a_cell_that_is_no_list_is_refused_by_name(tmp_path):
    def change(rows):
        return [{**row, "value": "r"} if row["item"] == "tools" else row for row in rows]

    study = read_export(written(factory.forward_simulation(tmp_path / "export", n=N, codes=False), change))
    steps = dict(sections(study, Plan(), find("forward_simulation").measures(study)[0]))
    with pytest.raises(AnalysisError, match="answers table, trust_tools: found 'r', expected a JSON list"):
        steps["trust"]()


def test_all_is_exploratory_unless_the_plan_says_otherwise(study, computed):
    stated = {"id": "H1", "text": "Trust differs.", "analysis": "trust_trust_score.anova", "term": "heatmap"}
    plan = Plan(hypotheses=(stated,), primary=(stated["analysis"],))
    check_against(plan.hypotheses, find("forward_simulation").measures(study), set(), "plan.json")
    ids = [id for section in computed.values() for id in by_id(section)]
    assert [id for id in ids if plan.type_of(id) == "primary"] == [stated["analysis"]]
    assert {Plan().type_of(id) for id in ids} == {"exploratory"}


def test_no_part_ends_in_a_fault(computed):
    told = [text for section in computed.values() for found in section.records for text in found.warnings]
    assert not [text for text in told if text.startswith(FAULT)]


def test_what_was_asked_after_every_block_is_compared_between_stages(tmp_path):
    folder = factory.clustering(tmp_path / "export", n=12)
    blocks = dict(enumerate(factory.STAGES))
    factory.rewrite(folder, "trials", lambda rows: [
        {**row, "block": factory.STAGES.index(row["stage"])} for row in rows])  # fmt: skip
    rows = []
    for i, stage, k in product(range(12), blocks, range(3)):
        score = 1 + (i + k + stage) % 4
        where = {"step_index": 50 + stage, "block": stage}
        rows.append(asked(i, "view", f"v{k}", "likert", score, scale="view", score=score, **where))
    factory.write(folder, "answers", rows)
    study = read_export(folder)
    measure = next(one for one in find("clustering").measures(study) if one.name == "view_view_score")
    assert measure.within == ["stage"]
    first = measure.data[(measure.data["participant"] == "p00000")].set_index("stage")["view_view_score"]
    assert first.to_dict() == {stage: np.mean([1 + (k + place) % 4 for k in range(3)])
                               for place, stage in enumerate(factory.STAGES)}  # fmt: skip
    section = dict(find("clustering").sections(study, Plan()))["view_view_score"]()
    assert "view_view_score.friedman" in by_id(section)


def test_a_questionnaire_of_free_text_alone_is_counted_and_never_printed(tmp_path):
    folder = factory.forward_simulation(tmp_path / "export", n=12, codes=False)
    factory.write(
        folder, "answers", [asked(i, "last", "why", "text", f"Because {i}" if i % 2 else "") for i in range(12)]
    )
    study = read_export(folder)
    ((_, make),) = sections(study, Plan(), find("forward_simulation").measures(study)[0])
    section = make()
    assert section.answer == "6 participants answered."
    assert "6 answers in free text" in section.intro
    assert not section.records


def test_nothing_happens_where_nothing_was_asked(tmp_path):
    study = read_export(factory.forward_simulation(tmp_path / "export", n=12, codes=False))
    assert items(study) == []
    assert sections(study, Plan(), find("forward_simulation").measures(study)[0]) == []


@pytest.mark.parametrize(
    ("levels", "heads"),
    [
        ({"trust": "Your  view", "effort": "Your\nway"}, ["Your view", "Your way"]),
        ({"trust": "Again", "effort": "Again"}, ["Again (trust)", "Again (effort)"]),
        ({"trust": ""}, ["trust", "effort"]),
        (None, ["trust", "effort"]),
    ],
)
def test_a_section_is_headed_by_its_questionnaires_title(export, levels, heads):
    path = export / "dataset_description.json"
    told = described("questionnaire", "Its questionnaire.", **({} if levels is None else {"levels": levels}))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"variableMeasured": [*VARIABLES, told]}))
    study = read_export(export)
    steps = dict(sections(study, Plan(), find(study.kind).measures(study)[0]))
    assert [steps[name]().title for name in ("trust", "effort")] == [f"Questionnaire: {head}" for head in heads]


def test_an_items_other_wordings_stand_without_its_scale(export):
    path = export / "dataset_description.json"
    told = "I relied on it. (scale trust); where heatmap cam: I relied on its maps. (scale trust)"
    variables = [entry | ({"description": told} if entry["name"] == "trust_t1" else {}) for entry in VARIABLES]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"variableMeasured": variables}))
    assert items(read_export(export))[0].text == "I relied on it.; where heatmap cam: I relied on its maps."
