"""Questionnaires at the desk: a table of items, refused in words where it can't be asked, with a preview."""

import pytest
from django.contrib.auth.models import User

from studyapp import models
from studyapp.core.questionnaires.cells import COLUMNS, row_of
from studyapp.core.questionnaires.reading import complete
from tests.studyapp.asked import EVERY_TYPE, TRUST

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, draft):
    client.force_login(User.objects.create_superuser("ada", password="correct horse battery"))
    return client


def form_of(own):
    """Return the fields of the desk's form that hold a questionnaire."""
    (whole,) = complete([own])
    data = {name: value for name, value in whole.items() if name != "items"}
    rows = [row_of(item) for item in own["items"]]
    return data | {f"item__{name}": [row[name] for row in rows] for name in COLUMNS}


@pytest.mark.parametrize("own", [TRUST, EVERY_TYPE])
def test_what_the_table_shows_is_what_it_saves(desk, draft, own):
    at = f"/admin/studyapp/study/{draft.pk}/questionnaires/"
    assert desk.post(f"{at}0/", form_of(own)).status_code == 302
    (saved,) = models.Study.objects.get().questionnaires
    assert complete([saved]) == complete([own])
    page = desk.get(f"{at}0/").text
    assert all(item["text"] in page for item in own["items"])
    assert own["name"] in desk.get(at).text
    assert models.Change.objects.latest("pk").deed == "Edited the questionnaires."


def test_a_refusal_names_the_item_and_keeps_what_was_typed(desk, draft):
    at = f"/admin/studyapp/study/{draft.pk}/questionnaires/"
    typed = form_of(TRUST)
    typed["item__expected"][1] = "9"
    refused = desk.post(f"{at}0/", typed)
    assert refused.status_code == 422
    assert "“trust”, item “t2”: expected: expected an answer that can be given" in refused.text
    assert "Statement t1" in refused.text
    assert models.Study.objects.get().questionnaires == []
    assert "item “t2”" in desk.post(f"{at}preview/", typed).text


def test_the_preview_is_the_participants_page(desk, draft):
    shown = desk.post(f"/admin/studyapp/study/{draft.pk}/questionnaires/preview/", form_of(EVERY_TYPE)).text
    assert 'name="item-gender"' in shown
    assert "How sure are you?" in shown


def test_questionnaires_are_moved_and_removed(desk, draft):
    models.Study.objects.update(questionnaires=[TRUST, EVERY_TYPE])
    at = f"/admin/studyapp/study/{draft.pk}/questionnaires/"
    desk.post(at, {"up": "1"})
    assert [one["name"] for one in models.Study.objects.get().questionnaires] == ["every", "trust"]
    desk.post(at, {"remove": "0"})
    assert [one["name"] for one in models.Study.objects.get().questionnaires] == ["trust"]
