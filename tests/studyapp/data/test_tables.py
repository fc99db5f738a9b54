"""The CSV conventions: what is written can be read back exactly."""

import csv
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.core.engine.kinds import Field
from studyapp.core.export.tables import cell, guarded, writer_to

GUARD = re.compile(r"'[=+\-@＝＋－＠\t\r\n']")


def undone(text: str) -> str:
    """Undo the guard exactly as docs/export.md and the export's README say."""
    return text[1:] if GUARD.match(text) else text


@given(st.text(alphabet="=+-@＝＠'ab \t\r\n", max_size=5))
def test_the_guard_is_undone_exactly(text):
    assert undone(guarded(text)) == text


@given(st.text(alphabet="=+-@＝＋－＠'ab\t\r\n", max_size=5))
def test_no_guarded_text_begins_like_a_formula(text):
    assert not guarded(text).startswith(tuple("=+-@＝＋－＠\t\r\n"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-1.5, "-1.5"),
        (0.1, "0.1"),
        ("", ""),
        ("-1.5", "'-1.5"),
        ("=SUM(A1)", "'=SUM(A1)"),
        ("'=x", "''=x"),
        ("it's", "it's"),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        (datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), "2026-01-02T03:04:05.678Z"),
        (datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T23:00:00.000Z"),
    ],
)
def test_each_kind_of_value_has_one_form(value, expected):
    assert cell(value) == expected


def test_a_table_is_rfc_4180_and_keeps_quotes_commas_and_newlines(tmp_path):
    columns = [Field("a", "text", "A."), Field("b", "text", "B.")]
    texts = ['two\nlines, "quoted"', "ends with\r\n"]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        write = writer_to(file, columns)
        write({"a": texts[0], "other": 1})
        write({}, {"b": texts[1]})
    content = (tmp_path / "t.csv").read_bytes()
    assert content.startswith(b'a,b\r\n"two\nlines, ""quoted"""')
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["a", "b"], [texts[0], ""], ["", texts[1]]]
