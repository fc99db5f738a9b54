"""`manage.py demo` prepares what is missing, leaves what is there, and keeps the password to its owner."""

import json
import stat

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from studyapp import models
from studyapp.data import study_files
from studyapp.management import local_server
from studyapp.management.commands import demo
from studyapp.simulation import by_functions, simulate

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def password_file(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return local_server.password_file()


def test_a_study_is_loaded_and_published_once_and_then_left_alone(draft, tmp_path):
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(study_files.record(draft)))
    draft.delete()
    study = demo.prepare(path)
    assert study.status == "open"
    models.Study.objects.filter(pk=study.pk).update(status="paused", title="Mine now")
    again = demo.prepare(path)
    assert (again.pk, again.status, again.title) == (study.pk, "paused", "Mine now")
    assert again.versions.count() == 1


def test_the_password_is_made_once_kept_readable_by_its_owner_alone_and_works(password_file, client):
    first = local_server.admin_login()
    assert local_server.admin_login() == first
    assert stat.S_IMODE(password_file.stat().st_mode) == 0o600
    password = password_file.read_text()
    assert password in first
    client.post(reverse("admin:login"), {"username": "admin", "password": password})
    assert client.get(reverse("admin:index")).status_code == 200


def test_a_password_of_ones_own_is_neither_shown_nor_changed(password_file):
    local_server.admin_login()
    user = User.objects.get()
    user.set_password("a password of my own")
    user.save()
    assert "changepassword" in local_server.admin_login()
    user.refresh_from_db()
    assert user.check_password("a password of my own")


def test_every_shipped_study_names_a_kind_and_conditions_that_exist():
    shipped = sorted(demo.STUDIES.glob("*.json"))
    assert shipped
    for path in shipped:
        record = json.loads(path.read_text(encoding="utf-8"))
        study, conditions = study_files.parse(record)
        assert study.slug == path.stem
        assert conditions


@pytest.mark.parametrize("path", sorted(demo.STUDIES.glob("*.json")), ids=lambda path: path.stem)
def test_every_shipped_study_is_open_after_the_demo_prepared_it_and_a_bot_gets_through(path):
    study = demo.prepare(path)
    (run,) = simulate(study, 1, by_functions.walk, skill="oracle")
    assert (study.status, run.status) == ("open", "completed")


def test_the_links_name_every_open_study_and_the_admin(study):
    shown = "\n".join(local_server.links("http://127.0.0.1:8000", "user admin, password x"))
    assert "http://127.0.0.1:8000/s/tiny/" in shown
    assert "http://127.0.0.1:8000/admin/" in shown


def test_the_bots_that_are_proposed_fill_the_open_conditions(study):
    study.conditions.update(quota=7)
    study.conditions.filter(name="small").update(open=False)
    shown = "\n".join(local_server.links("http://127.0.0.1:8000", "user admin, password x"))
    assert "simulate tiny --participants 7" in shown
