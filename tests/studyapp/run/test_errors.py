"""What goes wrong has a page of its own: in words, with what to do, and for the desk in the desk's look."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client
from django.urls import path, reverse

from studyapp import errors, models, urls
from tests.studyapp.researcher import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]
handler400, handler403, handler404 = urls.handler400, urls.handler403, urls.handler404


def fails(request, what):
    raise {"denied": PermissionDenied, "odd": SuspiciousOperation, "broken": ZeroDivisionError}[what]


urlpatterns = [path("fails/<what>/", fails), path("admin/fails/<what>/", fails), *urls.urlpatterns]


@pytest.fixture
def editor(draft):
    user = User.objects.create_user("bob", is_staff=True)
    models.Member.objects.create(study=draft, user=user, role="analyst")
    return signed_in(user)


def said(response, status: int) -> str:
    assert response.status_code == status
    return response.content.decode()


def test_the_desk_says_that_a_role_does_not_allow_something_and_who_can_change_that(editor, draft):
    text = said(editor.post(reverse("admin:study_publish", args=[draft.pk])), 403)
    assert "Your role doesn&#x27;t allow this" in text
    assert "An owner of the study can give you another role" in text
    assert reverse("admin:index") in text
    assert "desk.css" in text


def test_an_unknown_address_is_told_to_researchers_and_to_participants_in_their_own_words(editor):
    assert "belongs to a study in which you have no role" in said(editor.get("/admin/studyapp/study/99/stimuli/"), 404)
    assert "check the link you were given" in said(Client().get("/s/nowhere/"), 404)
    assert "prüfen Sie den Link" in said(Client(headers={"accept-language": "de"}).get("/nowhere/"), 404)
    assert editor.get("/api/nowhere/").json() == {"detail": "There is nothing at this address."}


def test_a_stale_form_is_told_apart_from_a_lack_of_rights(draft):
    user = User.objects.create_superuser("ada")
    desk = Client(enforce_csrf_checks=True)
    desk.force_login(user)
    text = said(desk.post(reverse("admin:study_stimuli", args=[draft.pk])), 403)
    assert "Please send it once more" in text
    assert "load the page anew" in text
    stranger = Client(enforce_csrf_checks=True)
    assert "Please allow cookies for this page" in said(stranger.post(f"/s/{draft.slug}/"), 403)
    stranger.cookies["csrftoken"] = "of a page opened before"
    assert "Please try once more" in said(stranger.post(f"/s/{draft.slug}/"), 403)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("where", "what", "status", "words"),
    [
        ("/", "denied", 403, "ask the person who invited you"),
        ("/", "odd", 400, "Nothing that you answered before is lost"),
        ("/", "broken", 500, "Your last step may not have been stored"),
        ("/admin/", "denied", 403, "Nothing was changed"),
        ("/admin/", "odd", 400, "not as the desk writes it"),
        ("/admin/", "broken", 500, "tell whoever runs the server when it happened"),
    ],
)
def test_every_error_says_what_to_do(editor, where, what, status, words):
    editor.raise_request_exception = False
    text = said(editor.get(f"{where}fails/{what}/"), status)
    assert any(one in text for one in words.split("|"))
    assert ".css" in text


def test_a_preview_that_comes_by_way_of_signing_in_leads_to_the_studys_page_and_starts_nothing(editor, draft):
    response = editor.get(reverse("preview", args=[draft.slug, "small"]))
    assert response["Location"] == reverse("admin:studyapp_study_change", args=[draft.pk])
    assert not models.Participant.objects.exists()


def test_a_host_that_is_not_the_servers_gets_a_page_too(settings):
    settings.ALLOWED_HOSTS = ["heatwise.example"]
    assert "can't read what was sent" in said(Client(headers={"host": "elsewhere.example"}).get("/s/x/"), 400)


def test_a_refusal_with_a_reason_of_its_own_tells_it(rf):
    request = rf.get("/admin/somewhere/")
    request.user = User.objects.create_superuser("ada")
    text = said(errors.forbidden(request, PermissionDenied("A code is merged, not deleted.")), 403)
    assert "A code is merged, not deleted." in text
