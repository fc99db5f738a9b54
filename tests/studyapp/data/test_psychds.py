"""Every kind's export is a valid Psych-DS data set, and each rule of its validator can fail."""

import json

import pytest
from django.core.management import CommandError, call_command

from studyapp import publishing
from studyapp.core.engine.kinds import kinds
from studyapp.core.export.psychds import file_name, problems
from studyapp.data import exporting
from studyapp.simulation import by_functions, simulate
from tests.studyapp.conftest import walk
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


@pytest.fixture
def folder(start, study, tmp_path):
    """The tiny study's export, valid as it is."""
    walk(start("anna"))
    exporting.export(study, tmp_path / "export", wide=True)
    assert problems(tmp_path / "export") == []
    return tmp_path / "export"


@pytest.fixture
def describe(folder):
    """Change the export's description: `describe(name=…)`; None removes."""

    def change(**changes):
        path = folder / "dataset_description.json"
        described = json.loads(path.read_text(encoding="utf-8")) | changes
        kept = {key: value for key, value in described.items() if value is not None}
        path.write_text(json.dumps(kept), encoding="utf-8")

    return change


@pytest.mark.parametrize("name", kinds())
def test_the_export_of_every_kind_is_valid_without_a_warning(name, tmp_path):
    study = make_draft(name, slug="any-kind_2")
    study.analysis_plan = {"alpha": 0.05}
    study.save()
    publishing.publish(study)
    list(simulate(study, 2, by_functions.walk))
    exporting.export(study, tmp_path / "export", wide=True, with_ids=True)
    assert problems(tmp_path / "export") == []
    assert (tmp_path / "export" / "data" / "study-anykind2_table-trials_data.csv").is_file()


@pytest.mark.parametrize(
    ("slug", "expected"), [("a-b_c", "study-abc_"), ("Gulls2", "study-Gulls2_"), ("-", "study-study_")]
)
def test_a_file_name_keeps_letters_and_digits_alone(slug, expected):
    assert file_name(slug, "trials") == f"{expected}table-trials_data.csv"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": None}, "lacks name"),
        ({"variableMeasured": []}, "lacks variableMeasured"),
        ({"@context": None}, "an @context"),
        ({"@context": "https://example.org"}, "schema.org as its @context"),
        ({"@type": "Thing"}, "the @type Dataset"),
        ({"colour": "red"}, "colour is no property"),
        ({"variableMeasured": ["participant"]}, "lacks the column condition"),
        ({"variableMeasured": ["nobody"]}, "nobody is described, but no table has it"),
        ({"variableMeasured": ["participant", "participant"]}, "participant is described twice"),
        ({"variableMeasured": [{"name": "participant"}]}, "the @type PropertyValue"),
        ({"variableMeasured": [{"@type": "PropertyValue", "name": "a", "unit": "ms"}]}, "unit is no property"),
    ],
)
def test_a_wrong_description_is_told(folder, describe, changes, problem):
    describe(**changes)
    assert any(problem in found for found in problems(folder))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("data/trials.csv", "a\r\n", "expected a name of keyword-value pairs"),
        ("data/study-a-b_data.csv", "a\r\n", "expected a name of keyword-value pairs"),
        ("data/study-1_data.csv", "participant,condition\r\na\r\n", "row 2 has 1 cells, expected 2"),
        ("data/study-1_data.csv", "row_id\r\n1\r\n1\r\n", "row 3 repeats the row_id 1"),
        ("data/study-1_data.csv", "participant,participant\r\n", "names a column twice"),
        ("data/study-1_data.csv", "", "has no header"),
        ("data/study-1_data.csv", "", "is empty"),
        ("thesis.docx", "x", "is no file of the specification"),
    ],
)
def test_a_wrong_file_is_told(folder, name, content, problem):
    (folder / name).write_text(content, encoding="utf-8")
    assert any(name in found and problem in found for found in problems(folder))


@pytest.mark.parametrize("name", ["dataset_description.json", "README.md", "CHANGES.md", ".psychdsignore"])
def test_a_missing_file_is_told(folder, name):
    (folder / name).unlink()
    assert any(found.startswith(name.removesuffix(".md")) for found in problems(folder))


def test_a_folder_without_tables_is_told(folder):
    for path in (folder / "data").iterdir():
        path.unlink()
    assert any("expected a table in it" in found for found in problems(folder))
    (folder / "data").rmdir()
    assert "data: expected this folder" in problems(folder)


def test_the_command_says_whether_a_folder_is_valid(folder, capsys):
    call_command("check_export", str(folder))
    assert "a valid Psych-DS data set" in capsys.readouterr().out
    (folder / "README.md").unlink()
    with pytest.raises(CommandError, match="1 problems"):
        call_command("check_export", str(folder))
