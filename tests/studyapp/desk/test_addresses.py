"""A study's address is stable: whatever it was called, links, cookies, recruiters, files and commands find it."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studyapp import models
from studyapp.data import study_files
from studyapp.run import sessions
from tests.studyapp.conftest import walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]
ANNA = "?PROLIFIC_PID=anna"


def rename(study, slug):
    study.slug = slug
    study.full_clean()
    study.save()


def began(link):
    client = Client()
    assert client.get(link).status_code == 200
    client.post(link)
    return client, models.Participant.objects.latest("pk")


def test_newcomers_by_an_old_link_begin_and_go_on_whatever_the_study_is_called_now(study):
    rename(study, "renamed")
    client, run = began(f"/s/tiny/{ANNA}")
    page = client.get("/s/tiny/run/")
    assert page.context["submit_url"] == "/s/renamed/run/"
    client.post(page.context["submit_url"], {"token": page.context["token"], "agree": "yes"})
    assert sessions.get(run.pk).position == 1
    assert client.get("/s/renamed/run/").status_code == 200


def test_a_page_from_before_the_change_is_answered_and_led_on(study):
    client, run = began(f"/s/tiny/{ANNA}")
    token = client.get("/s/tiny/run/").context["token"]
    rename(study, "renamed")
    sent = client.post("/s/tiny/run/", {"token": token, "agree": "yes"}, headers={"Accept": "application/json"}).json()
    assert sent["status"] == "accepted"
    for address in (sent["next"], "/s/renamed/run/", "/s/tiny/run/state/", "/s/renamed/run/leave/"):
        assert client.get(address).status_code == 200, address
    assert sessions.get(run.pk).position == 1


def test_a_recruiters_old_link_finds_the_same_run_on_another_device(study):
    _, run = began(f"/s/tiny/{ANNA}")
    for name in ("second", "third", "tiny"):
        rename(study, name)
    for slug in ("tiny", "second", "third"):
        assert began(f"/s/{slug}/{ANNA}")[1] == run


@given(st.lists(st.booleans(), min_size=4, max_size=4))
@settings(max_examples=16, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_capitals_in_a_link_lead_nowhere_else(study, capitals):
    written = "".join(letter.upper() if big else letter for letter, big in zip("tiny", capitals, strict=True))
    client, run = began(f"/s/{written}/{ANNA}")
    assert client.get(f"/s/{written}/run/").context["token"] == sessions.token(run, 0)
    assert client.get("/s/tiny/run/").status_code == 200


@pytest.mark.parametrize("wanted", ["tiny", "TINY", "Tiny"])
def test_no_other_study_takes_a_name_that_was_once_used(study, bundle, wanted):
    rename(study, "renamed")
    other = models.Study(slug=wanted, title="Other", kind="tiny", bundle=bundle)
    with pytest.raises(ValidationError, match="lead to the study “A tiny study”"):
        other.full_clean()
    with pytest.raises(ValueError, match="leads to the study 'renamed'"):
        other.save()
    assert models.Study.objects.count() == 1
    rename(study, wanted)
    assert models.study_at("tiny") == models.study_at("renamed") == study


def test_a_deleted_studys_names_are_free_again(draft, bundle):
    rename(draft, "renamed")
    draft.delete()
    models.Study.objects.create(slug="Tiny", title="Other", kind="tiny", bundle=bundle).full_clean()


def test_studies_that_differed_in_capitals_before_stay_apart(study, bundle):
    other = models.Study(slug="TINY", title="Other", kind="tiny", bundle=bundle)
    models.Study.objects.bulk_create([other])
    other = models.Study.objects.get(slug="TINY")
    other.full_clean()
    other.save()
    assert [models.study_at(name) for name in ("tiny", "TINY", "Tiny")] == [study, other, study]


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_files_commands_and_the_api_know_old_names_and_write_the_present_one(study, start, tmp_path, admin_client):
    walk(start("anna"))
    rename(study, "renamed")
    call_command("dump_study", "TINY", out=tmp_path / "study.json")
    assert json.loads((tmp_path / "study.json").read_text())["slug"] == "renamed"
    call_command("export_study", "tiny", out=tmp_path / "out")
    assert list((tmp_path / "out").rglob("study-renamed_table-trials_data.csv"))
    assert admin_client.get("/api/studies/tiny/").json()["slug"] == "renamed"
    assert admin_client.get("/api/studies/tiny/trials/").json()["results"][0]["study"] == "renamed"
    with pytest.raises(CommandError, match="no study 'other'"):
        call_command("check_study", "other")
    (tmp_path / "study.json").write_text((tmp_path / "study.json").read_text().replace('"renamed"', '"tiny"'))
    with pytest.raises(study_files.StudyFileError, match="a study 'renamed', to which 'tiny' leads"):
        study_files.load_study(tmp_path / "study.json")
