"""The export for Excel: CSV with a byte order mark, and one workbook whose cells are what they hold."""

import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pandas
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter.utility import xl_cell_to_rowcol

from studyapp.core.engine.fields import Field
from studyapp.core.export import workbook
from studyapp.data import exporting
from studyapp.data.rows import TABLES
from tests.studyapp.conftest import submit, walk

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NASTY = [
    "=1+1",
    "+x",
    "-x",
    "@x",
    "https://a.example",
    "007",
    "1e5",
    "TRUE",
    "  blanks ",
    "ä\n“ö”",
    "<&>",
    "\x07bell",
    "_x0041_",
]


def read(content: bytes) -> dict[str, list[list]]:
    """Return each sheet's rows as (type, value) of each cell, by the format's own files."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        names = [sheet.get("name") for sheet in book.iter(f"{MAIN}sheet")]
        sheets = [archive.read(f"xl/worksheets/sheet{number}.xml") for number in range(1, len(names) + 1)]
    return dict(zip(names, map(rows_of, sheets), strict=True))


def rows_of(sheet: bytes) -> list[list]:
    """Return a sheet's rows, each cell in its column; an empty one is None."""
    rows = []
    for row in ElementTree.fromstring(sheet).iter(f"{MAIN}row"):
        cells = {xl_cell_to_rowcol(cell.get("r"))[1]: cell_of(cell) for cell in row}
        rows.append([cells.get(place) for place in range(max(cells, default=-1) + 1)])
    return rows


def cell_of(cell) -> tuple[str, str]:
    assert cell.find(f"{MAIN}f") is None  # a formula
    text = cell.find(f"{MAIN}is")
    value = "".join(text.itertext()) if text is not None else cell.findtext(f"{MAIN}v")
    return cell.get("t", "n"), value


def book_of(columns: list[Field], rows: list[dict]) -> dict[str, list[list]]:
    stream = io.BytesIO()
    book = workbook.Book(stream)
    try:
        assert book.sheet("things", columns, [({}, row) for row in rows]) == len(rows)
    except workbook.TooLarge:
        book.discard()
        assert not stream.getvalue()
        raise
    book.close()
    return read(stream.getvalue())


def test_each_value_is_what_it_is_and_no_text_is_a_formula_an_address_or_a_number():
    columns = [Field(name, "text", f"The {name}.", levels={1: "one"}) for name in ("text", "count", "yes", "at", "all")]
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    rows = [{"text": text, "count": 3, "yes": True, "at": at, "all": {"a": [1]}} for text in NASTY]
    found = book_of(columns, rows)
    texts = [row[0] for row in found["things"][1:]]
    assert {kind for kind, _ in texts} == {"inlineStr"}
    assert [text for _, text in texts][:11] == NASTY[:11]
    assert found["things"][1][1:] == [("n", "3"), ("b", "1"), ("n", "46024.12783564815"), ("inlineStr", '{"a": [1]}')]
    assert [value for _, value in found["columns"][1]][:3] == ["things", "text", "The text."]


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_any_text_comes_back_as_it_was(texts):
    kept = ["".join(sign for sign in text if sign >= " " and sign not in "\ufffe\uffff") or "x" for text in texts]
    found = book_of([Field("said", "text", "What was said.")], [{"said": text} for text in kept])
    assert [row[0][1] for row in found["things"][1:]] == kept


def test_what_does_not_fit_is_refused_in_words(monkeypatch):
    said = Field("said", "text", "What was said.")
    with pytest.raises(workbook.TooLarge, match="things: said: a text of 32768 characters"):
        book_of([said], [{"said": "x" * 32_768}])
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    book_of([said], [{}] * 2)
    with pytest.raises(workbook.TooLarge, match="more than 2 rows"):
        book_of([said], [{}] * 3)
    monkeypatch.setattr(workbook, "MOST_COLUMNS", 1)
    with pytest.raises(workbook.TooLarge, match="has 2 columns"):
        book_of([said, said], [])


def test_the_workbook_holds_the_tables_of_the_csv_files(study, start, tmp_path):
    walk(start("anna"))
    submit(start("bela"), "yes")
    call_command("export_study", "tiny", "--out", str(tmp_path / "book.xlsx"), "--xlsx", "--wide")
    call_command("export_study", "tiny", "--out", str(tmp_path / "folder"), "--wide")
    found = read((tmp_path / "book.xlsx").read_bytes())
    assert list(found) == [*TABLES, "wide", "columns"]
    for name in (*TABLES, "wide"):
        with (tmp_path / f"folder/data/study-tiny_table-{name}_data.csv").open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert [value for _, value in found[name][0]] == header
        assert len(found[name]) - 1 == len(rows)
    trials = found["trials"]
    numbers = [row[[value for _, value in trials[0]].index("number")] for row in trials[1:]]
    assert numbers == [("n", str(number)) for number in range(5)]
    described = {tuple(value for _, value in row[:2]) for row in found["columns"][1:]}
    assert ("trials", "rt_ms") in described


def test_a_byte_order_mark_is_there_where_it_is_asked_for_and_read_by_pandas(study, start, tmp_path):
    walk(start("anna"))
    exporting.export(study, tmp_path / "plain")
    exporting.export(study, tmp_path / "marked", bom=True)
    for path in sorted((tmp_path / "marked").rglob("*")):
        if not path.is_file():
            continue
        plain = (tmp_path / "plain" / path.relative_to(tmp_path / "marked")).read_bytes()
        assert path.read_bytes().startswith(b"\xef\xbb\xbf") is (path.suffix == ".csv"), path
        if path.suffix == ".csv":
            assert path.read_bytes()[3:] == plain
            assert list(pandas.read_csv(path).columns) == list(pandas.read_csv(io.BytesIO(plain)).columns)
    stream = io.BytesIO()
    exporting.export_table(study, "trials", stream, bom=True)
    assert stream.getvalue()[:3] == b"\xef\xbb\xbf"


def test_desk_and_api_send_them_and_the_command_refuses_what_does_not_go_together(
    study, start, admin_client, streamed_here, tmp_path
):
    walk(start("anna"))
    book = admin_client.get(f"/admin/studyapp/study/{study.pk}/workbook/")
    assert "trials" in read(b"".join(book.streaming_content))
    assert book["Content-Disposition"].endswith('.xlsx"')
    marked = admin_client.get(f"/admin/studyapp/study/{study.pk}/export-bom/")
    with zipfile.ZipFile(io.BytesIO(b"".join(marked.streaming_content))) as archive:
        tables = [archive.read(name)[:3] for name in archive.namelist() if name.endswith(".csv")]
    assert set(tables) == {b"\xef\xbb\xbf"}
    assert "trials" in read(b"".join(admin_client.get("/api/studies/tiny/workbook/").streaming_content))
    rows = admin_client.get("/api/studies/tiny/trials/?format=csv&bom=true")
    assert b"".join(rows.streaming_content)[:3] == b"\xef\xbb\xbf"
    for wrong in (["--bom"], ["--out", str(tmp_path)], ["--table", "trials", "--out", "-"]):
        with pytest.raises(CommandError):
            call_command("export_study", "tiny", "--out", str(tmp_path / "b.xlsx"), "--xlsx", *wrong)


def test_times_of_a_summer_are_those_of_utc():
    local = datetime(2026, 7, 1, 2, 0, tzinfo=UTC) + timedelta(0)
    found = book_of([Field("at", "time", "When.")], [{"at": local}])
    assert found["things"][1] == [("n", "46204.08333333334")]
