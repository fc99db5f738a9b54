"""The commands' own words and files; what they do is tested where it is done."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from studyapp import models
from tests.bundles import write_bundle
from tests.studyapp.conftest import walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def said(*arguments, **options) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def test_an_unknown_study_is_answered_with_the_known_ones(study):
    for command in ("check_study", "bonus"):
        with pytest.raises(CommandError, match="no study 'scenes'; there is: tiny"):
            said(command, "scenes")


def test_check_study_lists_what_is_missing_and_fails(draft):
    assert "ready" in said("check_study", "tiny")
    draft.parameters = {"n_trials": 0}
    draft.save()
    with pytest.raises(CommandError, match="1 to mend"):
        said("check_study", "tiny")


def test_load_bundle_names_it_after_its_folder(db, tmp_path):
    write_bundle(tmp_path / "My Gulls")
    assert said("load_bundle", str(tmp_path / "My Gulls")).startswith("Bundle my-gulls: 64 images")
    with pytest.raises(CommandError, match=r"manifest\.json: missing"):
        said("load_bundle", str(tmp_path / "nothing"))


def test_bonus_names_people_who_finished_and_earned_one(study, start, tmp_path):
    anna, bela, cora = (walk(start(name)) for name in ("anna", "bela", "cora"))
    models.Participant.objects.filter(pk=anna.pk).update(summary={"bonus": "3.50"})
    models.Participant.objects.filter(pk=bela.pk).update(summary={"bonus": "0.00"})
    models.Participant.objects.filter(pk=cora.pk).update(summary={"bonus": "7.00"}, bot="oracle")
    assert said("bonus", "tiny") == "anna,3.50\n"
    said("bonus", "tiny", out=str(tmp_path / "bonus.csv"))
    assert (tmp_path / "bonus.csv").read_text() == "anna,3.50\n"


def test_an_id_that_a_spreadsheet_would_run_is_guarded_in_the_bonus_list(start):
    run = start("=HYPERLINK(0)")
    models.Participant.objects.filter(pk=walk(run).pk).update(summary={"bonus": "3.50"})
    assert said("bonus", "tiny") == "'=HYPERLINK(0),3.50\n"


def test_erase_participant_asks_first(start, monkeypatch):
    anna = walk(start("anna"))
    monkeypatch.setattr("builtins.input", lambda question: "n")
    with pytest.raises(CommandError, match="nothing was erased"):
        said("erase_participant", anna.code)
    assert anna.responses.count() == 7
    assert "7 answers" in said("erase_participant", anna.code, yes=True)
    assert not anna.responses.exists()
    with pytest.raises(CommandError, match="no participant 'nobody'"):
        said("erase_participant", "nobody")


def test_a_study_is_dumped_and_loaded_under_another_name(draft, tmp_path):
    file = str(tmp_path / "tiny.zip")
    said("dump_study", "tiny", out=file)
    assert "as copy, a draft with 2 conditions" in said("load_study", file, slug="copy")
    with pytest.raises(CommandError, match=r"tiny\.zip: slug: a study 'tiny' is here already"):
        said("load_study", file)


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_simulate_then_export_is_one_chain(study, tmp_path):
    assert said("simulate", "tiny", participants=4, bot="oracle").splitlines()[1].split() == ["small", "2", "2", "–"]
    said("export_study", "tiny", out=str(tmp_path / "out"), wide=True)
    with (tmp_path / "out/data/study-tiny_table-trials_data.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 20
    assert json.loads((tmp_path / "out/dataset_description.json").read_text())["kind"] == "tiny"
