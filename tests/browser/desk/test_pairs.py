"""Confusable pairs, from marks to the images that are drawn, by clicking."""

import json

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client

from studyapp import models
from tests import loaded
from tests.browser.looking import serious, sideways
from tests.studyapp.made.label_matching import FOREST, write_bundle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def study(transactional_db, storage):
    tree = json.dumps({"schema_version": 1, "roots": FOREST}).encode()
    bundle = loaded.load(write_bundle, "look-alikes", tree=tree)
    study = models.Study.objects.create(slug="pairs", title="Pairs", kind="label_matching", bundle=bundle, seed=1)
    models.Condition.objects.create(study=study, name="cwox_2s", factors={"method": "cwox_2s"})
    return study


@pytest.fixture
def desk(page, live_server, study):
    """A page signed in as a superuser, on the bundle's list."""
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    key = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(f"{live_server.url}/admin/studyapp/bundle/{study.bundle_id}/pairs/classes/")
    return page


def test_four_stages_lead_from_marks_to_a_study_and_its_images(desk, study):
    def looked_at():
        assert serious(desk) == []
        assert sideways(desk) <= 0

    looked_at()
    desk.get_by_role("button", name="Save my marks").click()
    desk.get_by_role("link", name="Nominate").click()
    for pair in ("cello / violin", "ambulance / police van"):
        desk.get_by_label(pair).check()
    looked_at()
    desk.get_by_role("button", name="Save my nominations").click()
    desk.get_by_role("link", name="Vote").click()
    desk.get_by_label("ambulance / police van").check()
    desk.get_by_role("button", name="Save my votes").click()
    looked_at()
    desk.get_by_role("link", name="Choose").click()
    assert desk.get_by_label("ambulance / police van").is_checked()
    desk.get_by_label("cello / violin").check()
    looked_at()
    desk.get_by_role("button", name="Use these pairs").click()
    assert desk.locator(".hw-row-of-images img").count() == 2 * 17
    looked_at()
    study.refresh_from_db()
    assert study.parameters == {"pairs": ["ambulance / police van", "cello / violin"]}
