"""Frames of the screening drawn on the pictures, by mouse, by finger and by their numbers."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from studyapp.core.heatmaps.marks import read_frame
from tests.browser.looking import sideways
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHOTOGRAPH, MAP = 0, 1


@pytest.fixture
def draft(storage, transactional_db):
    return make_draft("forward_simulation")


@pytest.fixture
def editor(desk, draft):
    page = desk(reverse("admin:study_marks", args=[draft.pk, "screening_frames"]))
    page.wait_for_selector("[data-surface] rect")
    return page


def numbers(page, place=0) -> str:
    return " ".join(
        field.input_value() for field in page.locator("[data-place]").nth(place).locator("input[type=number]").all()
    )


def at(page, surface, x, y):
    box = page.locator("[data-surface]").nth(surface).bounding_box()
    return box["x"] + x * box["width"] / 100, box["y"] + y * box["height"] / 100


def drag(page, surface, start, end):
    page.mouse.move(*at(page, surface, *start))
    page.mouse.down()
    page.mouse.move(*at(page, surface, *end), steps=3)
    page.mouse.up()


def type_in(page, place, frame):
    fields = page.locator("[data-place]").nth(place).locator("input[type=number]").all()
    for field, value in zip(fields, frame.split(), strict=True):
        field.fill(value)


def test_a_frame_is_drawn_moved_stretched_undone_and_stored(editor, draft):
    type_in(editor, 0, "10 10 20 20")
    type_in(editor, 1, "60 60 20 20")
    drag(editor, MAP, (35, 5), (55, 45))
    assert numbers(editor) == "35 5 20 40"
    drag(editor, PHOTOGRAPH, (45, 25), (50, 30))  # the frame stands on both pictures
    assert numbers(editor) == "40 10 20 40"
    drag(editor, PHOTOGRAPH, (60, 50), (70, 40))
    assert numbers(editor) == "40 10 30 30"
    drag(editor, MAP, (70, 70), (75, 75))  # a press on the other frame takes that up
    assert (numbers(editor), numbers(editor, 1)) == ("40 10 30 30", "65 65 20 20")
    drag(editor, MAP, (5, 90), (6, 91))  # too small to be meant
    assert numbers(editor, 1) == "65 65 20 20"
    editor.keyboard.press("Control+z")
    assert numbers(editor, 1) == "60 60 20 20"
    editor.click("[data-redo]")
    assert numbers(editor, 1) == "65 65 20 20"
    editor.click("text=Save")
    editor.wait_for_selector(".messagelist")
    draft.refresh_from_db()
    assert draft.parameters["screening_frames"][0][2:] == ["40 10 30 30", "65 65 20 20"]


def test_overlapping_frames_are_told_and_the_maps_own_are_a_click_away(editor):
    usual = numbers(editor), numbers(editor, 1)
    assert all(map(read_frame, usual))
    type_in(editor, 1, numbers(editor))
    assert editor.locator("[data-overlap]").first.inner_text() == "The frames overlap."
    editor.locator("[data-as-map]").first.click()
    assert (numbers(editor), numbers(editor, 1)) == usual
    assert editor.locator("[data-overlap]").first.inner_text() == ""


def test_a_finger_draws_as_a_mouse_does(editor):
    type_in(editor, 0, "60 60 20 20")
    type_in(editor, 1, "80 80 10 10")
    x, y = at(editor, MAP, 10, 20)
    to_x, to_y = at(editor, MAP, 40, 50)
    session = editor.context.new_cdp_session(editor)
    for kind, points in (("Start", [(x, y)]), ("Move", [(to_x - 5, to_y - 5)]), ("Move", [(to_x, to_y)]), ("End", [])):
        touches = [{"x": left, "y": top} for left, top in points]
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": touches})
    assert numbers(editor) == "10 20 30 30"


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(editor, size):
    editor.set_viewport_size({"width": size[0], "height": size[1]})
    found = Axe().run(editor).response["violations"]
    assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == []
    assert sideways(editor) <= 0
