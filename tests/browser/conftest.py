"""A running study and a real browser in front of it."""

import os
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Error, sync_playwright

from studyapp import models, publishing
from studyapp.core.chromium import launch
from tests import loaded
from tests.bundles import write_bundle
from tests.studyapp.made import clustering


@pytest.fixture(scope="session")
def browser():
    """Chromium from the system or Playwright's own; in CI there has to be one."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this very thread
    with sync_playwright() as playwright:
        try:
            chromium = launch(playwright)
        except Error as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"no Chromium to drive: {error}")
            pytest.skip("no Chromium on this machine")
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser):
    """A fresh browser profile at the design's size; an error of a script fails the test."""
    with watched(browser, {"width": 1280, "height": 720}) as page:
        yield page


@pytest.fixture
def tablet(browser):
    """The same on a tablet, where fingers tap and nothing hovers."""
    with watched(browser, {"width": 1024, "height": 768}, has_touch=True) as page:
        yield page


@contextmanager
def watched(browser, viewport: dict, **options):
    context = browser.new_context(viewport=viewport, **options)
    page = context.new_page()
    page.set_default_timeout(60_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))  # a bound method of a built-in won't do
    yield page
    context.close()
    assert not errors


@pytest.fixture
def storage(settings, tmp_path):
    """Keep what the app stores in the test's own folder, serve scripts and styles as they lie, and start no worker."""
    settings.WORKER = "service"
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def publish(transactional_db, storage):
    """Publish a study with one condition on a bundle: `publish(bundle, factors, kind=…, slug=…, **fields)`."""

    def publish(bundle, factors, **fields) -> models.Study:
        study = models.Study.objects.create(bundle=bundle, seed=1, code_completed="DONE-7", **fields)
        models.Condition.objects.create(study=study, name="only", factors=factors)
        publishing.publish(study)
        return study

    return publish


@pytest.fixture
def make_study(publish):
    """Publish a forward-simulation study with one condition: `make_study(heatmap="lrp", **parameters)`."""

    def make(heatmap="lrp", scores="shown", **parameters) -> models.Study:
        return publish(
            loaded.load(write_bundle),
            {"heatmap": heatmap, "scores": scores},
            slug="walk",
            title="How does the system decide?",
            kind="forward_simulation",
            parameters=parameters,
        )

    return make


@pytest.fixture
def sorting(publish, live_server):
    """Publish a clustering study and return the address of its door: `sorting(**parameters)`."""

    def start(**parameters) -> str:
        publish(
            loaded.load(clustering.write_bundle, size=96),
            {},
            slug="sorting",
            title="Sorting look-alikes",
            kind="clustering",
            parameters=parameters,
        )
        return f"{live_server.url}/s/sorting/"

    return start


@pytest.fixture
def desk(page, live_server, transactional_db):
    """A page signed in at the desk; `open(path)` goes somewhere."""
    User.objects.create_superuser("ada", password="correct horse battery")

    def open_page(path="/admin/"):
        page.goto(live_server.url + path)
        return page

    open_page()
    page.fill("#id_username", "ada")
    page.fill("#id_password", "correct horse battery")
    page.click("input[type=submit]")
    return open_page
