"""Other wording by condition: each condition reads its own words and nobody else's, or the study is refused by name."""

import json
import re
from random import Random

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp import models, publishing
from studyapp.core.engine import flow
from studyapp.core.engine.kinds import kind
from studyapp.core.questionnaires import reading
from studyapp.core.variants.applied import reworded, worded
from studyapp.core.variants.reading import Around, complete, problems
from studyapp.data import study_files
from studyapp.data.rows import answer_rows, answers
from studyapp.run import endings, sessions, showing
from studyapp.simulation import by_functions, simulate
from studyapp.simulation.answering import answer
from tests.studyapp.made.asked import LABELS, likert
from tests.studyapp.made.every_kind import make_draft

MARK = re.compile(r"ZZ(\d+)z([a-z_0-9]+?)ZZ")
OTHER = ["One", "Two", "Three", "Four", "Five"]
CHOICE = {"code": "used", "type": "choice", "text": "Used?", "options": [["yes", "Yes"], ["no", "No"]]}
TRUST = {"name": "trust", "title": "Trust", "items": [likert("t1"), likert("t2"), CHOICE]}
SURE = {"name": "sure", "place": "after_trial", "items": [likert("s")]}
AROUND = Around(kind("forward_simulation"), {"heatmap": ["lrp", "none"], "scores": ["shown", "hidden"]}, [TRUST])


def mark(number, name):
    return f"ZZ{number}z{name}ZZ"


def walked(study, condition):
    """Yield every step of a run in a condition with the HTML of its page, and what stands on the last page."""
    run = sessions.get(sessions.start_preview(publishing.freeze(study, draft=True), condition).pk)
    while run.status == flow.ACTIVE:
        _, page, step = showing.step_of(run)
        context = showing.step_context(run)
        yield step, render_to_string(page.template, context | {"form": showing.form_of(page, step, run)})
        run = answered(run)
    yield {"page": ""}, endings.context(run)["text"]


def answered(run):
    data = QueryDict(mutable=True)
    for name, value in answer(run, "oracle", Random(1)):
        data.appendlist(name, value)
    token = sessions.token(run, run.position)
    receipt = sessions.submit(run.pk, token, lambda who, step: showing.validate(data, who, step), {})
    assert receipt.status == "accepted", receipt
    return sessions.get(run.pk)


def words_of_all(name):
    """Return a kind's texts that can stand as a mark: all but the front door's, and those that hold statements."""
    study_kind = kind(name)
    shown = {key for page in study_kind.pages for key in page.texts if not key.startswith("screening")}
    return sorted(shown | {"ending_completed"})


def marked(number, texts):
    """Return texts and questionnaires' words, each its own mark."""
    own = {"title": mark(number, "title"), "items": {"t2": {"text": mark(number, "t2")}}}
    own["items"]["used"] = {"options": {"no": mark(number, "no")}}
    return {
        "texts": {key: mark(number, key) for key in texts},
        "questionnaires": {"trust": own, "sure": {"items": {"s": {"text": mark(number, "s")}}}},
    }


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["forward_simulation", "label_matching"])
def test_each_condition_reads_its_own_words_wherever_the_usual_ones_stood_and_no_others(name):
    study, keys = make_draft(name, slug="words"), words_of_all(name)
    cells = list(study.conditions.all())[:2]
    usual = marked(0, keys)
    study.texts = usual["texts"]
    study.questionnaires = reworded(reading.complete([TRUST, SURE]), usual["questionnaires"])
    before = {cell.name: _met(study, cell) for cell in cells}
    study.variants = [{"conditions": cell.factors, **marked(n, keys)} for n, cell in enumerate(cells, start=1)]
    study.save()
    assert publishing.problems(study) == []
    for number, cell in enumerate(cells, start=1):
        expected = {(page, key, number) for page, key, _ in before[cell.name]}
        assert _met(study, cell) == expected
        assert {"t2", "s", "no", "ending_completed"} <= {key for _, key, _ in expected}


def _met(study, cell):
    """Return which marks stand on which pages of a condition: {(page, what, number)}."""
    return {
        (step["page"], key, int(number)) for step, html in walked(study, cell) for number, key in MARK.findall(html)
    }


@pytest.mark.django_db
def test_words_follow_what_varies_within_people_from_block_to_block():
    study = make_draft("clustering", slug="within")
    study.questionnaires = [{**SURE, "place": "after_block"}]
    first, second = [method for _, method in kind("clustering").defaults()["stages"]][:2]
    texts = ["stage_none", "stage_single", "stage_features", "sort"]
    study.variants = [
        {"conditions": {"method": method}, "texts": {key: mark(number, key) for key in texts}, **_sure(number)}
        for number, method in enumerate((first, second), start=1)
    ]
    study.save()
    assert publishing.problems(study) == []
    numbers = {first: "1", second: "2"}
    met = [(step, MARK.findall(html)) for step, html in walked(study, study.conditions.get())]
    for step, found in met:
        assert {number for number, _ in found} <= {numbers.get(step.get("method"))}
    assert {key for step, found in met for number, key in found if number == "2"} >= {"sort", "s"}


def _sure(number):
    return {"questionnaires": {"sure": {"items": {"s": {"text": mark(number, "s")}}}}}


@pytest.mark.django_db
def test_what_is_read_before_a_level_is_known_cant_follow_it():
    study = make_draft("clustering", slug="within")
    method = kind("clustering").defaults()["stages"][0][1]
    study.questionnaires = [TRUST]
    words = {"information": "Other", "ending_completed": "Other"}
    study.variants = [{"conditions": {"method": method}, "texts": words, "questionnaires": {"trust": {"title": "T"}}}]
    study.save()
    before, nowhere, after = publishing.problems(study)
    assert "Text “information”: on the page “information” no level of “method” is known" in before
    assert "Text “ending_completed”: it stands on no page" in nowhere
    assert "Questionnaire “trust”: on the page “trust” no level" in after


@pytest.mark.parametrize(
    ("variant", "told"),
    [
        ({"conditions": {}}, "conditions: expected factors with their levels"),
        ({"conditions": {"heatmaps": "lrp"}}, "unknown factor “heatmaps”; did you mean “heatmap”?"),
        ({"conditions": {"heatmap": ["lrp", "lpr"]}}, "heatmap: no condition has 'lpr'; did you mean “lrp”?"),
        ({"conditions": {"heatmap": []}}, "heatmap: no condition has []"),
        ({"conditions": {"scores": 1}}, "scores: no condition has 1; expected one of shown, hidden."),
        ({"texts": {"closings": "x"}}, "unknown text “closings”; did you mean “closing”?"),
        ({"texts": {"entry": "x"}}, "text “entry”: it stands at the front door"),
        ({"texts": {"information": 3}}, "text “information”: expected a text, found 3"),
        (
            {"texts": {"information": "{minuts}"}},
            "text “information”: Nothing fills in {minuts}. Did you mean {minutes}?",
        ),
        ({"texts": {"trial_response": " "}}, "expected the words of a question; it is empty."),
        ({"questionnaires": {"trusts": {}}}, "unknown questionnaire “trusts”; did you mean “trust”?"),
        ({"questionnaires": {"trust": {"place": "end"}}}, "questionnaire “trust”: unknown “place”"),
        ({"questionnaires": {"trust": {"items": {"t9": {}}}}}, "questionnaire “trust”: unknown item “t9”"),
        ({"questionnaires": {"trust": {"items": {"t1": {"scale": "s"}}}}}, "item “t1”: unknown “scale”"),
        ({"questionnaires": {"trust": {"items": {"t1": {"labels": OTHER[:4]}}}}}, "labels: expected 5, as usual"),
        (
            {"questionnaires": {"trust": {"items": {"t1": {"labels": [*OTHER[:4], "One"]}}}}},
            "labels: expected each only",
        ),
        ({"questionnaires": {"trust": {"items": {"used": {"options": {"maybe": "?"}}}}}}, "unknown value “maybe”"),
        ({"questionnaires": {"trust": {"items": {"used": {"options": {"no": "Yes"}}}}}}, "options: expected each only"),
        ({"questionnaires": {"trust": {"items": {"t1": {"text": ""}}}}}, "text: expected a text"),
        ({"questionnaires": {"trust": {"intro": "<b>"}}}, "intro: expected no HTML"),
    ],
)
def test_what_nobody_could_be_shown_is_refused_by_name(variant, told):
    (problem, *_) = problems([{"conditions": {"heatmap": "lrp"}, "texts": {}} | variant], AROUND)
    assert problem.startswith("Wording by condition 1")
    assert told in problem


@pytest.mark.parametrize("found", [{}, [[]], [{"texts": {}}], [{"conditions": {"heatmap": "lrp"}}], [{}] * 101])
def test_what_is_no_wording_at_all_is_refused(found):
    assert "expected" in problems(found, AROUND)[0]


def test_two_words_for_the_same_people_are_refused_and_for_different_people_not():
    words = {"texts": {"information": "x"}}
    one, other = {"heatmap": "lrp"}, {"scores": "shown"}
    (problem,) = problems([{"conditions": one, **words}, {"conditions": other, **words}], AROUND)
    assert "1 and 2 both have words for text “information” where heatmap lrp, scores shown; expected one." in problem
    apart = [{"conditions": [one | other], **words}, {"conditions": {"heatmap": "none"}, **words}]
    assert problems(apart, AROUND) == []


LEVELS = {"heatmap": ["lrp", "cam", "none"], "scores": ["shown", "hidden"]}
CLAUSES = st.fixed_dictionaries(
    {}, optional={name: st.lists(st.sampled_from(of), min_size=1, unique=True) for name, of in LEVELS.items()}
).filter(bool)
VARIANTS = st.lists(
    st.fixed_dictionaries(
        {
            "conditions": st.lists(CLAUSES, min_size=1, max_size=3),
            "texts": st.dictionaries(st.sampled_from(["information", "consent"]), st.text(max_size=3)),
        }
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(VARIANTS)
def test_what_is_accepted_leaves_no_doubt_which_words_a_condition_reads(variants):
    around = Around(kind("forward_simulation"), LEVELS)
    if problems(variants, around):
        return
    record = {
        "kind": "forward_simulation",
        "parameters": {},
        "display": {},
        "texts": {},
        "variants": complete(variants),
    }
    turned = record | {"variants": complete(variants[::-1])}
    for heatmap in LEVELS["heatmap"]:
        for scores in LEVELS["scores"]:
            factors = {"heatmap": heatmap, "scores": scores}
            assert worded(record, factors) == worded(turned, factors)
            assert "variants" not in worded(record, factors)


@pytest.mark.django_db
def test_a_file_keeps_the_wording_and_the_version_freezes_it(draft, tmp_path):
    draft.questionnaires = [TRUST]
    draft.variants = [{"conditions": {"size": "small"}, "questionnaires": {"trust": {"title": "Trust us"}}}]
    draft.save()
    study_files.dump_study(draft, tmp_path / "study.json")
    again = study_files.load_study(tmp_path / "study.json", slug="again")
    assert again.variants == draft.variants
    publishing.publish(draft)
    digest = draft.current.content_hash
    draft.variants = []
    assert publishing.edited_since(draft)
    assert publishing.publish(draft).content_hash != digest
    found = json.loads((tmp_path / "study.json").read_text())
    found["variants"][0]["conditions"]["size"] = "tiny"
    (tmp_path / "wrong.json").write_text(json.dumps(found))
    with pytest.raises(
        study_files.StudyFileError, match=r"variants: Wording by condition 1: conditions: size: no cond"
    ):
        study_files.load_study(tmp_path / "wrong.json", slug="wrong")


@pytest.mark.django_db
def test_the_data_tells_the_words_that_were_read(draft):
    draft.questionnaires = [TRUST]
    own = {"labels": OTHER, "text": "How so?"}
    draft.variants = [{"conditions": {"size": "small"}, "questionnaires": {"trust": {"items": {"t1": own}}}}]
    publishing.publish(draft)
    simulate(draft, 4, by_functions.walk, skill="careless")
    runs = list(draft.participants.select_related("plan", "condition", "version"))
    for run in runs:
        row = next(row for row in answer_rows(run, answers(runs, "default")[run.pk]) if row["item"] == "t1")
        labels = OTHER if run.cell.name == "small" else LABELS
        assert row["label"] == labels[row["value"] - 1]
    page = publishing.kind_of_study(draft).page("trust")
    column = next(field for field in page.columns if field.name == "t1")
    assert column.description == "Statement t1; where size small: How so?"
    label = draft.current.label
    assert column.levels[1] == f"Not at all ({label}); One ({label}, size small)"


@pytest.mark.django_db
def test_who_has_read_a_conditions_words_goes_over_to_none_with_others():
    study = make_draft("label_matching", slug="over")
    first, second = study.conditions.all()[:2]
    study.variants = [{"conditions": first.factors, "texts": {"information": "Only here."}}]
    publishing.publish(study)
    study.conditions.exclude(pk__in=[first.pk, second.pk]).delete()
    models.Condition.objects.filter(pk=second.pk).update(open=False)
    run, last = (sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", name)) for name in ("ann", "bob"))
    study.conditions.update(quota=1, open=True)
    for one in (run, last):
        at = sessions.get(one.pk)
        while not (page := showing.step_of(at)[1]).consents:
            at = answered(at)
        data = QueryDict(mutable=True)
        data.update(dict(answer(at, "oracle", Random(1))))
        token = sessions.token(at, at.position)
        receipt = sessions.submit(at.pk, token, lambda who, step, data=data: showing.validate(data, who, step), {})
        assert receipt.status == ("accepted" if one is run else "full"), page
