"""A question is declared once: form, column, codebook and bots follow from it, for the study that asks it."""

import json
import re
from dataclasses import asdict
from html import unescape
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp import forms
from studyapp.core.engine.fields import levels_of_all
from studyapp.core.engine.kinds import Field, Page, kinds
from studyapp.core.engine.questions import Choice, Number, Scale, Words, YesNo, text_key, wordings
from studyapp.core.texts import Kept, asked_in, filled_in, inline, render

DECLARED = [
    pytest.param(kind, page, question, id=f"{name}-{page.name}-{question.name}")
    for name, kind in sorted(kinds().items())
    for page in kind.pages
    for question in page.questions
]
LABELS = {"labels": ["never", "seldom", "often"], "rows": [["a", "A thing"], ["b", "Another"]]}
SCALE = Scale("mood", "How it feels.", "How do you feel?", labels_from="labels")
EVERY_TYPE = [
    YesNo("agrees", "Whether they agree.", "Do you agree?"),
    Choice("thing", "Which thing.", "Which?", options_from="rows"),
    Choice("word", "Which word.", "Which?", given=("red", "green")),
    Choice("offered", "Which of those offered.", "Which?", options_at="found"),
    SCALE,
    Scale("ease", "How easy.", "How easy?", labels=("0, not", "1", "2, very"), first=0),
    Scale("rank", "How good.", "How good?", labels_from="labels", best_first=True),
    Number("age", "Age.", "How old are you?", minimum=18, maximum=99, unit="years"),
    Number("share", "A share.", "Which share?", minimum=0, maximum=1, whole=False),
    Words("said", "What they said.", "What do you say?"),
    Words("more", "What else.", "What else?", required=False),
]
DATA = {"found": ["x", "y"]}


def form_of(question, data=None, monkeypatch=None):
    """Return the form of a page that asks one question, in a study that says `LABELS`."""
    page = Page("page", "page.html", questions=(question,))
    found = type("Kind", (), {"page": lambda self, name: page})()
    monkeypatch.setattr(forms, "kind_of", lambda definition: found)
    definition = {"kind": "any", "parameters": LABELS, "texts": wordings("page", page.questions)}
    return forms.QuestionForm(data, step={"page": "page", "data": DATA}, definition=definition)


@pytest.mark.parametrize(("kind", "page", "question"), DECLARED)
def test_a_declaration_is_plain_data_with_a_sentence_and_a_column(kind, page, question):
    assert json.loads(json.dumps(asdict(question)))["name"] == question.name
    assert question.description.endswith(".")
    assert question.name in {field.name for field in page.fields}
    assert question.problem(kind.defaults()) == ""
    assert question.fills == () or question.wording


@pytest.mark.parametrize(("kind", "page", "question"), DECLARED)
@pytest.mark.parametrize("language", ["en", "de"])
def test_its_wording_is_a_text_of_the_study_in_every_language(kind, page, question, language):
    if key := text_key(page.name, question):
        asked, _ = asked_in(kind.texts(language)[key])
        assert asked.strip()
        assert key in page.texts


@pytest.mark.parametrize("question", EVERY_TYPE, ids=lambda question: f"{type(question).__name__}-{question.name}")
@pytest.mark.parametrize("skill", ["random", "oracle", "careless", "p=0.5"])
def test_what_a_bot_answers_is_what_the_form_stores_and_the_codebook_knows(question, skill, monkeypatch):
    from studyapp.simulation.answering import submitted

    field = question.field(LABELS)
    for seed in range(20):
        answer = question.of_bot(skill, LABELS, DATA, Random(seed))
        data = dict(submitted(form_of(question, monkeypatch=monkeypatch), {question.name: answer}))
        form = form_of(question, data, monkeypatch)
        assert form.is_valid(), form.errors
        assert form.cleaned_data == {question.name: answer}
        assert not field.levels or answer in field.levels
        expected = {"text": str, "integer": int, "number": int | float, "boolean": bool}[field.type]
        assert isinstance(answer, expected)


@pytest.mark.parametrize("question", EVERY_TYPE, ids=lambda question: f"{type(question).__name__}-{question.name}")
def test_an_answer_that_is_needed_is_asked_for_in_the_declared_words(question, monkeypatch):
    form = form_of(question, {}, monkeypatch)
    assert form.errors == ({question.name: [question.missing]} if question.required else {})
    assert form.fields[question.name].label == question.wording


@pytest.mark.parametrize("asked", ["17", "100", "x", "20.5"])
def test_a_number_out_of_bounds_is_refused(asked, monkeypatch):
    number = next(question for question in EVERY_TYPE if question.name == "age")
    form = form_of(number, {"age": asked}, monkeypatch)
    said = {"17": "Please enter at least 18.", "100": "Please enter at most 99."}.get(asked, number.missing)
    assert form.errors == {"age": [said]}


def test_labels_are_stored_by_their_place_and_the_best_may_come_first():
    assert SCALE.levels(LABELS) == {1: "never", 2: "seldom", 3: "often"}
    best_first = Scale("rank", "How good.", labels_from="labels", best_first=True)
    assert best_first.options(LABELS) == {3: "never", 2: "seldom", 1: "often"}
    assert list(best_first.levels(LABELS)) == [1, 2, 3]
    assert Scale("ease", "How easy.", labels=("no", "yes"), first=0).levels({}) == {0: "no", 1: "yes"}


def test_a_page_posts_places_from_1_wherever_the_stored_numbers_begin(monkeypatch):
    """So a page that was open while the software was updated still means what it showed."""
    ease = Scale("ease", "How easy.", "How easy?", labels=("0", "1", "2"), first=0)
    form = form_of(ease, {"ease": "1"}, monkeypatch)
    assert form.is_valid()
    assert form.cleaned_data == {"ease": 0}


def test_columns_stand_where_the_page_puts_them_and_the_rest_comes_last():
    after = Field("correct", "boolean", "Whether it was right.")
    page = Page(
        "page", "page.html", questions=(*EVERY_TYPE[:2], SCALE), fields=(Field("a", "text", "A."), "mood", after)
    )
    assert [field.name for field in page.fields] == ["a", "mood", "correct", "agrees", "thing"]
    assert page.recorded(LABELS)[1].levels == {1: "never", 2: "seldom", 3: "often"}


def test_who_is_right_and_how_often_a_bot_is():
    asked = YesNo("sure", "Whether sure.", right_from="truth")
    assert asked.is_right(True, {"truth": True})
    assert asked.is_right(False, {"truth": True}) is False
    assert SCALE.is_right(1, {}) is None
    hits = [asked.of_bot("p=0.8", {}, {"truth": False}, Random(seed)) is False for seed in range(1000)]
    assert sum(hits) == pytest.approx(800, abs=40)
    assert all(asked.of_bot("oracle", {}, {"truth": False}, Random(seed)) is False for seed in range(50))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([], "Parameter “labels”: expected at least two answers to choose from, found 0."),
        (["one"], "Parameter “labels”: expected at least two answers to choose from, found 1."),
        (["one", "two", "one"], "Parameter “labels”: two answers are alike; expected each once."),
    ],
)
def test_a_study_that_leaves_nothing_to_choose_from_is_told(labels, said):
    assert SCALE.problem({"labels": labels}) == said


def test_a_class_with_stars_in_its_name_stays_itself_in_a_question_and_untranslated():
    asked, hint = asked_in("Is it *really* “{class_name}” & <b>more</b>?\n\nOr *not*")
    assert hint == "Or not"
    name = '<span translate="no">*_a_* &lt;b&gt;</span>'
    assert filled_in(asked, {"class_name": "*_a_* <b>"}) == f"Is it really “{name}” &amp; more?"


@given(st.text(alphabet="abÄ*_`#[](){}<>&|~\\-+.!'\" ", min_size=1).filter(lambda name: name.strip() == name))
@settings(max_examples=50, deadline=None)
def test_a_name_stands_in_a_text_as_it_is_whatever_it_is_made_of(name):
    shown = render("It is **{class_name}**, {class_name}!", {"class_name": Kept(name)})
    found = re.findall('<span translate="no">(.*?)</span>', shown)
    assert [unescape(one) for one in found] == [name, name]
    assert unescape(re.sub("<[^>]+>", "", inline(shown))) == f"It is {name}, {name}!"


MEANINGS = st.dictionaries(st.integers(1, 5), st.sampled_from(["low", "middling", "high"]), max_size=5)


@given(st.dictionaries(st.sampled_from(["2-b", "1-a", "3-c"]), MEANINGS, min_size=1))
def test_no_versions_meaning_is_passed_over(said):
    together = levels_of_all(said)
    assert set(together) == {value for levels in said.values() for value in levels}
    for value, told in together.items():
        meanings = [levels.get(value) for levels in said.values()]
        if len(set(meanings)) == 1:
            assert told == meanings[0]
        else:
            for version, levels in said.items():
                assert value not in levels or (levels[value] in told and version in told)
