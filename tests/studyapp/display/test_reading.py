"""Legends and wording follow the display: what people are told is true of what they see."""

import re
from itertools import product

import pytest
from django.utils import translation
from django.utils.translation import gettext

from studyapp import models, publishing
from studyapp.core.display import CHOICES, Display, colour_tables
from studyapp.core.heatmaps.legends import legend
from studyapp.core.heatmaps.reading import NAMES, reading
from studyapp.desk.study.advice import advice
from studyapp.run import sessions, showing
from tests.studyapp.made.every_kind import make_draft

DISPLAYS = [
    Display(floor, sign, 0, scale, 99, style, colours)
    for floor, sign, scale, style in product(*(CHOICES[name] for name in ("floor", "sign", "scale", "style")))
    for colours, table in colour_tables().items()
    if table.diverging == (sign == "both") and not (floor == "minimum" and sign == "both")
]
WORDS = re.compile(r"\b(red|blue|grey|orange|purple|black|yellow|white)\b")


def test_every_table_has_names_that_its_ends_have():
    """The strongest channels of a table's ends are those of the colours that it is said to have."""
    assert NAMES.keys() == colour_tables().keys()
    strong = {"red": {0}, "blue": {2}, "orange": {0}, "yellow": {0, 1}, "purple": {0, 2}}
    for name, called in NAMES.items():
        table = colour_tables()[name].table.astype(int)
        places = (table[0], table[-1]) if not colour_tables()[name].diverging else (table[40], table[-40])
        for row, words in zip(places, (called.low, called.high), strict=True):
            hue = words.split()[-1]
            if hue in strong:
                top = {channel for channel in range(3) if row[channel] >= sorted(row)[-len(strong[hue])]}
                assert top == strong[hue], (name, words, row)
            elif hue in ("black", "white"):
                assert (row < 10).all() if hue == "black" else (row > 230).all()


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_display_is_read_in_whole_sentences_that_name_no_colour_it_lacks(language):
    with translation.override(language):
        for display, signed, label in product(DISPLAYS, (False, True), ("", "5 % {cat}")):
            told = reading(display, gettext, signed=signed, label=label)
            assert "%(" not in told
            assert told.endswith((".", ".**"))
            assert (label in told) or not label or display.sign == "both" or display.style in ("contours", "reveal")
            if language == "en":
                named = set(WORDS.findall(told))
                own = " ".join([NAMES[display.colours].low, NAMES[display.colours].high, NAMES[display.colours].hue])
                assert named <= set(WORDS.findall(own)) | ({"grey"} if display.style == "reveal" else set())


def test_contours_and_reveal_are_read_by_area_not_by_colour():
    for style in ("contours", "reveal"):
        told = reading(Display(style=style, scale="map"), str, label="cat")
        assert "darker" not in told
        assert "scale of its own" not in told
    assert "round a fifth" in reading(Display(style="contours"), str)
    both = reading(Display(style="contours", sign="both"), str)
    assert "Lines in red are round what was in favour, lines in blue round what was against." in both


def test_a_scale_of_ones_own_and_what_has_no_colour_are_told():
    own = reading(Display(scale="map"), str, label="cat")
    assert own.startswith(
        "**The darker the red, the more that part spoke for the label “cat”.** Parts without colour made"
    )
    assert "Each heatmap has a scale of its own" in own
    assert "or spoke against it" in reading(Display(), str, signed=True)
    assert "counted least" in reading(Display(floor="minimum"), str, signed=True)
    assert "nearer to yellow" in reading(Display(colours="viridis"), str)
    assert "What is dark purple made little difference." in reading(Display(colours="viridis", style="map"), str)
    assert "stronger the blue, the more it spoke against" in reading(Display(sign="both"), str, label="cat")


def test_every_display_has_a_legend_of_what_it_draws():
    for display in DISPLAYS:
        found = legend(display, signed=True)
        if display.style == "reveal":
            assert (found["style"], found["stops"], found["scale"]) == ("revealed", [], "")
        elif display.style == "contours":
            assert [one["share"] for one in found["stops"]][-3:] == ["20", "10", "5"]
            assert len(found["stops"]) == (6 if display.sign == "both" else 3)
            assert found["scale"] == ""
        else:
            assert (found["style"], found["scale"], len(found["stops"])) == ("scale", display.scale, 9)
        low = {"both": "against", "positive": "least" if display.floor == "minimum" else "nothing_or_against"}
        assert found["low"] == low[display.sign]


@pytest.fixture
def pages():
    """Publish a kind's study with a display and return what its first run's pages show: `pages(kind, display)`."""

    def walk(name, display, language="en") -> list[str]:
        study = make_draft(name, slug=f"study-{models.Study.objects.count()}")
        study.display, study.language = display, language
        study.save()
        publishing.publish(study)
        cells = [cell for cell in study.conditions.all() if "none" not in cell.factors.values()]
        run = sessions.get(sessions.start_preview(study.current, cells[0]).pk)
        found = []
        with translation.override(language):
            for position, step in enumerate(run.plan.steps):
                run.position = position
                _, page, _ = showing.step_of(run)
                form = showing.form_of(page, step, run)
                shown = showing.step_context(run)
                del shown["shaped_by"], shown["same"]  # what the server keeps to itself
                found.append(f"{shown} {form or ''}")
        return found

    return walk


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("name", ["forward_simulation", "label_matching", "clustering"])
def test_the_instructions_say_how_to_read_the_studys_own_display(name, pages):
    shown = pages(name, {"colours": "viridis", "style": "map"})
    assert any("the nearer to yellow, the more that part" in page for page in shown)
    assert not any("darker the red" in page for page in shown)
    assert not any("{reading}" in page for page in shown)


@pytest.mark.django_db
@pytest.mark.database
def test_the_instructions_speak_the_studys_language(pages):
    german = pages("forward_simulation", {"colours": "viridis"}, "de")
    assert any("Je näher an Gelb, desto mehr sprach" in page for page in german)


@pytest.mark.django_db
@pytest.mark.database
def test_who_meets_several_displays_is_told_how_to_read_each(pages):
    levels = {"levels": {"red": {}, "lines": {"style": "contours"}}, "varies": "within"}
    (heatmap,) = [page for page in pages("forward_simulation", levels) if "drawn in more than one way" in page]
    assert "The darker the red" in heatmap
    assert "Lines run round the parts" in heatmap


@pytest.mark.django_db
@pytest.mark.database
def test_a_text_of_ones_own_that_reads_heatmaps_is_advised_about():
    study = make_draft("forward_simulation")
    assert not any("how heatmaps are read" in one.words for one in advice(study))
    study.texts = {"instructions_heatmap": "The darker the red, the more."}
    (said,) = [one.words for one in advice(study) if "how heatmaps are read" in one.words]
    assert "{reading}" in said
