"""The information page says who does a study and what becomes of its data; the checklist is red until it does."""

import pytest
from django.core.management import call_command

from studyapp import publishing
from studyapp.core.engine.particulars import PARTICULARS
from studyapp.run import sessions, showing
from tests.studyapp.made.every_kind import make_draft

pytestmark = pytest.mark.django_db
STATED = {name: f"What stands for {name}" for name in PARTICULARS}


@pytest.fixture(params=["forward_simulation", "label_matching", "clustering"])
def draft(request, settings, tmp_path):
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    return make_draft(request.param)


def check_of(study):
    return next(check for check in publishing.checks(study) if check.title == "Information page")


def test_the_checklist_names_what_is_missing_until_all_is_stated(draft, capsys):
    assert check_of(draft).wanting.startswith("Ethics boards want these on the information page: researchers, ")
    call_command("check_study", draft.slug)
    assert "! Ethics boards want" in capsys.readouterr().out
    draft.parameters = STATED | {"contact": "  "}
    assert check_of(draft).wanting == "Ethics boards want these on the information page: contact."
    draft.parameters = STATED
    assert check_of(draft).wanting == ""
    assert publishing.problems(draft) == []


def test_the_information_page_states_them_in_order_and_none_that_is_open(draft, client):
    draft.parameters = STATED | {"complaints": "", "contact": "Ada, ada@example.org"}
    draft.save()
    publishing.publish(draft)
    run = sessions.get(sessions.start(draft.pk, sessions.Visitor("PROLIFIC_PID", "anna")).pk)
    shown = showing.step_context(run)["particulars"]
    assert [one["words"] for one in shown] == [draft.parameters[name] for name in PARTICULARS if name != "complaints"]
    client.get(f"/s/{draft.slug}/")
    client.post(f"/s/{draft.slug}/")
    page = client.get(f"/s/{draft.slug}/run/").content.decode()
    assert page.count("<dt>") == 7
    assert 'href="mailto:ada@example.org"' in page
