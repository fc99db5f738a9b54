"""The export holds every declared field of every answer, and nothing of those who asked to be forgotten."""

import csv
import json
import re

import pytest

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.engine.kinds import kinds
from studyapp.core.export.columns import columns
from studyapp.data import exporting
from studyapp.run import sessions
from tests.studyapp.conftest import submit, walk

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]
TABLES = ("participants", "trials", "steps", "events", "codes")


@pytest.fixture
def read(study, tmp_path):
    """Export the study and read one table, or the description."""

    def export(name, **options):
        folder = tmp_path / "export"
        exporting.export(study, folder, **options)
        if name == "description":
            return json.loads((folder / "dataset_description.json").read_text(encoding="utf-8"))
        with (folder / "data" / f"study-tiny_table-{name}_data.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    return export


def test_the_description_says_what_axes_call_each_method(read, study, monkeypatch):
    monkeypatch.setitem(reader(study.bundle).methods["lrp"], "short", "LRP")
    assert read("description")["titles"] == {"lrp": "LRP"}


def test_answers_come_out_though_the_bundle_is_gone(start, read, study):
    walk(start("anna"))
    models.Bundle.objects.filter(pk=study.bundle_id).update(folder="gone", sha256="0" * 64)
    study.refresh_from_db()
    assert len(read("participants")) == 1
    assert read("description")["titles"] == {}


def test_every_answered_step_is_a_row_and_every_trial_one_of_its_own(start, read):
    anna = walk(start("anna"))
    steps, trials = read("steps"), read("trials")
    assert [row["key"] for row in steps] == ["consent", "check-1", *(f"trial-{n}" for n in range(5))]
    assert [row["number"] for row in trials] == ["0", "1", "2", "3", "4"]
    assert {row["correct"] for row in trials} == {"true"}
    assert {row["participant"] for row in steps} == {anna.code}
    assert steps[0]["consent_agree"] == "true"
    assert [steps[1]["check_number"], steps[1]["check_passed"]] == ["1", "true"]


def test_a_trial_carries_its_design_and_times(start, read):
    anna = start("anna")
    walk(anna, upto=3)
    submit(anna, 0, timing={"rt_ms": 812.5, "hidden_ms": 10, "input_mode": "keyboard", "shown_at": "2026-01-01"})
    row = read("trials")[0]
    assert row["factor_size"] == row["condition"] == anna.condition.name
    assert (row["rt_ms"], row["hidden_ms"], row["input_mode"]) == ("812.5", "10.0", "keyboard")
    assert row["stimulus"] == anna.plan.steps[3]["stimulus"]
    assert row["study_version"] == anna.version.label
    assert row["submitted_at"].endswith("Z")


@pytest.mark.parametrize("name", [*kinds(), "tiny"])
def test_every_declared_field_of_every_kind_is_a_described_column(tiny_kind, name):
    kind = kinds()[name]
    tables = columns(kind)
    for page in kind.pages:
        names = [column.name for column in tables["trials" if page.trial else "steps"]]
        for field in page.fields:
            assert names.count(field.name if page.trial else f"{page.name}_{field.name}") == 1
    for table in tables.values():
        assert len({column.name for column in table}) == len(table)
        assert all(column.description for column in table)
    assert {field.name for field in kind.fields} <= {column.name for column in tables["participants"]}


def test_every_column_of_every_table_is_described(start, read, tmp_path):
    walk(start("anna"))
    described = {entry["name"] for entry in read("description", wide=True)["variableMeasured"]}
    for path in (tmp_path / "export" / "data").iterdir():
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert set(header) <= described


def test_the_description_names_version_parameters_and_levels(start, study, read):
    walk(start("anna"))
    description = read("description")
    assert description["kind"] == "tiny"
    assert description["study_version"] == study.current.label
    assert description["parameters"]["n_trials"] == 5
    assert description["factors"] == {"size": ["small", "large"]}


def test_previews_are_left_out_and_bots_are_marked(start, study, read):
    start("anna")
    sessions.start_preview(study.current, study.conditions.first())
    sessions.start(study.pk, None, bot="oracle")
    assert [row["bot"] for row in read("participants")] == ["false", "true"]


@pytest.mark.parametrize("forget", ["erase", "withdraw"])
def test_whoever_is_erased_leaves_a_row_and_no_answer(start, read, forget):
    anna = walk(start("anna"), upto=5)
    sessions.record_events(anna.pk, sessions.token(anna, 5), [{"name": "toggle", "t_ms": 3}])
    if forget == "erase":
        sessions.erase(anna.pk)
    else:
        sessions.withdraw(anna.pk, keep=False)
    assert [row["status"] for row in read("participants")] == ["erased" if forget == "erase" else "withdrawn"]
    for name in ("trials", "steps", "events"):
        assert read(name) == []


def test_what_a_withdrawn_person_lets_us_keep_is_kept(start, read):
    anna = walk(start("anna"), upto=5)
    sessions.withdraw(anna.pk, keep=True)
    assert len(read("trials")) == 2


def test_recruitment_ids_are_absent_unless_asked_for(start, read, tmp_path):
    walk(start("PROLIFIC-ANNA"))
    read("participants", wide=True)
    for path in (tmp_path / "export").rglob("*.*"):
        assert "PROLIFIC-ANNA" not in path.read_text(encoding="utf-8")
    assert read("participants", with_ids=True)[0]["recruitment_id"] == "PROLIFIC-ANNA"


def test_events_carry_their_data_as_json(start, read):
    anna = start("anna")
    events = [{"name": "toggle", "t_ms": 5.5, "input_mode": "touch", "data": {"on": True, "word": "é"}}]
    sessions.record_events(anna.pk, sessions.token(anna, 0), events)
    row = read("events")[-1]
    assert (row["name"], row["t_ms"], row["input_mode"]) == ("toggle", "5.5", "touch")
    assert json.loads(row["data"]) == {"on": True, "word": "é"}


def test_wide_holds_one_row_per_participant_with_all_answers(start, read):
    anna, bela = start("anna"), start("bela")
    walk(anna)
    walk(bela, upto=4)
    first, second = read("wide", wide=True)
    assert (first["trial04_number"], first["consent_agree"], first["n_correct"]) == ("4", "true", "5")
    assert (second["trial00_number"], second["trial01_number"]) == ("0", "")
    assert all(re.fullmatch(r"[A-Za-z]\w*", name) for name in first)


def test_a_formula_in_a_text_is_guarded(start, read):
    anna = walk(start("anna"))
    models.Response.objects.filter(participant=anna, position=3).update(answer={"number": "=1+1"})
    assert read("trials")[0]["number"] == "'=1+1"


def test_an_earlier_export_is_replaced_and_a_foreign_folder_refused(start, study, tmp_path):
    start("anna")
    folder = tmp_path / "out"
    assert exporting.export(study, folder)["participants"] == 1
    start("bela")
    assert exporting.export(study, folder)["participants"] == 2
    (folder / "thesis.docx").write_text("precious")
    with pytest.raises(exporting.ExportError, match=r"thesis\.docx"):
        exporting.export(study, folder)
    assert (folder / "thesis.docx").read_text() == "precious"


def test_a_failed_export_leaves_nothing_behind(start, study, tmp_path, monkeypatch):
    walk(start("anna"))
    monkeypatch.setattr(exporting.datasheet, "readme", lambda *about: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        exporting.export(study, tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))


def test_an_export_asks_for_answers_and_events_once_for_many_runs(
    start, study, tmp_path, django_assert_max_num_queries
):
    for name in ("anna", "bela", "cora", "dora"):
        walk(start(name))
    with django_assert_max_num_queries(17, using="snapshot"):
        exporting.export(study, tmp_path / "out")
