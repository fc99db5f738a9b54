"""Links as recruiters, mail programs and spreadsheets mangle them: the same person, or a refusal in words."""

import pytest
from django.test import Client

from studyapp import models

pytestmark = [pytest.mark.django_db, pytest.mark.database]
PID = "5f1a0b2c3d4e5f6a7b8c9d0e"


def begin(query):
    client = Client()
    client.get(f"/s/tiny/?{query}")
    client.post(f"/s/tiny/?{query}")
    return models.Identity.objects.latest("pk")


@pytest.mark.parametrize(
    "query",
    [
        f"PROLIFIC_PID={PID.upper()}",
        f"prolific_pid={PID}",
        f"PROLIFIC_PID=%20{PID}%E2%80%8B",
        f"STUDY_ID=s&amp;PROLIFIC_PID={PID}&amp;SESSION_ID=x",
        f"PROLIFIC_PID={PID}&PROLIFIC_PID=",
        f"PROLIFIC_PID=&PROLIFIC_PID={PID}",
        f"utm_source=mail&PROLIFIC_PID={PID}&fbclid=1",
    ],
)
def test_a_link_written_otherwise_names_the_same_person(study, query):
    first = begin(f"PROLIFIC_PID={PID}")
    assert begin(query) == first
    assert models.Participant.objects.count() == 1
    assert (first.source, first.external_id) == ("PROLIFIC_PID", PID)


def test_ids_that_are_not_prolifics_differ_by_capitals_and_not_by_spelling(study):
    assert begin("PROLIFIC_PID=aB1") != begin("PROLIFIC_PID=Ab1")
    assert begin("PROLIFIC_PID=Zo%C3%AB") == begin("PROLIFIC_PID=Zoe%CC%88")


@pytest.mark.parametrize(
    "given",
    [
        "{{%25PROLIFIC_PID%25}}",
        "{{%PROLIFIC_PID%}}",
        "%7B%7B%25PROLIFIC_PID%25%7D%7D",
        "${pid}",
        "[PROLIFIC_PID]",
        "%3CPID%3E",
    ],
)
def test_a_placeholder_that_was_never_filled_in_is_nobody(study, given):
    for method in ("get", "post"):
        page = getattr(Client(), method)(f"/s/tiny/?PROLIFIC_PID={given}")
        assert page.status_code == 403
        assert "placeholder" in page.content.decode()
    assert not models.Participant.objects.exists()


@pytest.mark.parametrize("tail", [".", ",", ")", ">", "%20", "%22"])
def test_what_a_mail_program_adds_to_a_personal_link_is_left_off(study, tail):
    invitation = models.Invitation.objects.create(study=study, group="expert")
    first = begin(f"link={invitation.token}")
    assert begin(f"link={invitation.token}{tail}") == first
    assert first.participant.group == "expert"
