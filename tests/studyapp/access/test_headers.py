"""What a browser is told with a page: how cookies are kept, and that nothing of a link reaches other sites."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from studyapp import models
from tests.studyapp.made.tiny import PROLIFIC

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_participants_cookies_are_hidden_from_scripts_and_other_sites_and_go_by_https_alone(study):
    client = Client()
    client.get(PROLIFIC, secure=True)
    client.post(PROLIFIC, secure=True)
    for name in ("heatwise-browser", "heatwise-run-tiny"):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax"), name


def test_a_participants_cookies_hold_neither_code_nor_recruitment_id(study):
    client, link = Client(), "/s/tiny/?PROLIFIC_PID=somebody-known"
    client.get(link)
    client.post(link)
    run = models.Participant.objects.get()
    for cookie in client.cookies.values():
        assert run.code not in cookie.value
        assert "somebody" not in cookie.value


def test_no_page_tells_other_sites_where_it_was_opened_from(study):
    client = Client()
    client.get(PROLIFIC)
    client.post(PROLIFIC)
    for address in (PROLIFIC, "/s/tiny/run/", "/s/tiny/run/leave/", "/admin/login/"):
        page = client.get(address)
        assert page["Referrer-Policy"] == "same-origin"
        assert page["X-Content-Type-Options"] == "nosniff"
        assert page["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(db, elsewhere):
    User.objects.create_superuser("ada", password="correct horse battery")
    sent = {"username": "ada", "password": "correct horse battery", "next": elsewhere}
    response = Client().post("/admin/login/", sent)
    assert response.status_code == 302
    assert response["Location"] == "/admin/"


def test_no_address_that_is_asked_for_leads_to_another_site(study):
    for address in ("//elsewhere.example/s/tiny/run", "/s/tiny", "//elsewhere.example", "/s//elsewhere.example/"):
        assert "//elsewhere" not in Client().get(address).get("Location", "")


def test_a_forged_host_is_refused_by_every_page(study, settings):
    settings.ALLOWED_HOSTS = ["study.example.org"]
    for address in ("/", PROLIFIC, "/admin/login/", "/api/studies/", "/health/"):
        assert Client().get(address, headers={"host": "elsewhere.example"}).status_code == 400
        forwarded = Client().get(
            address, headers={"host": "study.example.org", "x-forwarded-host": "elsewhere.example"}
        )
        assert "elsewhere" not in forwarded.get("Location", "") + forwarded.content.decode()
