"""Items from a pasted table, instruments ready to insert, and questionnaires as files."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.core.questionnaires.cells import item_of, row_of
from studyapp.core.questionnaires.entries import ITEM
from studyapp.core.questionnaires.files import questionnaire_in, written
from studyapp.core.questionnaires.instruments import LANGUAGES, instruments
from studyapp.core.questionnaires.pasted import items_in
from studyapp.core.questionnaires.reading import complete, expected, problems
from tests.studyapp.made.asked import EVERY_TYPE, TRUST

AGREE = "Strongly disagree | Disagree | Neither | Agree | Strongly agree"
WORDS = (
    st.text("abc ÄßΩ,;\t\n=\"'{}*", min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda words: words and not expected(ITEM[1], words))
)
LABEL = st.text("abcÄß,;\"' ", min_size=1, max_size=8).map(str.strip).filter(bool)


def table(rows, separator=";", **options):
    file = io.StringIO()
    csv.writer(file, delimiter=separator, **options).writerows(rows)
    return file.getvalue()


@settings(max_examples=50)
@given(
    st.lists(st.tuples(WORDS, st.booleans(), st.booleans()), min_size=1, max_size=4),
    st.lists(LABEL, min_size=2, max_size=5, unique=True),
    st.sampled_from("\t;,"),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_as_a_table_is_read_from_it(given_ones, labels, separator, mark, ending):
    head = ["Code", "TEXT", "scale", "reverse", "labels", "required"]
    yes_no = {True: "yes", False: ""}
    rows = [
        [f"i_{n}", text, "view", yes_no[turned], "|".join(labels), "no" if left_open else ""]
        for n, (text, turned, left_open) in enumerate(given_ones)
    ]
    items, wrong = items_in(mark + table([head, *rows], separator, lineterminator=ending))
    assert wrong == []
    assert items == [
        {"code": f"i_{n}", "type": "likert", "text": text, "scale": "view", "labels": labels}
        | ({"reverse": True} if turned else {})
        | ({"required": False} if left_open else {})
        for n, (text, turned, left_open) in enumerate(given_ones)
    ]


def test_a_table_holds_items_of_every_type():
    items, wrong = items_in(
        "sep=,\ncode,text,type,labels,hint\n"
        'age,"How old, in years?",number,min = 18|max = 99,\n\n'
        "used,Used one?,choice,yes = Yes|no = No,Any such system\n"
        "sure,How sure?,likert,0 = Not at all|1 = Fairly|2 = Fully,\n"
        "why,Why?,text,,\n"
    )
    assert wrong == []
    assert items == [
        {"code": "age", "type": "number", "text": "How old, in years?", "min": 18, "max": 99},
        {
            "code": "used",
            "type": "choice",
            "text": "Used one?",
            "hint": "Any such system",
            "options": [["yes", "Yes"], ["no", "No"]],
        },
        {
            "code": "sure",
            "type": "likert",
            "text": "How sure?",
            "labels": ["Not at all", "Fairly", "Fully"],
            "first": 0,
        },
        {"code": "why", "type": "text", "text": "Why?"},
    ]


HEAD = "code;text;scale;reverse;labels"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Row 1: expected the names of the columns"),
        ("t1\tI trust it\n", "Row 1: the column code is missing"),
        ("code;text;marks\nt1;a;b", "Row 1, column 3: expected some of code, text"),
        ("code;text;code\nt1;a;b", "Row 1: two columns are named code"),
        ("code;text,labels\nt1;a,b", "found semicolons and commas"),
        (HEAD, "expected 1 to 200 rows below the names of the columns, found 0"),
        (HEAD + "\nT1;a;;;x|y", "Row 2, column code: expected small letters"),
        (HEAD + "\nt1;;;;x|y", "Row 2, column text: expected a text"),
        (HEAD + "\nt1;<b>a</b>;;;x|y", "Row 2, column text: expected no HTML"),
        (HEAD + "\nt1;a\0;;;x|y", "Row 2, column text: expected text without NULs"),
        (HEAD + "\nt1;a;;;x|y\n\nt1;b;;;x|y", "Row 4, column code: expected another"),
        (HEAD + "\nold;a;;;x|y", "Row 2, column code: expected another"),
        (HEAD + "\nt1;a;trust;maybe;x|y", "Row 2, column reverse: expected yes or no, found 'maybe'"),
        (HEAD + "\nt1;a;;yes;x|y", "Row 2, column reverse: expected a scale"),
        (HEAD + "\nt1;a;My scale;;x|y", "Row 2, column scale: expected small letters"),
        (HEAD + "\nt1;a;;;", "Row 2, column labels: missing"),
        (HEAD + "\nt1;a;;;x", "Row 2, column labels: expected a list of 2 to 11 labels"),
        (HEAD + "\nt1;a;;;x, y", "found ['x, y']. Labels stand apart by |."),
        (HEAD + "\nt1;a;;;x|x", "Row 2, column labels: expected each only once"),
        (HEAD + "\nt1;a;;;1 = no|7 = yes", "Row 2, column labels: expected a label for each point"),
        (HEAD + "\nt1;a;s;;x|y\nt2;a;s;;x|y|z", "Row 3, column labels: expected answers from 1 to 2, as in row 2"),
        (HEAD + "\nt1;a; b;s;;x|y", "Row 2: expected 5 cells, found 6"),
        (HEAD + '\nt1;"a" b;s;;x|y', "Row 2: expected cells with quotation marks"),
        (HEAD + '\nt1;"a b;s;;x|y', "Row 2: expected cells with quotation marks"),
        ("code;text;type\nt1;a;stars", "Row 2, column type: expected one of choice"),
        ("code;text;type;labels\nt1;a;slider;min = 0|code = x", "Row 2, column labels: unknown 'code = x'"),
        ("code;text;type;labels\nt1;a;number;min = 9|max = 1", "Row 2, column labels: expected more than min"),
    ],
)
def test_a_mistake_is_named_by_row_and_column_and_nothing_is_taken(text, told):
    items, wrong = items_in(text, ["old"])
    assert items == []
    assert any(told in one for one in wrong), wrong


def test_all_mistakes_are_named_at_once():
    _, wrong = items_in(HEAD + "\nT1;;;maybe;x\nt2;a;;;x|y\nt2;a;;;")
    assert [one.split(": ")[0] for one in wrong] == [
        "Row 2, column reverse",
        "Row 2, column code",
        "Row 2, column text",
        "Row 2, column labels",
        "Row 4, column labels",
        "Row 4, column code",
    ]


@settings(max_examples=50)
@given(st.text('code,;\t\n|"=textlabels ', max_size=60), st.booleans())
def test_any_text_is_read_or_refused(text, headed):
    items, wrong = items_in(f"code;text;labels\n{text}" if headed else text)
    assert bool(items) != bool(wrong)
    assert not items or problems([{"name": "pasted", "items": items}], (), (), ()) == []


def test_a_likert_item_of_numbers_comes_back_from_its_row():
    item = {"code": "a", "type": "likert", "text": "x", "labels": [str(n) for n in range(11)], "first": 0}
    assert item_of(row_of(item)) == item
    gap = row_of(item) | {"answers": "1 = no\n7 = yes"}
    assert problems([{"name": "x", "items": [item_of(gap)]}], (), (), ())


@pytest.mark.parametrize("instrument", instruments(), ids=lambda one: one.name)
def test_an_instrument_can_be_asked_in_every_language_and_says_how_it_is_scored(instrument):
    spoken = [instrument.questionnaire(language) for language in LANGUAGES]
    assert problems(spoken[:1], (), (), ()) == problems(spoken[1:], (), (), ()) == []
    texts = [[item["text"] for item in one["items"]] for one in spoken]
    assert not set(texts[0]) & set(texts[1])
    assert instrument.modelled_on
    assert instrument.scored
    assert instrument.questionnaire("fr") == spoken[0]
    assert instrument.questionnaire("de-at") == spoken[1]


@pytest.mark.parametrize("own", [TRUST, EVERY_TYPE, TRUST | {"conditions": ["small"]}])
def test_a_questionnaire_comes_back_from_its_file_without_its_studys_conditions(own):
    found, wrong = questionnaire_in("\ufeff" + written(own))
    assert wrong == []
    assert complete([found]) == complete([own | {"conditions": []}])


FILE = json.loads(written(TRUST))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "The file, line 1: expected JSON"),
        ("[" * 100_000, "The file"),
        ("[]", "expected a questionnaire downloaded here"),
        (json.dumps(FILE | {"format_version": True}), "expected format_version 1, found True"),
        (json.dumps(FILE | {"more": 1}), "unknown 'more'"),
        (json.dumps(FILE | {"questionnaire": None}), "expected an object"),
        (json.dumps(FILE | {"questionnaire": TRUST | {"title": "\0"}}), "without NULs"),
        (json.dumps(FILE | {"questionnaire": TRUST | {"title": 3}}), "Questionnaire “trust”: title: expected a text"),
        (json.dumps(FILE | {"questionnaire": TRUST | {"conditions": ["small"]}}), "conditions: expected"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(content, told):
    found, wrong = questionnaire_in(content)
    assert found == {}
    assert told in wrong[0]


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("yes=Yes", ["yes", "Yes"]),
        ("yes = Yes", ["yes", "Yes"]),
        ("a b = c=d", ["a b", "c=d"]),
        ("=x", "=x"),
        ("x=", "x="),
    ],
)
def test_an_option_is_read_with_and_without_spaces_round_its_sign(line, option):
    item = item_of({"code": "c", "type": "choice", "text": "t", "answers": f"{line}\nelse"})
    assert item["options"] == [option, "else"]
    assert item_of(row_of(item))["options"] == [option, "else"]
