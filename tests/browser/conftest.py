"""A running study and a real browser in front of it."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright

from studyapp import models, publishing, stimuli
from tests.bundles import write_bundle

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser():
    """Chromium from the system or Playwright's own; in CI there has to be one."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in this very thread
    installed = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"])
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
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.set_default_timeout(10_000)
    errors = []
    page.on("pageerror", lambda error: errors.append(error))  # a bound method of a built-in won't do
    yield page
    context.close()
    assert not errors


@pytest.fixture
def make_study(transactional_db, settings, tmp_path):
    """Publish a forward-simulation study with one condition: `make_study(heatmap="lrp", **parameters)`."""
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }

    def make(heatmap="lrp", scores="shown", **parameters) -> models.Study:
        bundle = stimuli.load_bundle(write_bundle(Path(tmp_path) / "source"), "made")
        study = models.Study.objects.create(
            slug="walk",
            title="How does the system decide?",
            kind="forward_simulation",
            bundle=bundle,
            seed=1,
            parameters=parameters,
            code_completed="DONE-7",
        )
        factors = {"heatmap": heatmap, "scores": scores}
        models.Condition.objects.create(study=study, name="only", factors=factors)
        publishing.publish(study)
        return study

    return make
