"""Other wording by condition at the desk: one text or questionnaire at a time, saved as it is shown, or refused."""

import pytest
from django.contrib.auth.models import User

from studyapp import models
from studyapp.core.questionnaires.reading import complete
from studyapp.core.variants import editing, reading
from tests.studyapp.made.asked import EVERY_TYPE, TRUST
from tests.studyapp.made.every_kind import make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    found = make_draft("label_matching", slug="words")
    found.questionnaires = [TRUST, EVERY_TYPE]
    found.save()
    return found


@pytest.fixture
def desk(client, study):
    client.force_login(User.objects.create_superuser("ada", password="correct horse battery"))
    return client


def form_of(page):
    """Return what the form of a page holds, as a browser would send it."""
    data = {}
    for block in page.context["blocks"]:
        data[block["name"]] = "yes"
        data |= {word["name"]: word["value"] for word in block["words"]}
        for condition in block["conditions"]:
            data[condition["name"]] = "yes"
            for factor in condition["factors"]:
                data[factor["name"]] = [one["value"] for one in factor["levels"] if one["ticked"]]
    return data


def test_a_text_gets_other_words_for_some_conditions_and_loses_them_again(desk, study):
    at = f"/admin/studyapp/study/{study.pk}/variants/text/information/"
    first, second, *_ = [cell.factors["method"] for cell in study.conditions.all()]
    typed = form_of(desk.get(at)) | {"b0-text": "Other words.\r\n\r\n", "b0-c0-method": [first]}
    assert desk.post(at, typed).status_code == 302
    where = [{"method": [first]}]
    assert models.Study.objects.get().variants == [
        {"conditions": where, "texts": {"information": "Other words."}, "questionnaires": {}}
    ]
    page = desk.get(at)
    assert [one["where"] for one in page.context["reads"]][:2] == [f"method {first}", ""]
    more = form_of(page) | {"b1-text": "", "b1-c0-method": [second]}
    assert desk.post(at, more).status_code == 302  # an empty text shows nothing
    assert [one["texts"]["information"] for one in models.Study.objects.get().variants] == ["Other words.", ""]
    assert desk.post(at, form_of(desk.get(at)) | {"b0-remove": "yes", "b1-remove": "yes"}).status_code == 302
    assert models.Study.objects.get().variants == []
    assert models.Change.objects.latest("pk").action == "Edited the wording by condition."


def test_what_the_page_shows_of_a_questionnaire_is_what_it_saves(desk, study):
    at = f"/admin/studyapp/study/{study.pk}/variants/questionnaire/every/"
    first, second, *_ = [cell.factors["method"] for cell in study.conditions.all()]
    own = {"a": {"labels": ["One", "Two", "Three", "Four", "Five"]}, "rank": {"options": {"Shape": "Form"}}}
    words = {"title": "Of every type", "items": own | {"sure": {"high": "Wholly"}}}
    either = [{"method": first}, {"method": second}]
    models.Study.objects.update(variants=[{"conditions": either, "questionnaires": {"every": words}}])
    before = reading.complete(models.Study.objects.get().variants)
    assert desk.post(at, form_of(desk.get(at))).status_code == 302
    assert models.Study.objects.get().variants == before
    one = form_of(desk.get(at)) | {"b0-a.labels.1": "", "b0-title": ""}
    assert desk.post(at, one).status_code == 302
    (kept,) = models.Study.objects.get().variants
    assert kept["questionnaires"]["every"]["items"]["a"]["labels"] == ["One", "A little", "Three", "Four", "Five"]
    assert "title" not in kept["questionnaires"]["every"]


def test_a_refusal_keeps_what_was_typed(desk, study):
    at = f"/admin/studyapp/study/{study.pk}/variants/text/information/"
    first = study.conditions.first().factors["method"]
    typed = form_of(desk.get(at)) | {"b0-text": "In {minuts}.", "b0-c0-method": [first]}
    refused = desk.post(at, typed)
    assert refused.status_code == 422
    assert "Nothing fills in {minuts}. Did you mean {minutes}?" in refused.text
    assert "In {minuts}.</textarea>" in refused.text
    assert models.Study.objects.get().variants == []
    assert "expected factors with their levels" in desk.post(at, typed | {"b0-c0-method": []}).text
    twice = {"b0-text": "x", "b1-text": "y", "b1": "yes", "b1-c0": "yes", "b1-c0-method": [first]}
    assert "Two wordings have the same conditions" in desk.post(at, typed | twice).text


def test_the_list_leads_to_all_that_can_have_other_words(desk, study):
    page = desk.get(f"/admin/studyapp/study/{study.pk}/variants/")
    for thing in page.context["things"]:
        assert desk.get(thing["at"]).status_code == 200
    for foreign in ("text/entry", "text/nothing", "questionnaire/nothing"):
        assert desk.get(f"/admin/studyapp/study/{study.pk}/variants/{foreign}/").status_code == 404


def test_every_unit_of_a_questionnaire_is_found_again():
    for usual in complete([TRUST, EVERY_TYPE]):
        own = {unit.place: f"Other {number}" for number, unit in enumerate(editing.units(usual))}
        where = [{"size": ["small"]}]
        variants = editing.with_questionnaire([], usual, [editing.Wording(where, own)])
        assert editing.of_questionnaire(variants, usual["name"]) == [editing.Wording(where, own)]
