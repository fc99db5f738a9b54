"""A study's language: its pages, its default texts and what its scripts say, complete and chosen by the study."""

import gettext
import json
import re
from html.parser import HTMLParser
from random import Random

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from studyapp import models, publishing
from studyapp.core.engine.kinds import kinds
from studyapp.core.texts import placeholders
from studyapp.data import study_files
from studyapp.management.commands.translations import catalogue, read, sentences
from studyapp.run import sessions
from studyapp.simulation.answering import answer
from studyapp.studies.forward_simulation.statements import statements
from tests import loaded
from tests.bundles import write_bundle
from tests.studyapp.made import clustering, label_matching
from tests.studyapp.researcher import save

OTHERS = [code for code, _ in settings.LANGUAGES if code != "en"]
GAP = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
WORDS = re.compile(r"[a-z]{3,}")
# Lists of names from the bundle or of stages, not of words for participants.
NAMES = {"classes", "pairs", "datasets", "stages"}
KINDS = sorted(kinds())


@pytest.fixture(params=["clustering", "forward_simulation", "label_matching"])
def german(request, db):
    """A published study in German, one condition, few trials."""
    if request.param == "label_matching":
        bundle, factors = loaded.load(label_matching.write_bundle), {"method": "cwox_2s"}
        parameters = {"training_trials": 1, "evaluation_trials": 1}
    elif request.param == "clustering":
        bundle, factors = loaded.load(clustering.write_bundle), {}
        parameters = {"batches": 3}
    else:
        bundle, factors = loaded.load(write_bundle), {"heatmap": "lrp", "scores": "shown"}
        parameters = {"queries_per_class": {"TP": 1, "FN": 0, "FP": 0, "TN": 0}, "attention_checks": 1}
    study = models.Study.objects.create(
        slug="studie",
        title="Eine Studie",
        kind=request.param,
        bundle=bundle,
        language="de",
        parameters=parameters,
    )
    models.Condition.objects.create(study=study, name="only", factors=factors)
    publishing.publish(study)
    return study


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_the_pages_is_translated_with_the_same_gaps(language):
    known = {message.id: message.string for message in read(language) if message.id}
    assert set(sentences()) - set(known) == set(), "run: python manage.py translations"
    for sentence, translated in known.items():
        assert translated, f"untranslated: {sentence}"
        assert sorted(GAP.findall(sentence)) == sorted(GAP.findall(translated)), sentence


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_compiled_is_what_the_catalogue_says(language):
    with catalogue(language).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in read(language):
        if message.id:
            assert compiled.gettext(message.id) == message.string


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", KINDS)
def test_every_default_text_of_every_kind_is_translated_with_the_same_placeholders(name, language):
    english, translated = kinds()[name].texts(), kinds()[name].texts(language)
    assert set(english) == set(translated)
    for key, text in english.items():
        assert translated[key] != text, key
        assert placeholders(translated[key]) == placeholders(text), key
        assert [one["right"] for one in statements(translated[key])] == [one["right"] for one in statements(text)], key


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", KINDS)
def test_every_default_that_participants_read_is_translated_point_by_point(name, language):
    english, translated = kinds()[name].defaults(), kinds()[name].defaults(language)
    assert set(english) == set(translated)
    for parameter in kinds()[name].parameters:
        default = parameter.default
        if parameter.type == "list" and parameter.name not in NAMES and WORDS.search(json.dumps(default)):
            assert translated[parameter.name] != default, parameter.name
            assert len(translated[parameter.name]) == len(default), parameter.name
        else:
            assert translated[parameter.name] == default, parameter.name


def test_a_variant_of_a_language_has_its_texts_and_an_unknown_language_english_ones():
    kind = kinds()["label_matching"]
    assert kind.texts("de-CH") == kind.texts("de")
    assert kind.texts("fr") == kind.texts()


@pytest.mark.django_db
@pytest.mark.database
def test_a_study_in_another_language_shows_no_english_sentence_from_door_to_end(german):
    client, seen = Client(headers={"accept-language": "en"}), []
    door = reverse("entry", args=["studie"])
    seen.append(client.get(door).content.decode())
    client.post(door)
    seen.append(client.get(reverse("leave", args=["studie"])).content.decode())
    run = models.Participant.objects.get()
    while sessions.get(run.pk).status == "active":
        response = client.get(reverse("run", args=["studie"]))
        seen.append(response.content.decode())
        refused = client.post(reverse("run", args=["studie"]), {"token": response.context["token"]})
        seen += [refused.content.decode()] if refused.status_code == 422 else []
        if refused.status_code != 422:
            continue
        pairs = answer(sessions.get(run.pk), "oracle", Random(1))
        client.post(reverse("run", args=["studie"]), {"token": response.context["token"], **dict(pairs)})
    seen.append(client.get(reverse("run", args=["studie"])).content.decode())
    assert len(seen) > 15
    for page in seen:
        assert '<html lang="de"' in page
        assert english_in(page) == []


@pytest.mark.django_db
@pytest.mark.database
def test_the_same_look_finds_what_an_english_page_says(german):
    models.Study.objects.update(language="en")
    german.refresh_from_db()
    publishing.publish(german)
    page = Client(headers={"accept-language": "de"}).get(reverse("entry", args=["studie"])).content.decode()
    assert {"Start", "Skip to the content"} <= set(english_in(page))


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("language", ["fr", "xx-YY"])
def test_a_study_in_a_language_without_translation_is_marked_as_such_and_its_buttons_are_english(german, language):
    models.Study.objects.update(language=language)
    german.refresh_from_db()
    publishing.publish(german)
    page = Client(headers={"accept-language": "de"}).get(reverse("entry", args=["studie"])).content.decode()
    assert f'<html lang="{language}"' in page
    assert '<span lang="en">Start</span></button>' in page


@pytest.mark.django_db
@pytest.mark.database
def test_runs_keep_the_language_they_began_in(german):
    client, door = Client(), reverse("entry", args=["studie"])
    client.get(door)
    client.post(door)
    models.Study.objects.update(language="en")
    german.refresh_from_db()
    publishing.publish(german)
    assert "Weiter" in client.get(reverse("run", args=["studie"])).content.decode()
    assert "Start" in Client().get(door).content.decode()


@pytest.mark.django_db
@pytest.mark.database
def test_another_language_chosen_at_the_desk_brings_its_texts_and_keeps_edited_ones(german):
    models.Study.objects.update(language="en", texts={"trial": "Mine?"} if german.kind == "forward_simulation" else {})
    german.refresh_from_db()
    desk = Client()
    desk.force_login(User.objects.create_superuser("ada"))
    response = save(desk, german, "basics", language="de")
    assert response.status_code == 302, response.context["errors"]
    study = models.Study.objects.get()
    assert (study.language, set(study.texts)) == ("de", {"trial"} if german.kind == "forward_simulation" else set())
    record = publishing.definition(study)
    assert record["texts"]["entry"] == kinds()[study.kind].texts("de")["entry"]


@pytest.mark.django_db
@pytest.mark.database
def test_a_studys_file_keeps_its_language_and_names_only_what_is_edited_when_loaded(german, tmp_path):
    study_files.dump_study(german, tmp_path / "studie.zip")
    again = study_files.load_study(tmp_path / "studie.zip", slug="again")
    assert (again.language, again.texts, again.parameters) == ("de", {}, german.parameters)


class Words(HTMLParser):
    """What a page says: its text, and the attributes that are read out or handed to scripts."""

    def __init__(self):
        super().__init__()
        self.said = []

    def handle_data(self, data):
        self.said.append(" ".join(data.split()))

    def handle_starttag(self, tag, attrs):
        spoken = ("alt", "title", "placeholder")
        self.said += [
            value for name, value in attrs if value and (name in spoken or name.startswith(("aria-", "data-")))
        ]


def english_in(page: str) -> list[str]:
    """Return which sentences of the English pages stand in a page."""
    words = Words()
    words.feed(page)
    translated = {message.id: message.string for message in read("de") if message.id}
    gaps = [re.split(GAP, sentence) for sentence, german in translated.items() if german != sentence]
    patterns = [(parts, re.compile(".+".join(map(re.escape, parts)))) for parts in gaps if WORDS.search("".join(parts))]
    return ["…".join(parts) for parts, pattern in patterns if any(map(pattern.fullmatch, words.said))]
