"""A study in languages of its own: words by words translated, frozen, read by link, browser or choice, and recorded."""

import csv
import json
from random import Random

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from studyapp import models, publishing, speaking
from studyapp.core import foreign
from studyapp.core.engine.kinds import kind, kinds
from studyapp.core.languages import keeping, tags
from studyapp.core.languages.wording import units, worded
from studyapp.core.languages.words import words, words_of, written
from studyapp.core.questionnaires import reading
from studyapp.core.questionnaires.instruments import instruments
from studyapp.data import exporting, study_files
from studyapp.data.study_files import StudyFileError
from studyapp.management.commands.translations import sentences
from studyapp.publishing.wording import MISSING, read_in, translated, wording
from studyapp.run import sessions
from studyapp.simulation.answering import answer
from tests.studyapp.made.every_kind import make_draft

FEW = {"queries_per_class": {"TP": 1, "FN": 0, "FP": 0, "TN": 0}, "attention_checks": 1}
KINDS = sorted(kinds())
SCALE = {
    "name": "trust",
    "title": "Trust",
    "intro": "Think of *the system*.",
    "items": [
        {"code": "t1", "type": "likert", "text": "I trust it", "labels": ["no", "yes"]},
        {"code": "t2", "type": "choice", "text": "Which?", "options": ["A", ["b", "B"]]},
    ],
}


def shouted(key: str, text: str) -> str:
    """Return a translation that no other text has, with the same gaps."""
    return "".join(part if foreign_part else part.upper() for part, foreign_part in _parts(text))


def _parts(text: str):
    at = 0
    for gap in keeping.NAMED_GAPS.finditer(text):
        yield text[at : gap.start()], False
        yield gap[0], True
        at = gap.end()
    yield text[at:], False


def into(study: models.Study, language: str, **more) -> dict:
    """Return every text and word of a study as one would write it into its file, shouted."""
    found = {row.unit.key: shouted(row.unit.key, row.unit.source) for row in publishing.rows(study, language)}
    return {language: found | more}


@pytest.fixture
def study(db):
    """A published forward simulation in English, wholly in French and, by the software, in German."""
    found = make_draft("forward_simulation", slug="words", **FEW)
    found.questionnaires = [SCALE]
    found.save()
    found.translations = publishing.accepted(found, into(found, "fr", **{"classes.cat": "chat", "words.Start": "Go !"}))
    found.translations["de"] = {}
    found.save()
    publishing.publish(found)
    return found


# Codes


@pytest.mark.parametrize(("given", "code"), [("fr", "fr"), ("PT_br", "pt-br"), ("zh-Hant-TW", "zh-hant-tw")])
def test_a_languages_code_is_read_in_any_spelling(given, code):
    assert tags.canonical(given) == code


@pytest.mark.parametrize("nonsense", ["xx", "english", "", "e", "fr-", "fr-zz", "und", "fr-fr-fr-fr", "12", "fr x"])
def test_what_is_no_language_is_refused(nonsense):
    with pytest.raises(ValueError, match="expected a language's code"):
        tags.canonical(nonsense)


def test_a_language_has_its_own_name_and_direction():
    assert [tags.own_name(code) for code in ("fr", "ar", "pt-br")] == ["Français", "العربية", "Português (Brasil)"]
    assert [tags.direction(code) for code in ("fr", "ar", "he", "fa", "ur", "az-arab")] == ["ltr", *["rtl"] * 5]


# Foreign words


def test_foreign_words_have_their_language_and_marks_reach_scripts_alone():
    page = f'<title>{foreign.marked("Hi", "en")} · x</title><p aria-label="{foreign.marked("a", "en")}">'
    page += f"un {foreign.marked('two <b>three</b>', 'en')} quatre</p><script>{foreign.marked('s', 'en')}</script>"
    shown = foreign.in_html(page)
    assert '<title lang="en">Hi · x</title>' in shown
    assert 'un <span lang="en">two </span><b><span lang="en">three</span></b> quatre' in shown
    assert 'aria-label="a"' in shown
    assert "<script>s</script>" in shown
    assert not any(sign in shown for sign in (foreign.BEGIN, foreign.NAMED, foreign.END))
    told = foreign.marked("Go {on}", "en")
    assert foreign.in_html(f"<p title='{told}' data-x='{told}'>") == f"<p title='Go {{on}}' data-x='{told}'>"


def test_a_page_without_foreign_words_stays_as_it_is():
    page = '<!doctype html><p class="a>b">x < y &amp; z</p><!-- <p> --><option value="1">ü</option>'
    assert foreign.in_html(page) == page


# Words


@pytest.mark.parametrize("name", KINDS)
def test_a_study_said_in_its_own_words_is_itself(name):
    study_kind = kind(name)
    record = {"title": "T", "texts": study_kind.texts(), "parameters": study_kind.defaults()}
    same = worded(study_kind, record, lambda key, text: text)
    stored = {one.name for one in study_kind.parameters if one.spoken == "stored"}
    assert {name for name in record["parameters"] if record["parameters"][name] != same["parameters"][name]} <= stored
    assert (same["title"], same["texts"]) == (record["title"], record["texts"])


@pytest.mark.parametrize("name", KINDS)
def test_whatever_the_software_translates_is_among_a_kinds_words(name):
    study_kind = kind(name)
    translated = {one for one, default in study_kind.defaults().items() if default != study_kind.defaults("de")[one]}
    record = {"title": "", "texts": study_kind.texts(), "parameters": study_kind.defaults()}
    assert {f"parameters.{one}" for one in translated} <= {
        ".".join(unit.key.split(".")[:2]) for unit in units(study_kind, record)
    }


def test_the_list_of_the_interfaces_words_is_up_to_date():
    assert set(words()) == set(sentences()), "run: python manage.py translations"
    assert words_of("clustering").keys() != words().keys() > words_of("clustering").keys()
    assert written(sentences()).count('"where"') == len(words())


@pytest.mark.parametrize(
    ("source", "text", "why"),
    [
        ("{reward} now", "maintenant", "lacks {reward}"),
        ("now", "{reward}", "invents {reward}"),
        ("%(n)s of it", "%(m)s", "lacks %(n)s and it invents %(m)s"),
        ("a <b>b</b>", "a b", "lacks </b>, <b>"),
        ("- [x] a\n- [ ] b", "- [ ] a\n- [x] b", "right and wrong in the same order"),
        ("%(n)s %% of", "%(n)s % of", "another number of “%”"),
        ("a", "a\0", "without control characters"),
    ],
)
def test_a_translation_that_loses_or_invents_something_is_refused_by_name(source, text, why):
    assert why in keeping.problem(source, text)


@pytest.mark.parametrize("sentence", sorted(words()))
def test_a_word_translated_by_itself_keeps_all(sentence):
    assert keeping.problem(sentence, sentence) == ""


# Versions


@pytest.mark.database
def test_translations_are_frozen_and_changing_them_makes_a_new_version(study):
    first = study.current
    assert first.definition["translations"]["fr"]["texts.consent"].startswith("# ")
    assert first.definition["translations"]["de"]["texts.entry"] == kind(study.kind).texts("de")["entry"]
    assert not publishing.edited_since(study)
    study.translations["fr"]["words.Next"]["text"] = "Suivant"
    study.save()
    assert publishing.edited_since(study)
    assert publishing.publish(study).number == first.number + 1


@pytest.mark.database
def test_a_study_without_languages_has_the_hash_it_always_had(study):
    models.Study.objects.update(translations={})
    study.refresh_from_db()
    assert "translations" not in publishing.definition(study)


@pytest.mark.database
def test_the_checklist_counts_what_is_missing_and_what_was_edited_since(study):
    before = "German: 11 missing"  # what the software doesn't bring: the title, a questionnaire, the classes' names
    assert before in publishing.wanting(study)
    assert "French" not in publishing.wanting(study)
    study.translations["fr"].pop("texts.consent")
    study.translations["fr"].pop("words.Next")
    study.texts = {"information": "Another text."}
    study.save()
    assert "German: 12 missing; French: 2 missing and 1 changed since they were translated" in publishing.wanting(study)
    (check,) = [check for check in publishing.checks(study) if check.title == "Languages"]
    assert (check.problems, check.summary) == ([], "en, de, fr")
    assert "2 missing" in check.wanting


@pytest.mark.database
def test_a_label_that_moved_in_its_list_keeps_its_own_translation(study):
    (one,) = read_in(publishing.definition(study), "fr")["questionnaires"]
    assert one["items"][0]["labels"] == ["NO", "YES"]
    study.questionnaires = [SCALE | {"items": [SCALE["items"][0] | {"labels": ["maybe", "no", "yes"]}]}]
    study.save()
    (one,) = read_in(publishing.definition(study), "fr")["questionnaires"]
    assert one["items"][0]["labels"] == [foreign.marked("maybe", "en"), "NO", "YES"]


@pytest.mark.database
def test_a_studys_file_keeps_its_translations_stale_ones_with_their_source(study, tmp_path):
    study.texts = {"information": "Another text."}
    study.save()
    study_files.dump_study(study, tmp_path / "words.zip")
    again = study_files.load_study(tmp_path / "words.zip", slug="again")
    assert again.translations == study.translations
    assert publishing.wanting(again) == publishing.wanting(study)


@pytest.mark.database
@pytest.mark.parametrize(
    ("translations", "why"),
    [
        ({"xx": {}}, "expected a language's code"),
        ({"fr": {"texts.nowhere": "x"}}, "fr: texts.nowhere: the study has no such text"),
        ({"fr": {"texts.consent": 3}}, "fr: texts.consent: expected a text"),
        ({"fr": {"texts.trial": "sans"}}, "fr: texts.trial: it lacks"),
        ({"en": {"texts.consent": "x"}}, "en: texts.consent: the study has no such text"),
        ([], "expected an object"),
    ],
)
def test_what_is_wrong_with_a_files_translations_is_named(study, tmp_path, translations, why):
    record = study_files.record(study) | {"translations": translations, "slug": "other"}
    (tmp_path / "study.json").write_text(json.dumps(record))
    with pytest.raises(StudyFileError, match=f"translations: .*{why}"):
        study_files.load_study(tmp_path / "study.json")


# Runs


def enter(study, query: str = "", browser: str = "en") -> tuple[Client, models.Participant]:
    client = Client(headers={"accept-language": browser})
    door = reverse("entry", args=[study.slug]) + query
    client.get(door)
    client.post(door)
    return client, models.Participant.objects.latest("pk")


@pytest.mark.database
@pytest.mark.parametrize(
    ("query", "browser", "language", "by"),
    [
        ("", "en", "en", "browser"),
        ("", "it", "en", "study"),
        ("", "", "en", "study"),
        ("", "it, fr-CA;q=0.8, de;q=0.5", "fr", "browser"),
        ("?lang=de", "fr", "de", "link"),
        ("?lang=FR", "de", "fr", "link"),
        ("?lang=nonsense", "de", "de", "browser"),
        ("?lang=it", "it", "en", "study"),
        ("?lang=de&lang_chosen=yes", "fr", "de", "choice"),
        ("?lang=it&lang_chosen=yes", "de", "de", "browser"),
    ],
)
def test_a_run_is_in_the_links_language_or_the_browsers_or_the_studys_and_says_by_which(
    study, query, browser, language, by
):
    client, run = enter(study, query, browser)
    assert (run.language, run.language_by) == (language, by)
    page = client.get(reverse("run", args=[study.slug])).content.decode()
    assert f'<html lang="{language}" dir="ltr"' in page


@pytest.mark.database
def test_the_first_page_offers_exactly_the_studys_languages_and_keeps_the_rest_of_the_link(study):
    page = Client().get(reverse("entry", args=[study.slug]) + "?PROLIFIC_PID=p1&lang=fr").content.decode()
    offered = page.split('<nav class="languages"')[1].split("</nav>")[0]
    assert [part.split('"')[0] for part in offered.split('hreflang="')[1:]] == ["en", "de", "fr"]
    assert 'href="?PROLIFIC_PID=p1&amp;lang=de&amp;lang_chosen=yes"' in offered
    assert 'lang="fr" dir="ltr" hreflang="fr" translate="no" aria-current="true">Français' in offered
    assert "Go !</button>" in page


@pytest.mark.database
def test_what_is_chosen_on_the_first_page_is_recorded_as_chosen_and_not_among_the_links_own_parameters(study):
    client = Client(headers={"accept-language": "de"})
    door = reverse("entry", args=[study.slug])
    link = "?PROLIFIC_PID=p1&wave=2&lang=de"
    for language in ("fr", "en"):
        page = client.get(f"{door}{link}").content.decode()
        link = page.split(f'" lang="{language}"')[0].rsplit('href="', 1)[1].replace("&amp;", "&")
    client.post(f"{door}{link}")
    run = models.Participant.objects.get()
    assert (run.language, run.language_by) == ("en", "choice")
    assert run.identity.details == {"wave": "2", "lang": "en"}


@pytest.mark.database
def test_a_study_in_one_language_offers_none(study):
    models.Study.objects.update(translations={})
    study.refresh_from_db()
    publishing.publish(study)
    assert 'class="languages"' not in Client().get(reverse("entry", args=[study.slug])).content.decode()
    assert enter(study, "?lang=en&lang_chosen=yes")[1].language_by == "study"


@pytest.mark.database
def test_classes_are_called_as_the_language_calls_them_and_stored_as_the_bundle_does(study):
    client, run = enter(study, "?lang=fr")
    pages = walk(client, study, run)
    assert any("chat" in page for page in pages)
    assert not any(">cat<" in page or "“cat”" in page for page in pages)
    stored = [row.scores.get("class_name") for row in run.responses.all() if row.scores.get("class_name")]
    assert "cat" in stored
    assert "chat" not in stored


@pytest.mark.database
@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_answers_are_stored_alike_in_every_language(study, tmp_path):
    rows = {}
    for language in ("en", "fr", "de"):
        client, run = enter(study, f"?lang={language}&PROLIFIC_PID={language}")
        walk(client, study, run)
        answers = {one.position: one.answer for one in run.responses.all()}
        rows[language] = [answers[place] for place, one in enumerate(run.plan.steps) if one["page"] == "trust"]
    assert rows["en"] == rows["fr"] == rows["de"]
    exporting.export(study, tmp_path / "out")
    with (tmp_path / "out" / "data" / "study-words_table-participants_data.csv").open(encoding="utf-8") as file:
        rows = sorted((row["language"], row["language_by"]) for row in csv.DictReader(file))
        assert rows == [("de", "link"), ("en", "link"), ("fr", "link")]
    described = json.loads((tmp_path / "out" / "dataset_description.json").read_text(encoding="utf-8"))
    assert {"language", "language_by"} <= {entry["name"] for entry in described["variableMeasured"]}


@pytest.mark.database
def test_what_is_missing_is_shown_as_it_is_and_said_to_be_so(study):
    study.translations["fr"].pop("texts.consent")
    study.translations["fr"].pop("words.Next")
    study.save()
    publishing.publish(study)
    client, _ = enter(study, "?lang=fr")
    page = client.get(reverse("run", args=[study.slug])).content.decode()
    assert '<span lang="en">Next</span></button>' in page
    assert "\ufdd0" not in foreign.DATA.sub("", page)
    assert '<html lang="fr"' in page


@pytest.mark.database
def test_a_run_goes_on_in_the_language_and_words_it_began_in(study):
    client, _ = enter(study, "?lang=fr")
    study.translations["fr"]["words.Next"]["text"] = "Suivant"
    study.save()
    publishing.publish(study)
    door = client.get(reverse("entry", args=[study.slug]) + "?lang=de").content.decode()
    assert '<html lang="fr"' in door
    assert "CONTINUE</button>" in door
    assert "NEXT</button>" in client.get(reverse("run", args=[study.slug])).content.decode()


def test_within_a_language_of_a_study_pages_speak_it_and_then_what_they_did():
    record = {"language": "en", "translations": {"fr": {"words.Next": "Suivant"}}}
    with translation.override("de"):
        with speaking.speaking(record, "fr"):
            assert (translation.gettext("Next"), translation.get_language()) == ("Suivant", "fr")
            assert translation.gettext("Start") == foreign.marked("Start", "en")
        assert translation.gettext("Next") == "Weiter"


def walk(client: Client, study: models.Study, run: models.Participant) -> list[str]:
    """Return every page from here to the end, each answered as the oracle does."""
    pages, address = [], reverse("run", args=[study.slug])
    while sessions.get(run.pk).status == "active":
        response = client.get(address)
        pages.append(response.content.decode())
        pairs = answer(sessions.get(run.pk), "oracle", Random(1))
        client.post(address, {"token": response.context["token"], **dict(pairs)})
    return [*pages, client.get(address).content.decode()]


@pytest.mark.django_db
@pytest.mark.parametrize("source", ["en", "de-at"])
def test_what_was_inserted_of_an_instrument_is_translated_by_the_software(source):
    study, other = make_draft("forward_simulation"), "de" if source == "en" else "en"
    study.language = source
    study.questionnaires = [one.questionnaire(source) | {"name": f"own_{one.name}"} for one in instruments()]
    study.translations = {other: {}}
    read = read_in(wording(study) | {"translations": translated(study)}, other)
    inserted = [one.questionnaire(other) | {"name": f"own_{one.name}"} for one in instruments()]
    assert read["questionnaires"] == reading.complete(inserted)


@pytest.mark.django_db
def test_an_edited_item_of_an_instrument_is_the_researchers_to_translate():
    study = make_draft("forward_simulation")
    (demographics,) = [one.questionnaire("en") for one in instruments() if one.name == "demographics"]
    demographics["items"][0]["text"] = "Your age?"
    study.questionnaires = [demographics]
    lacking = {row.unit.key for row in publishing.rows(study, "de") if row.state == MISSING}
    assert {key for key in lacking if "questionnaires" in key} == {"questionnaires.demographics.age.text"}
