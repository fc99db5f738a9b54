"""Questionnaires drawn at random are accepted, walked, exported, and come back equal; hostile ones are refused."""

import json
from itertools import pairwise

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studyapp.core.questionnaires import cells, reading
from studyapp.core.questionnaires.answers import rows_of
from studyapp.core.questionnaires.bots import answer as of_bot
from studyapp.core.questionnaires.entries import PLACE_WORDS
from studyapp.core.questionnaires.items import question, shown
from studyapp.core.questionnaires.orders import codes_in_order, n_rows, williams
from studyapp.core.questionnaires.pages import of_step
from studyapp.core.questionnaires.scoring import score
from studyapp.questionnaire_form import QuestionnaireForm
from studyapp.simulation.answering import submitted
from tests.studyapp.made.asked import TRUST, likert

WORDS = (
    st.text("abc ÄßΩ=|[]{}*_<>&\"'", min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda words: words and not reading.expected(reading.ITEM[1], words))
)
LISTED = st.lists(WORDS, min_size=2, max_size=5, unique=True)
SCALED = {"a": ("likert", {"labels": ["no", "so so", "yes"]}), "b": ("slider", {"min": 0, "max": 10, "step": 2.5})}


@st.composite
def item(draw, number, before):
    """Draw an item of any type, that may be asked on the answer to one before it."""
    kind = draw(st.sampled_from(["choice", "choices", "ranking", "likert", "slider", "number", "text", *SCALED]))
    found = {"code": f"i_{number}", "text": draw(WORDS), "required": draw(st.booleans()), "hint": draw(WORDS)}
    if kind in SCALED:
        found |= {"type": SCALED[kind][0], **SCALED[kind][1], "scale": kind, "reverse": draw(st.booleans())}
    elif kind in ("choice", "choices", "ranking"):
        options = draw(LISTED)
        pairs = draw(st.booleans())
        found |= {"type": kind, "options": [[f"v{n}", one] for n, one in enumerate(options)] if pairs else options}
    elif kind == "likert":
        found |= {"type": kind, "labels": draw(LISTED), "first": draw(st.integers(-5, 5))}
    elif kind == "slider":
        low = draw(st.integers(-100, 100))
        found |= {
            "type": kind,
            "min": low,
            "max": low + 4 * draw(st.integers(1, 9)),
            "step": draw(st.sampled_from([1, 2, 0.5])),
        }
    elif kind == "number":
        low, whole = draw(st.integers(-1000, 1000)), draw(st.booleans())
        found |= {"type": kind, "min": low, "max": low + draw(st.integers(1, 500)), "whole": whole}
    else:
        found |= {"type": kind, "long": draw(st.booleans())}
    asked = [one for one in before if one["type"] != "text"]
    if asked and draw(st.booleans()):
        found["show_if"] = draw(condition(draw(st.sampled_from(asked))))
    whole = reading.complete([{"name": "q", "items": [found]}])[0]["items"][0]
    if draw(st.integers(0, 4)) == 0 and (values := question(whole).possible({})) and whole["type"] != "text":
        found["expected"] = draw(st.sampled_from(values))
    return found


@st.composite
def condition(draw, about):
    whole = reading.complete([{"name": "q", "items": [about]}])[0]["items"][0]
    if about["type"] in ("slider", "number") or (about["type"] == "likert" and draw(st.booleans())):
        low = about.get("min", about.get("first", 1))
        return {"item": about["code"], draw(st.sampled_from(["at_least", "at_most"])): low + 1}
    values = draw(st.lists(st.sampled_from(list(question(whole).options({}))), min_size=1, unique=True))
    return {"item": about["code"], "is": values[0] if len(values) == 1 else values}


@st.composite
def questionnaire(draw):
    items = []
    for number in range(draw(st.integers(1, 7))):
        items.append(draw(item(number, items)))
    return {
        "name": "own",
        "title": draw(WORDS),
        "place": draw(st.sampled_from(list(PLACE_WORDS))),
        "order": draw(st.sampled_from(["fixed", "random", "counterbalanced"])),
        "per_page": draw(st.integers(0, 4)),
        "failed": draw(st.sampled_from(["record", "retry"])),
        "items": items,
    }


def problems(*found):
    return reading.problems(list(found), ["only"], ["trial"], {"trial_index"})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(own=questionnaire(), skill=st.sampled_from(["random", "careless", "oracle", "p=0.5"]), rng=st.randoms())
def test_any_questionnaire_is_accepted_answered_and_comes_back_equal(own, skill, rng):
    assert problems(own) == []
    assert cells.settled([cells.item_of(cells.row_of(one)) for one in own["items"]]) == sparse(own["items"])
    (whole,) = reading.complete([own])
    codes = codes_in_order(whole, rng.randrange(50), rng)
    definition = {"kind": "clustering", "parameters": {}, "texts": {}, "questionnaires": [whole]}
    step = {"page": "own", "data": {"codes": codes, "place": own["place"], "attempt": 1, "about": "own"}}
    given_ = of_bot(step, skill, definition, rng)
    data = QueryDict(mutable=True)
    for name, value in submitted(QuestionnaireForm(step=step, definition=definition), given_):
        data.appendlist(name, value)
    form = QuestionnaireForm(data, step=step, definition=definition)
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {code: None if value == "" else value for code, value in given_.items()}
    scores = score(step, form.cleaned_data, definition)
    if skill == "oracle":
        assert scores.get("passed", True)
    rows = {row["item"]: row for row in rows_of(of_step(definition, step), step["data"], form.cleaned_data)}
    assert list(rows) == shown(of_step(definition, step)["items"], form.cleaned_data)
    assert {code: row["value"] for code, row in rows.items()} == {code: form.cleaned_data[code] for code in rows}


def sparse(items):
    """Return items without what they have by default, as rows give them."""
    return [
        {
            name: value
            for name, value in one.items()
            if name in ("code", "type", "text", "options", "labels") or value != defaults(one)[name]
        }
        for one in items
    ]


def defaults(one):
    return {entry.name: entry.default for entry in reading.entries(one)}


@pytest.mark.parametrize("n", range(1, 9))
def test_a_williams_design_has_each_item_precede_each_other_equally_often(n):
    rows = [williams(n, row) for row in range(n_rows(n))]
    assert all(sorted(row) == list(range(n)) for row in rows)
    pairs = [pair for row in rows for pair in pairwise(row)]
    counts = {pairs.count((a, b)) for a in range(n) for b in range(n) if a != b}
    assert len(counts) <= 1


HOSTILE = {
    "two items have it": {"items": [likert("a"), likert("a")]},
    "listed before it": {
        "items": [likert("a", show_if={"item": "b", "is": 1}), likert("b", show_if={"item": "a", "is": 1})]
    },
    "no HTML such as <script>": {"items": [likert("a") | {"text": "<script>alert(1)</script>"}]},
    "no HTML such as <img src=x onerror=y>": {"items": [likert("a")], "intro": "<img src=x onerror=y>"},
    "a list of 1 to 200, found 10000": {"items": [likert(f"a{n}") for n in range(10_000)]},
    "which the data has for itself": {"items": [likert("rt_ms")]},
    "the study has a page of this name": {"name": "trial", "items": [likert("a")]},
    "another name than “trial” with a number": {"name": "trial3", "items": [likert("a")]},
    "an answer that can be given": {"items": [likert("a", expected=9)]},
    "expected items with one range": {"items": [likert("a", scale="s"), likert("b", scale="s", first=0)]},
    "answers to “a”": {"items": [likert("a"), likert("b", show_if={"item": "a", "is": [1, "x"]})]},
    "each only once": {"items": [likert("a") | {"labels": ["x", "x"]}]},
    "unknown 'colour'": {"items": [likert("a", colour="red")]},
    "small letters": {"items": [likert("A b")]},
    "expected some of only": {"items": [likert("a")], "conditions": ["other"]},
    "more than min": {"items": [{"code": "a", "type": "number", "text": "?", "min": 9, "max": 1}]},
    "step: expected": {"items": [{"code": "a", "type": "slider", "text": "?", "step": 7}]},
    "it is the column of the scale": {"items": [likert("a", scale="s"), likert("s_score")]},
    "expected an object, found 3": 3,
}


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_questionnaires_are_refused_in_words(words):
    own = HOSTILE[words]
    found = problems(own if own == 3 else {"name": "own"} | own)
    assert words in found[0]
    assert found[0].startswith("Questionnaire ")


@settings(max_examples=100, deadline=None)
@given(
    at=st.lists(st.sampled_from(["items", 0, 1, "code", "text", "labels", "show_if", "name", "scale"]), max_size=4),
    junk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=4,
    ),
)
def test_junk_anywhere_is_refused_or_accepted_but_never_an_error(at, junk):
    own = json.loads(json.dumps([TRUST]))
    parent, last = own, 0
    for step in at:
        place = parent[last]
        known = range(len(place)) if isinstance(place, list) else place if isinstance(place, dict) else ()
        if step not in known:
            break
        parent, last = place, step
    parent[last] = junk
    found = reading.problems(own, ["only"], [], set())
    if not found:
        reading.complete(own)
