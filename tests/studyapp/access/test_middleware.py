"""What participants' requests pass by changes nothing that protects anybody."""

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from studyapp.middleware import ContentPolicy

pytestmark = pytest.mark.django_db
POLICY = "Content-Security-Policy"
PROTECTING = (POLICY, "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy")


def test_participants_pages_are_protected_as_the_desks_are(study, client):
    own, desk = client.get("/s/tiny/"), client.get(reverse("admin:login"))
    assert own.status_code == desk.status_code == 200
    assert {name: own[name] for name in PROTECTING} == {name: desk[name] for name in PROTECTING}
    assert "frame-ancestors 'none'" in own[POLICY]


def test_only_previews_know_who_has_signed_in(study):
    client, guest = Client(), Client()
    client.force_login(User.objects.create_superuser("ada"))
    assert not hasattr(client.get("/s/tiny/").wsgi_request, "session")
    preview = reverse("preview", args=["tiny", study.conditions.first().name])
    assert client.post(preview)["Location"].startswith("/s/tiny/run/")
    assert guest.post(preview)["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize(("mark", "value"), [("_csp_exempt", True), ("_csp_replace", {"frame-ancestors": ["'self'"]})])
def test_a_response_that_asks_for_a_policy_of_its_own_gets_it(mark, value):
    def view(request):
        response = HttpResponse()
        setattr(response, mark, value)
        return response

    usual = ContentPolicy(lambda request: HttpResponse())(RequestFactory().get("/"))[POLICY]
    own = ContentPolicy(view)(RequestFactory().get("/")).headers.get(POLICY)
    assert own != usual
    assert own is None or "frame-ancestors 'self'" in own
