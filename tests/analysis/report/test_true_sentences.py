"""What a report says is what its results are: every number and every claim is read back out of the text."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.report import folder
from analysis.report.methods import methods_text
from analysis.report.running import analyse
from analysis.report.verdicts import verdicts
from analysis.results import apa, markdown, tables
from analysis.statistics.multiplicity import adjust
from tests.analysis import factory

NUMBER = re.compile(r"(?<![\w.])−?(?:\d+\.\d+|\.\d+|\d+)(?![\w])%?")
LEVELS = (("none", "lrp"), ("hidden", "shown", "some"), ("u", "v"))
MAP = 'participant = "p"\nbetween = {}\nwithin = {}\n[[outcomes]]\ncolumn = "Score.Sum"\nkind = "{}"\n'
DESIGNS = [(n_between, n_within) for n_between in range(4) for n_within in range(3) if 0 < n_between + n_within <= 3]


def written(tmp_path, n_between, n_within, effect, kind="ratio", plan=None, people=12, bounds=None):
    """Return the report of a made-up design."""
    rng = np.random.default_rng(n_between * 10 + n_within)
    factors = dict(zip("abc", LEVELS, strict=True))
    names = [*factors][: n_between + n_within]
    between, within = names[:n_between], names[n_between:]
    rows = []
    cells = list(np.ndindex(*(len(factors[name]) for name in between))) or [()]
    places = list(np.ndindex(*(len(factors[name]) for name in within))) or [()]
    for person in range(max(people, 4 * len(cells))):
        own = cells[person % len(cells)]
        shift = rng.normal()
        for place in places:
            y = shift + rng.normal() + effect * sum((*own, *place))
            y = int(np.clip(round(y + 3), 1, 7)) if kind == "ordinal" else round(y, 3)
            named = [factors[name][i] for name, i in zip(names, (*own, *place), strict=True)]
            rows.append([f"s{person}", *named, y])
    pd.DataFrame(rows, columns=["p", *names, "Score.Sum"]).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "m.toml").write_text(MAP.format(json.dumps(between), json.dumps(within), kind))
    plan_file = None
    if plan or bounds:
        plan_file = tmp_path / "plan.json"
        plan_file.write_text(json.dumps({**(plan or {}), "bounds": bounds or {}}))
    return analyse(None, csv=tmp_path / "t.csv", map_file=tmp_path / "m.toml", plan_file=plan_file)


def numbers_of(content) -> set[str]:
    """Return every number of `results.json` as a text might round it."""
    found: set[str] = set()

    def walk(value):
        if isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            size = float(f"{abs(value):.12g}")
            for decimals in range(4):
                text = f"{size:.{decimals}f}"
                found.update((text, text.removeprefix("0") if "." in text else text))
            found.update((f"{size:.0%}", f"{size:g}"))

    walk(content)
    return found


def check_numbers(text: str, content: dict) -> None:
    known = numbers_of(content)
    text = re.sub(
        r"\d+% CI|p < \.001|\(Holm, \d+ pairs\)|α = \.05|type \d|\d+ nodes|95%|90%|HC3|\d+\.\d+\.\d+|\d+–\d+|1-Heatmap",
        "",
        text,
    )
    text = re.sub(r"\(\w+(?: & \w+)?, (?:19|20)\d\d\)", "", text)
    said = [number.lstrip("−") for number in NUMBER.findall(text)]
    assert [number for number in said if number not in known] == []


@pytest.mark.parametrize("effect", [0.0, 1.5])
@pytest.mark.parametrize(("n_between", "n_within"), DESIGNS)
def test_numbers_and_claims_are_those_of_the_results(tmp_path, n_between, n_within, effect):
    report = written(tmp_path, n_between, n_within, effect)
    content = folder.results(report)
    check_numbers(methods_text(report).split("\n\n", 4)[4], content)
    for section in report.sections:
        check_numbers(section.answer, content)
    by_id = {found["id"]: found for found in content["analyses"]}
    assert len(by_id) == len(content["analyses"])
    check_each_against_its_own(report, by_id)
    answer = report.sections[0].answer
    if n_within:
        pairs = [found for id, found in by_id.items() if ".paired." in id]
        significant = [f for f in pairs if next(t for t in f["terms"] if t["term"] == "wilcoxon")["p_adjusted"] < 0.05]
        assert ("no difference within participants was shown" in answer) == (not significant)
        assert answer.count(" against ") == len(significant)
    if n_between:
        terms = by_id["Score.Sum.anova"]["terms"]
        shown = [t["term"].replace(":", " × ") for t in terms if t["p"] is not None and t["p"] < 0.05]
        assert ("No effect of" in answer) == (not shown)
        for term in shown:
            assert term in re.search(r"differed by ([^:]*)", answer)[1]
    assert (f"n = {report.sections[0].records[0].n}" in methods_text(report)) or n_within
    text = methods_text(report)
    side = "mixed" if n_between and n_within else "between subjects" if n_between else "within subjects"
    assert f"The design was {side}" in text
    assert ("factorial ANOVA" in text) == bool(n_between)


def check_each_against_its_own(report, by_id: dict[str, dict]) -> None:
    """Hold every sentence to the numbers of its own analysis, and every answer to those of its section."""
    for section in report.sections:
        own = [by_id[found.id] for found in section.records]
        check_numbers(section.answer, {"own": own, "power": 0.8, "ends of a scale": [0, 7]})
        for found, kept in zip(section.records, own, strict=True):
            check_numbers(" ".join(found.sentences), kept)


RECIPES = ("forward_simulation", "label_matching", "clustering")


@pytest.mark.parametrize("kind", RECIPES)
def test_numbers_of_every_recipes_answers_are_in_its_results(reported, kind):
    report = reported(kind, beside=True)
    content = folder.results(report)
    check_each_against_its_own(report, {found["id"]: found for found in content["analyses"]})
    for section in report.sections:
        check_numbers(section.answer, content)
        check_numbers(" ".join(text for found in section.records for text in found.sentences), content)
        assert re.search(r"no (difference|effect)\w* (\w+ )*was shown(?!, which is not)", section.answer) is None
        for figure in section.figures:
            assert "_" not in figure.alt + figure.title + figure.caption, figure.id
    assert "condition." not in folder.design(report)


@pytest.mark.parametrize("kind", [*RECIPES, "foreign"])
def test_tables_show_the_rows_of_the_results(tmp_path, reported, kind):
    report = written(tmp_path, 1, 1, 1.5) if kind == "foreign" else reported(kind)
    for section in report.sections:
        for found in section.records:
            check_table(markdown.table(tables.readable(found.terms)), found.as_json())


def check_table(text: str, found: dict) -> None:
    """Compare a Markdown table with its rows in `results.json`: as many rows, and no number that its row lacks."""
    heads, _, *rows = text.strip().splitlines()
    assert len(rows) == len(found["terms"]), found["id"]
    for row, term in zip(rows, found["terms"], strict=True):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        assert len(cells) == len(re.split(r"(?<!\\)\|", heads)[1:-1])
        shown = " ".join(cell.replace("< .001", "") for cell in cells)
        words = " ".join(str(value) for value in term.values() if isinstance(value, str))
        known = numbers_of(term) | set(NUMBER.findall(words)) | set(NUMBER.findall(words.replace("_", " ")))
        said = [number.lstrip("−") for number in NUMBER.findall(shown)]
        assert [number for number in said if number not in known] == [], (found["id"], row, term)


def test_an_equivalence_that_was_bounded_is_told_where_nothing_was_shown(tmp_path):
    report = written(tmp_path, 1, 0, 0.0, bounds={"Score.Sum": 3}, people=40)
    found = {entry["id"]: entry for entry in folder.results(report)["analyses"]}
    assert found["Score.Sum.equivalence"]["terms"][0]["p_adjusted"] < 0.05
    assert "Equivalence within ± 3: none and lrp yes (p < .001)." in report.sections[0].answer


def stated(**fields) -> dict:
    return {"hypotheses": [{"id": "H1", "text": "It is so.", **fields}]}


@pytest.mark.parametrize(
    ("higher", "lower", "verdict"), [("lrp", "none", "supported"), ("none", "lrp", "contradicted")]
)
@pytest.mark.parametrize("analysis", ["tukey.a", "paired.none-lrp", "dunn"])
def test_a_contrast_is_judged_by_its_own_direction(tmp_path, analysis, higher, lower, verdict):
    paired = analysis.startswith("paired")
    plan = stated(analysis=f"Score.Sum.{analysis}", higher=higher, lower=lower)
    if analysis == "dunn":
        plan = stated(analysis="Score.Sum.dunn", higher=f"{higher} × some", lower=f"{lower} × hidden")
    n_between, n_within = (0, 1) if paired else (2, 0) if analysis == "dunn" else (1, 0)
    if analysis == "dunn" and verdict == "contradicted":
        plan = stated(analysis="Score.Sum.dunn", higher="none × hidden", lower="lrp × some")
    report = written(tmp_path, n_between, n_within, 3.0, plan=plan, people=30)
    assert folder.results(report)["hypotheses"][0]["verdict"] == verdict


def test_a_contrast_without_an_effect_is_not_supported(tmp_path):
    plan = stated(analysis="Score.Sum.tukey.a", higher="lrp", lower="none")
    report = written(tmp_path, 1, 0, 0.0, plan=plan)
    found = folder.results(report)["hypotheses"][0]
    assert found["verdict"] == "not supported"
    assert found["p"] >= 0.05


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"analysis": "Score.Sum.anova"}, "expected `term`"),
        ({"analysis": "Score.Sum.paired.none-lrp"}, "expected `higher` and `lower`"),
        ({"analysis": "Score.Sum.tukey.a", "term": "a"}, "expected `higher` and `lower`"),
        ({"analysis": "Score.Sum.anova", "higher": "lrp", "lower": "none"}, "expected `term`"),
        ({"analysis": "happiness.anova", "term": "a"}, "expected an outcome out of Score.Sum"),
        ({"analysis": "Score.Sum.anova", "term": "heat"}, "expected factors out of a"),
        ({"analysis": "Score.Sum.tukey.a", "higher": "best", "lower": "none"}, "expected one of lrp, none"),
        ({"analysis": "Score.Sum.equivalence"}, "needs a bound"),
        ({"analysis": "Score.Sum.levene", "term": "a"}, "expected an outcome and one of"),
        ({"analysis": "Score.Sum.tukey.a", "higher": "lrp", "lower": "none", "sided": "one"}, "sided: found 'one'"),
        ({"analysis": "Score.Sum.contrast", "higher": "lrp + best", "lower": "none"}, "several joined by ' + '"),
        ({"analysis": "Score.Sum", "term": "a"}, "expected an outcome and one of"),
        ({"analysis": "Score.Sum.anova", "term": "a:a"}, "found 'a:a', expected each factor once"),
    ],
)
def test_a_hypothesis_that_nothing_tests_is_refused_in_words(tmp_path, fields, said):
    with pytest.raises(AnalysisError, match=re.escape(said)):
        written(tmp_path, 1, 0, 0.0, plan=stated(**fields))


@pytest.mark.parametrize(("higher", "lower", "verdict"), [("some", "hidden + shown", "supported"),
                                                          ("hidden + shown", "some", "not supported")])  # fmt: skip
def test_a_planned_contrast_is_one_sided_where_it_was_stated_so(tmp_path, higher, lower, verdict):
    plan = stated(analysis="Score.Sum.contrast", higher=higher, lower=lower, sided="one")
    report = written(tmp_path, 2, 0, 2.0, plan=plan, people=30)
    found = folder.results(report)["hypotheses"][0]
    assert (found["verdict"], found["tested_by"]) == (verdict, "Score.Sum.contrast")
    terms = {entry["id"]: entry for entry in folder.results(report)["analyses"]}["Score.Sum.contrast"]["terms"]
    assert [term["sides"] for term in terms] == ["one"]


def test_primary_hypotheses_on_several_outcomes_are_adjusted(tmp_path):
    rng = np.random.default_rng(5)
    group = np.repeat(["a", "b"], 20)
    shift = (group == "b").astype(float)
    data = pd.DataFrame({"p": np.arange(40), "g": group, "x": rng.normal(size=40) + shift, "y": rng.normal(size=40)})
    data.to_csv(tmp_path / "t.csv", index=False)
    outcomes = "".join(f'[[outcomes]]\ncolumn = "{name}"\nkind = "ratio"\n' for name in "xy")
    (tmp_path / "m.toml").write_text(f'participant = "p"\nbetween = ["g"]\n{outcomes}')
    hypotheses = [
        {"id": f"H{i}", "text": "So.", "analysis": f"{name}.anova", "term": "g"} for i, name in enumerate("xy")
    ]
    (tmp_path / "plan.json").write_text(json.dumps({"hypotheses": hypotheses, "primary": ["x.anova", "y.anova"]}))
    report = analyse(None, csv=tmp_path / "t.csv", map_file=tmp_path / "m.toml", plan_file=tmp_path / "plan.json")
    found = folder.results(report)["hypotheses"]
    assert [entry["p_adjusted"] for entry in found] == pytest.approx(adjust([entry["p"] for entry in found]))
    assert all((entry["verdict"] == "supported") == (entry["p_adjusted"] < 0.05) for entry in found)


@pytest.mark.parametrize("term", ["a:b", "b:a"])
def test_an_interaction_is_found_whatever_the_order_of_its_factors(tmp_path, term):
    report = written(tmp_path, 1, 1, 0.0, plan=stated(analysis="Score.Sum.anova_within", term=term))
    verdict = folder.results(report)["hypotheses"][0]
    assert (verdict["verdict"], verdict["tested_by"]) == ("not supported", "Score.Sum.anova_within")


def test_a_one_sided_contrast_of_several_levels_says_what_it_is(tmp_path):
    plan = stated(analysis="Score.Sum.contrast", higher="some", lower="hidden + shown", sided="one")
    plan["hypotheses"].append({**plan["hypotheses"][0], "id": "H2", "sided": "two"})
    report = written(tmp_path, 2, 0, 0.0, plan=plan)
    said = next(found.sentences for found in report.sections[0].records if found.id == "Score.Sum.contrast")
    assert said[0].startswith("some − mean of hidden and shown: Δ = ")
    assert said[0].endswith("(one-sided, Holm over 2 contrasts)")
    assert said[1].endswith("(Holm over 2 contrasts)")
    assert [verdict.words for verdict in verdicts(report)] == list(said)


def test_a_verdict_names_the_correction_of_its_p(tmp_path):
    report = written(tmp_path, 2, 0, 0.0, plan=stated(analysis="Score.Sum.tukey.b", higher="some", lower="hidden"))
    assert verdicts(report)[0].words.endswith("(Tukey)")


def test_who_has_no_value_is_not_told_as_analysed_for_it(tmp_path):
    written(tmp_path, 1, 0, 0.0)
    data = pd.read_csv(tmp_path / "t.csv")
    data.loc[:2, "Score.Sum"] = np.nan
    data.to_csv(tmp_path / "t.csv", index=False)
    report = analyse(None, csv=tmp_path / "t.csv", map_file=tmp_path / "m.toml")
    said = methods_text(report)
    assert "12 were analysed; nobody was left out. Of the analysed, 3 have no Score.Sum." in said
    assert {found.n for found in report.sections[0].records} == {9}


def test_methods_are_called_by_their_titles_and_ids_stay(tmp_path):
    export = factory.forward_simulation(tmp_path / "export", n=24, codes=False)
    path = export / "dataset_description.json"
    titles = {"lrp": "LRP", "multiscale_occlusion": "Multi-scale occlusion"}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"titles": titles}))
    report = analyse(export)
    content = folder.results(report)
    with apa.calling(titles):
        told = [content["design"], methods_text(report)]
    told += [figure.alt + figure.title for section in report.sections for figure in section.figures]
    told += [text for found in content["analyses"] for text in found["apa"]]
    assert not [text for text in told if re.search(r"\blrp\b|multiscale occlusion", text)]
    assert "heatmap (none, LRP, Multi-scale occlusion)" in content["design"]
    tukey = next(found for found in content["analyses"] if found["id"] == "fraction_correct.tukey.heatmap")
    assert {term["b"] for term in tukey["terms"]} == {"lrp", "multiscale_occlusion"}


def test_two_hypotheses_of_one_id_are_refused(tmp_path):
    plan = stated(analysis="Score.Sum.anova", term="a")
    plan["hypotheses"] *= 2
    with pytest.raises(AnalysisError, match="hypotheses 2, id: found 'H1' again"):
        written(tmp_path, 1, 0, 0.0, plan=plan)


@pytest.mark.parametrize("kind", ["ratio", "ordinal"])
def test_no_interval_is_told_that_leaves_its_estimate_out(tmp_path, kind):
    rows = [(f"s{i}", "ab"[i % 2], 1 + (i // 2) % 5) for i in range(40)]
    pd.DataFrame(rows, columns=["p", "a", "y"]).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "m.toml").write_text(
        f'participant = "p"\nbetween = ["a"]\n[[outcomes]]\ncolumn = "y"\nkind = "{kind}"\n'
    )
    answer = analyse(None, csv=tmp_path / "t.csv", map_file=tmp_path / "m.toml").sections[0].answer
    assert "too small for an interval, and" in answer
    assert "[.00, .00]" not in answer
