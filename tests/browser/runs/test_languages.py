"""Other languages in a real browser: a whole session in the demo's French, and pages read from right to left."""

import re
from functools import partial
from html.parser import HTMLParser

import pytest
from django.conf import settings

from studyapp import models, publishing
from studyapp.core.texts import plain
from studyapp.management.commands.demo import translate
from studyapp.publishing import translations
from tests import loaded
from tests.browser import arabic, walking
from tests.browser.looking import findings, sideways
from tests.bundles import write_bundle
from tests.studyapp.made import clustering, label_matching
from tests.studyapp.made.asked import EVERY_TYPE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FRENCH = settings.BASE_DIR / "fixtures" / "studies" / "scenes.fr.csv"
SHORT = {"queries_per_class": {"TP": 1, "FN": 0, "FP": 0, "TN": 0}, "attention_checks": 1}
GAP = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
RAW = re.compile(r"\{[a-z_]+\}|%\(\w+\)")
WORD = re.compile(r"[a-z]{3,}")
SPOKEN = ("alt", "title", "placeholder", "aria-label")
# Pieces of a page's text in Latin letters that say no language of their own, and marks that came through.
UNTOLD = r"""() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (parentElement.closest("script, style, noscript, [translate=no]")) continue;
    const foreign = /[a-z]{3,}/i.test(data) && parentElement.closest("[lang]") === document.documentElement;
    if (foreign || /[\ufdd0-\ufdd2]/.test(data)) found.push(data);
  }
  return found;
}"""
LEFT = "element => element.getBoundingClientRect().left"


class Words(HTMLParser):
    """All that a page says: its text piece by piece, and its attributes that are read out."""

    def __init__(self):
        super().__init__()
        self.said, self.silent = [], 0

    def handle_starttag(self, tag, attrs):
        self.silent += tag in ("script", "style")
        self.said += [value for name, value in attrs if value and name in SPOKEN]

    def handle_endtag(self, tag):
        self.silent -= tag in ("script", "style")

    def handle_data(self, data):
        self.said += [] if self.silent else [" ".join(data.split())]


def said(page) -> list[str]:
    words = Words()
    words.feed(page.content())
    return [piece for piece in words.said if piece]


def english_of(study: models.Study) -> list[re.Pattern]:
    """Return a pattern for each line of what the study and its interface say in English, where French says another."""
    found = []
    for row in publishing.rows(study, "fr"):
        if row.unit.key.startswith("classes.") or row.text == row.unit.source:
            continue
        for line in row.unit.source.splitlines():
            parts = re.split(GAP, plain(line, {}) if row.unit.key.startswith("texts.") else line)
            if WORD.search(max(parts, key=len)):
                found.append(re.compile(".*".join(re.escape(part.strip()) for part in parts)))
    return found


def test_a_whole_french_session_has_no_english_word_and_no_raw_placeholder(live_server, page, make_study):
    study = make_study(**SHORT)
    models.Study.objects.filter(pk=study.pk).update(title="Predicting what a computer sees")
    study.refresh_from_db()
    translate(study, "fr", FRENCH.read_text(encoding="utf-8"))
    assert translations.wanting(study) == ""
    publishing.publish(study)
    english, found, address = english_of(study), [], f"{live_server.url}/s/walk/?lang=fr"
    look = partial(look_at, page, english, found)
    page.goto(address)
    look()
    walking.enter(page, address)
    page.click("a.quiet[href*=leave]")
    look()
    page.go_back()
    walking.shown(page)
    refused: set[str | None] = {None}
    while not walking.ended(page):
        look()
        if (asked := first_asked(page)) not in refused:
            refused.add(asked)
            page.click("#step .primary")  # nothing answered: what is missing is said in French too
            page.wait_for_selector(".error:not(:empty)")
            look()
        walking.answer_by_mouse(page)
        walking.go_on(page)
    look()
    assert found == []
    assert page.inner_text("#code") == "DONE-7"
    assert models.Participant.objects.get().language == "fr"


def first_asked(page) -> str | None:
    """Return the name of the first field that a page asks for; None where it asks nothing."""
    field = page.query_selector("#step fieldset input, #step textarea")
    return field and field.get_attribute("name")


def look_at(page, english: list[re.Pattern], found: list[str]) -> None:
    """Note what of a page is English, marked as foreign, or a placeholder that nothing filled in."""
    assert page.get_attribute("html", "lang") == "fr"
    pieces = said(page)
    found += [piece for piece in pieces if RAW.search(piece)]
    found += [piece for piece in pieces if any(pattern.fullmatch(piece) for pattern in english)]
    found += page.eval_on_selector_all("[lang]:not(html):not(.languages a)", "all => all.map(one => one.outerHTML)")


# From right to left


@pytest.fixture
def in_arabic(publish, live_server):
    """Publish a kind's study with what the samples say, and return the address of its Arabic door."""

    def start(kind: str, bundle, factors: dict, **parameters) -> str:
        study = publish(bundle, factors, slug="arabic", title="دراسة", kind=kind, parameters=parameters)
        keys = {row.unit.key for row in publishing.rows(study, "ar")}
        given = arabic.TEXTS | {f"words.{word}": text for word, text in arabic.WORDS.items()}
        given |= {f"classes.{name}": text for name, text in arabic.CLASSES.items()} | {"title": "دراسة"}
        known = {key: text for key, text in given.items() if key in keys}
        study.translations = publishing.accepted(study, {"ar": known})
        study.save()
        publishing.publish(study)
        return f"{live_server.url}/s/arabic/?lang=ar"

    return start


def mirrored(page) -> None:
    """Hold a page to being one of Arabic: nothing runs over its side, and axe finds nothing."""
    assert page.get_attribute("html", "dir") == "rtl"
    assert sideways(page) <= 0
    assert findings(page) == []
    assert page.evaluate(UNTOLD) == []


def lefts(page, selector: str) -> list[float]:
    return page.eval_on_selector_all(selector, f"all => all.map({LEFT})")


def test_a_trees_branches_go_from_right_to_left_and_arrows_as_one_reads(page, in_arabic):
    bundle = loaded.load(label_matching.write_bundle, size=240)
    address = in_arabic("label_matching", bundle, {"method": "cwox_2s"}, training_trials=1, evaluation_trials=1)
    walking.skip_to_trial(page, address)
    mirrored(page)
    boxes, chips = lefts(page, "[data-box]"), lefts(page, "[data-label]")
    assert (boxes, chips) == (sorted(boxes, reverse=True), sorted(chips, reverse=True))
    assert page.inner_text("[data-label]") in arabic.CLASSES.values()
    page.focus("[data-label]")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.label") == page.get_attribute(
        "[data-label] + [data-label]", "data-label"
    )
    stored = page.get_attribute("[data-label]", "data-label")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.input_value("[name=box_1]") == stored
    assert page.inner_text("[data-box] .place") == arabic.CLASSES[stored]
    assert page.eval_on_selector("#said span[lang=en]", "span => span.textContent.trim() !== ''")
    assert page.evaluate(UNTOLD) == []


def test_a_boards_pictures_are_met_from_right_to_left(page, in_arabic):
    bundle = loaded.load(clustering.write_bundle, size=96)
    walking.skip_to_trial(page, in_arabic("clustering", bundle, {}, batches=3))
    mirrored(page)
    photos = lefts(page, ".photo")
    assert photos[0] > photos[1]
    page.focus(".photo")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") == photos[1]


def test_a_trials_answers_stand_at_the_left_and_its_scales_are_turned(page, make_study, in_arabic):
    study = make_study(**SHORT)
    cell = study.conditions.get()
    walking.skip_to_trial(page, in_arabic("forward_simulation", study.bundle, cell.factors, **SHORT))
    mirrored(page)
    (answer,), (band, *_) = lefts(page, "aside.answer"), lefts(page, "section.band")
    assert answer < band
    turned = page.eval_on_selector(".legend > svg", "svg => getComputedStyle(svg).transform")
    assert turned.startswith("matrix(-1, 0, 0, 1")


def test_what_scripts_show_says_its_language_where_it_is_not_translated(page, publish, in_arabic):
    study = publish(loaded.load(write_bundle), {"heatmap": "lrp", "scores": "shown"}, kind="forward_simulation")
    models.Study.objects.filter(pk=study.pk).update(slug="draft")
    address = in_arabic("forward_simulation", study.bundle, {"heatmap": "lrp", "scores": "shown"}, **SHORT)
    study = models.Study.objects.get(slug="arabic")
    study.questionnaires = [EVERY_TYPE | {"place": "start", "title": "", "per_page": 0}]
    study.translations["ar"].pop("words.Next")
    study.save()
    publishing.publish(study)
    page.set_viewport_size({"width": 700, "height": 600})  # the door says that it is small
    page.goto(address)
    mirrored(page)
    walking.enter(page, address)
    while not page.query_selector("[data-item]"):
        walking.answer_by_mouse(page)
        walking.go_on(page)
    mirrored(page)
    page.click("#step .primary")
    page.wait_for_selector("#error-item-gender span[lang=en]")
    assert page.inner_text("#notice span[lang=en]") == "Something is still missing; it is marked above."
    for option in ("Colour", "Shape", "Place"):
        page.click(f".places button:has-text('{option}')")
    assert page.eval_on_selector_all(".ranking [role=status] span", "all => all.length") == 3
    mirrored(page)
