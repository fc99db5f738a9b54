"""The desk's pages of a study's languages: what is listed, edited in place, downloaded and taken back."""

import csv
import io

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from studyapp import models, publishing
from studyapp.core.languages import tables
from studyapp.core.languages.words import words_of
from studyapp.publishing import translations
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study():
    """A label matching in English that has French to be written."""
    found = make_draft("label_matching", slug="tree", training_trials=1, evaluation_trials=1)
    found.texts = {"choose": "=1+1\n\n“Which; first?”"}
    found.translations = {"fr": {}}
    found.save()
    return found


@pytest.fixture
def desk():
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


def address(study: models.Study, name: str = "language", code: str = "fr") -> str:
    return reverse(f"admin:{name}", args=[study.pk, *([code] if name != "languages" else [])])


def table(desk: Client, study: models.Study, code: str = "fr") -> list[dict[str, str]]:
    text = desk.get(address(study, "language_table", code)).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def upload(desk: Client, study: models.Study, rows: list[dict[str, str]], **options):
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, rows[0].keys(), **{"delimiter": ";", **options})
    writer.writeheader()
    writer.writerows(rows)
    sent = SimpleUploadedFile("fr.csv", b"\xef\xbb\xbf" + file.getvalue().encode())
    return desk.post(address(study, "language_upload"), {"file": sent})


def state_of(study: models.Study, key: str, code: str = "fr") -> translations.Row:
    study.refresh_from_db()
    return next(row for row in publishing.rows(study, code) if row.unit.key == key)


def test_every_text_and_word_of_the_study_is_listed(desk, study):
    keys = {row["key"] for row in table(desk, study)}
    assert {f"words.{sentence}" for sentence in words_of("label_matching")} <= keys
    assert {f"texts.{key}" for key in publishing.definition(study)["texts"]} <= keys
    assert {"title", "parameters.groups.expert.answer", "classes.cello"} <= keys
    own = {row["key"].split(".")[0] for row in table(desk, study, "en")}
    assert own == {"classes", "words"}


def test_a_language_is_added_counted_and_removed_and_nonsense_refused(desk, study):
    page = address(study, "languages")
    assert "Expected a language" in desk.post(page, {"add": "nonsense"}, follow=True).content.decode()
    desk.post(page, {"add": "PT-BR"})
    study.refresh_from_db()
    assert list(study.translations) == ["fr", "pt-br"]
    shown = desk.get(page).content.decode()
    assert "Portuguese (Brazil)" in shown
    assert f'<strong class="hw-problem">{len(table(desk, study))}</strong>' in shown
    desk.post(page, {"remove": "pt-br"})
    study.refresh_from_db()
    assert list(study.translations) == ["fr"]
    assert [change.action for change in study.changes.all()] == ["Edited the translations."] * 2


def test_what_goes_out_comes_back_as_it_was(desk, study):
    rows = table(desk, study)
    for row in rows:
        row["translation:fr"] = row["source:en"]
    assert upload(desk, study, rows).status_code == 302
    study.refresh_from_db()
    assert study.translations["fr"]["texts.choose"]["text"] == study.texts["choose"]
    again = table(desk, study)
    assert {row["state"] for row in again} == {"translated"}
    assert [row["translation:fr"] for row in again] == [row["source:en"] for row in rows]
    before = study.translations
    assert upload(desk, study, again).status_code == 302
    study.refresh_from_db()
    assert study.translations == before


def test_a_formula_is_guarded_on_its_way(desk, study):
    (row,) = [row for row in table(desk, study) if row["key"] == "texts.choose"]
    assert row["source:en"].startswith("'=1+1\n\n")


@pytest.mark.parametrize("between", [";", ",", "\t"])
def test_a_table_is_read_whatever_a_spreadsheet_put_between_its_cells(desk, study, between):
    rows = [row | {"translation:fr": "Suivant"} for row in table(desk, study) if row["key"] == "words.Next"]
    assert upload(desk, study, rows, delimiter=between).status_code == 302
    assert state_of(study, "words.Next").text == "Suivant"


def test_a_row_that_loses_a_placeholder_is_named_and_nothing_is_taken(desk, study):
    rows = table(desk, study)
    for row in rows:
        row["translation:fr"] = {"words.Next": "Suivant", "words.Box {box}, empty": "Quoi ?"}.get(row["key"], "")
    page = upload(desk, study, rows)
    number = next(place for place, row in enumerate(rows, start=2) if row["key"] == "words.Box {box}, empty")
    assert page.status_code == 422
    assert f"Row {number}, “words.Box {{box}}, empty”: it lacks {{box}}" in page.content.decode()
    assert state_of(study, "words.Next").state == "missing"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"key;where\n", "expected a column “source:en”"),
        (b"key;where;source:en;translation:de;state\n", "expected a column “translation:fr”"),
        (b"\xff\xfe", "Expected UTF-8"),
        (b"key;where;source:en;translation:fr;state\na;b\n", "Row 2: expected 5 cells, found 2"),
        (b'key;where;source:en;translation:fr;state\n"a', "expected a CSV"),
    ],
)
def test_what_is_no_table_of_the_language_is_refused_in_words(desk, study, content, why):
    page = desk.post(address(study, "language_upload"), {"file": SimpleUploadedFile("fr.csv", content)})
    assert page.status_code == 422
    assert why in page.content.decode()


def test_a_row_about_an_edited_source_counts_as_changed(desk, study):
    rows = [row | {"translation:fr": "Quelle ?"} for row in table(desk, study) if row["key"] == "texts.choose"]
    study.texts = {"choose": "Which first?"}
    study.save()
    upload(desk, study, rows)
    row = state_of(study, "texts.choose")
    assert (row.state, row.text, row.before) == ("changed", "Quelle ?", "=1+1\n\n“Which; first?”")
    assert "What was translated" in desk.get(address(study) + "?show=changed").content.decode()


def test_texts_are_edited_in_place_and_only_what_was_changed_is_stored(desk, study):
    page = desk.get(address(study) + "?q=texts.guess_training")
    (line,) = page.context["lines"]
    unit = line["row"].unit
    posted = {"key": unit.key, "source": unit.source, "was": "", "text": "Deviner !"}
    assert desk.post(address(study), posted).status_code == 302
    assert state_of(study, unit.key).text == "Deviner !"
    desk.post(address(study), posted | {"text": ""})  # left as it was: what another wrote stays
    assert state_of(study, unit.key).text == "Deviner !"
    desk.post(address(study), posted | {"was": "Deviner !", "text": ""})
    assert state_of(study, unit.key).state == "missing"


def test_a_wrong_text_stays_in_its_place_to_be_mended(desk, study):
    page = desk.get(address(study) + "?q=texts.guess")
    unit = next(line["row"].unit for line in page.context["lines"] if line["row"].unit.key == "texts.guess")
    posted = {"key": unit.key, "source": unit.source, "was": "", "text": "{rien}"}
    refused = desk.post(address(study) + "?q=texts.guess", posted)
    assert refused.status_code == 422
    assert "it invents {rien}" in refused.content.decode()
    assert "{rien}</textarea>" in refused.content.decode()


def test_german_comes_with_the_software_but_for_names_and_own_words(desk, study):
    desk.post(address(study, "languages"), {"add": "de"})
    study.refresh_from_db()
    found = publishing.rows(study, "de")
    assert {row.unit.key for row in found if row.state == "missing"} == {
        "title",
        "texts.choose",
        *(row.unit.key for row in found if row.unit.key.startswith("classes.")),
    }


def test_only_an_editor_changes_translations(study):
    people = Client()
    people.force_login(User.objects.create_user("bea", is_staff=True))
    assert people.get(address(study)).status_code == 404
    assert people.post(address(study), {}).status_code == 404


def test_a_study_of_another_lab_in_a_language_it_lacks_is_not_there(desk, study):
    assert desk.get(address(study, code="it")).status_code == 404


def test_a_preview_is_in_the_language(desk, study):
    cell = study.conditions.first()
    upload(
        desk, study, [row | {"translation:fr": "Suivant"} for row in table(desk, study) if row["key"] == "words.Next"]
    )
    page = desk.post(reverse("preview", args=[study.slug, cell.name]), {"language": "fr"}, follow=True)
    assert '<html lang="fr" dir="ltr"' in page.content.decode()
    assert "Suivant</button>" in page.content.decode()


def test_a_table_keeps_every_cell():
    rows = [("k", "w", "a;b\nc", "=x", "missing"), ("l", "w", "'=y", '"q"', "missing")]
    given = tables.read(tables.written("en", "fr", rows), "en", "fr")
    assert [(one.number, one.key, one.source, one.text) for one in given] == [
        (2, "k", "a;b\nc", "=x"),
        (3, "l", "'=y", '"q"'),
    ]
