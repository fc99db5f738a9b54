"""A person who comes by the page's link, with the page's settings, is sent back with the code and paid as it says."""

import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from studyapp import models, publishing
from studyapp.bundles import stimuli
from studyapp.core.recruiters import RECRUITERS
from studyapp.run import sessions
from tests.bundles import write_bundle
from tests.docs.pages import DOCS, blocks

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TEXT = (DOCS / "prolific.md").read_text(encoding="utf-8")
ANNA = {"PROLIFIC_PID": "5f3e", "STUDY_ID": "64ab", "SESSION_ID": "77cd"}


@pytest.fixture
def study(settings, tmp_path):
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    bundle = stimuli.load_bundle(write_bundle(tmp_path / "source"), "made")
    study = models.Study.objects.create(
        slug="YOUR-STUDY",
        title="Mine",
        kind="forward_simulation",
        bundle=bundle,
        require_id=True,
        return_url=re.search(r"Return url \| `([^`]+)`", TEXT)[1],
        code_completed="C0MPL",
        code_no_consent="N0PE",
    )
    models.Condition.objects.create(study=study, name="only", factors={"heatmap": "lrp", "scores": "shown"})
    publishing.publish(study)
    return study


def test_the_page_lists_every_recruiter_that_the_app_knows():
    for recruiter in RECRUITERS:
        (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| {recruiter.title} |")]
        for known in (recruiter.id_parameter, recruiter.query, recruiter.back):
            assert not known or f"`{known}`" in row


def link(person: dict) -> str:
    """Return the page's link as Prolific fills it in, without the host."""
    found = re.search(r"https://YOUR-HOST(\S+)", TEXT)[1]
    for name, value in person.items():
        found = found.replace(f"{{{{%{name}%}}}}", value)
    assert "{" not in found
    return found


def test_the_same_id_comes_back_to_the_same_run_on_another_device(study):
    for device in (Client(), Client()):
        device.get(link(ANNA))
        assert device.post(link(ANNA))["Location"] == reverse("run", args=["YOUR-STUDY"])
    identity = models.Identity.objects.get()
    assert (identity.source, identity.external_id) == ("PROLIFIC_PID", "5f3e")
    assert set(identity.details) == {"STUDY_ID", "SESSION_ID"}


def test_whoever_comes_without_an_id_is_told(study):
    response = Client().get(reverse("entry", args=["YOUR-STUDY"]))
    assert response.status_code == 403
    assert "This link isn't complete" in response.content.decode()


def test_each_way_out_leads_back_with_its_code(study):
    client = Client()
    client.get(link(ANNA))
    client.post(link(ANNA))
    run = models.Participant.objects.get()
    for status, code in (("completed", "C0MPL"), ("no_consent", "N0PE")):
        models.Participant.objects.filter(pk=run.pk).update(status=status)
        page = client.get(reverse("run", args=["YOUR-STUDY"])).content.decode()
        assert f"https://app.prolific.com/submissions/complete?cc={code}" in page


def test_the_bonus_list_is_what_prolific_takes(study, tmp_path):
    run = sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "5f3e"))
    models.Participant.objects.filter(pk=run.pk).update(status="completed", summary={"bonus": "3.50"})
    (line,) = [line for block in blocks("prolific.md", "sh") for line in block.text.splitlines()]
    command, slug, option, name = line.split()[2:]
    call_command(command, slug, option, str(tmp_path / name))
    assert (tmp_path / name).read_text() == "5f3e,3.50\n"
