"""Questionnaires at the desk: a table of items, refused in words where it can't be asked, with a preview."""

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from studyapp import models
from studyapp.core.questionnaires.cells import COLUMNS, row_of
from studyapp.core.questionnaires.reading import complete
from tests.studyapp.made.asked import EVERY_TYPE, TRUST

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
    assert models.Change.objects.latest("pk").action == "Edited the questionnaires."


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


@pytest.mark.parametrize(("language", "text"), [("en", "I would go by what"), ("de-ch", "Ich würde mich nach dem")])
def test_an_instrument_is_inserted_in_the_studys_language_and_saved_by_the_next_click(desk, draft, language, text):
    models.Study.objects.update(language=language)
    at = f"/admin/studyapp/study/{draft.pk}/questionnaires/0/"
    shown = desk.post(at, {"place": "end", "insert": "trust"})
    assert shown.status_code == 200
    assert "Added 6 items; nothing is saved yet." in shown.text
    assert text in shown.text
    assert models.Study.objects.get().questionnaires == []
    assert desk.post(at, typed_in(shown)).status_code == 302
    (saved,) = models.Study.objects.get().questionnaires
    assert (saved["name"], saved["place"], len(saved["items"])) == ("trust", "end", 6)
    again = desk.post(at, typed_in(desk.get(at)) | {"insert": "trust"})
    assert again.status_code == 422
    assert "Expected no item “trust_results”; the questionnaire has one already." in again.text


def typed_in(response):
    """Return what the form of a page holds."""
    cells = [cell for row in response.context["rows"] for cell in row]
    data = {entry["name"]: entry["value"] for entry in response.context["entries"]}
    return data | {f"item__{name}": [cell["value"] for cell in cells if cell["column"] == name] for name in COLUMNS}


def test_a_pasted_table_goes_below_the_items_or_is_refused_and_kept(desk, draft):
    at = f"/admin/studyapp/study/{draft.pk}/questionnaires/0/"
    table = "code\ttext\tlabels\nq1\tIs it “good”?\tno|yes\n{}\tIs it bad?\tno|yes"
    refused = desk.post(at, form_of(TRUST) | {"paste": "yes", "pasted": table.format("t1")})
    assert refused.status_code == 422
    assert "Row 3, column code: expected another" in refused.text
    assert "Is it bad?\tno|yes</textarea>" in refused.text
    assert len(typed_in(refused)["item__code"]) == len(TRUST["items"])
    taken = desk.post(at, form_of(TRUST) | {"paste": "yes", "pasted": table.format("q2")})
    assert typed_in(taken)["item__code"][-2:] == ["q1", "q2"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_of_items_is_loaded_in_the_encodings_of_spreadsheets(desk, draft, encoding):
    at = f"/admin/studyapp/study/{draft.pk}/questionnaires/0/"
    file = SimpleUploadedFile("items.csv", "code;text;labels\nq1;Schön?;nein|ja".encode(encoding))
    shown = desk.post(at, {"load": "yes", "file": file})
    if encoding == "cp1252":
        assert "items.csv: expected text in UTF-8" in shown.text
    else:
        assert typed_in(shown)["item__text"] == ["Schön?"]


def test_a_questionnaire_is_downloaded_and_loaded_into_another(desk, draft):
    models.Study.objects.update(questionnaires=[EVERY_TYPE | {"conditions": ["small"]}])
    at = f"/admin/studyapp/study/{draft.pk}/questionnaires/"
    sent = desk.get(f"{at}0/download/")
    assert sent["Content-Disposition"] == 'attachment; filename="every.questionnaire.json"'
    assert desk.get(f"{at}1/download/").status_code == 404
    models.Study.objects.update(questionnaires=[])
    shown = desk.post(f"{at}0/", {"load": "yes", "file": SimpleUploadedFile("every.questionnaire.json", sent.content)})
    assert desk.post(f"{at}0/", typed_in(shown)).status_code == 302
    assert complete(models.Study.objects.get().questionnaires) == complete([EVERY_TYPE])
    assert "none was chosen" in desk.post(f"{at}0/", {"load": "yes"}).text


def test_questionnaires_are_moved_and_removed(desk, draft):
    models.Study.objects.update(questionnaires=[TRUST, EVERY_TYPE])
    at = f"/admin/studyapp/study/{draft.pk}/questionnaires/"
    desk.post(at, {"up": "1"})
    assert [one["name"] for one in models.Study.objects.get().questionnaires] == ["every", "trust"]
    desk.post(at, {"remove": "0"})
    assert [one["name"] for one in models.Study.objects.get().questionnaires] == ["trust"]


def test_an_analyst_who_opens_a_new_questionnaire_is_told_why_there_is_none(client, draft):
    ben = User.objects.create_user("ben", is_staff=True)
    models.Member.objects.create(study=draft, user=ben, role="analyst")
    client.force_login(ben)
    page = client.get(f"/admin/studyapp/study/{draft.pk}/questionnaires/0/", follow=True)
    assert page.redirect_chain == [(f"/admin/studyapp/study/{draft.pk}/questionnaires/", 302)]
    assert "Your role doesn’t let you add a questionnaire" in page.text
    assert client.post(f"/admin/studyapp/study/{draft.pk}/questionnaires/0/", form_of(TRUST)).status_code in (302, 403)
    assert models.Study.objects.get().questionnaires == []
