"""Masks drawn by mouse and by keys in a real browser."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from PIL import Image

from studyapp.bundles import masks, stimuli
from tests import loaded
from tests.bundles import write_bundle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIDE = 96


@pytest.fixture
def record(make_study):
    return loaded.load(write_bundle, "to-draw-on", size=SIDE)


@pytest.fixture
def editor(desk, record):
    """The page of the first image, drawn and fitted."""
    image_id = next(iter(stimuli.reader(record).images))
    page = desk(reverse("admin:mask", args=[record.pk, image_id]))
    page.wait_for_selector("#hw-canvas[data-zoom]")
    return page


def point(page, x, y):
    """Return where a pixel of the image lies on the screen."""
    box = page.locator("#hw-canvas").bounding_box()
    return box["x"] + x * box["width"] / SIDE, box["y"] + y * box["height"] / SIDE


def inside(page):
    return int(page.get_attribute("#hw-canvas", "data-inside"))


def stored(page, record):
    page.click("#hw-save")
    page.get_by_text("Saved:").wait_for()
    (path,) = masks.folder_of(record).glob("*.png")
    with Image.open(path) as picture:
        return np.array(picture) > 0


def test_a_polygon_by_mouse_is_stored_pixel_by_pixel(editor, record):
    for corner in ((20, 20), (60, 20), (60, 50), (20, 50)):
        editor.mouse.click(*point(editor, *corner))
    editor.mouse.click(*point(editor, 20, 20))
    found = stored(editor, record)
    assert found[22:48, 22:58].all()
    assert abs(found.sum() - 40 * 30) <= 80


def test_a_brush_stroke_is_undone_redone_and_erased(editor):
    editor.check("[value=brush]")
    editor.mouse.move(*point(editor, 20, 40))
    editor.mouse.down()
    editor.mouse.move(*point(editor, 70, 40), steps=4)
    editor.mouse.up()
    drawn = inside(editor)
    assert drawn == pytest.approx(50 * 12 + np.pi * 36, rel=0.1)
    editor.click("#hw-undo")
    assert inside(editor) == 0
    editor.keyboard.press("Control+y")
    assert inside(editor) == drawn
    editor.check("#hw-erase")
    editor.mouse.click(*point(editor, 45, 40))
    assert inside(editor) < drawn


def test_everything_works_by_keys_alone(editor, record):
    editor.focus("#hw-canvas")
    zoom = float(editor.get_attribute("#hw-canvas", "data-zoom"))
    editor.keyboard.press("+")
    assert float(editor.get_attribute("#hw-canvas", "data-zoom")) > zoom
    editor.keyboard.press("0")
    assert float(editor.get_attribute("#hw-canvas", "data-zoom")) == zoom
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        editor.keyboard.press("Space")
        for _ in range(2):
            editor.keyboard.press(f"Shift+{key}")
    editor.keyboard.press("Space")
    editor.keyboard.press("Enter")
    assert inside(editor) == 400
    editor.keyboard.press("Control+z")
    assert inside(editor) == 0
    editor.keyboard.press("Control+Shift+z")
    assert stored(editor, record)[48:68, 48:68].all()


def test_a_stored_mask_is_there_again_after_a_reload(editor, record):
    editor.check("[value=brush]")
    editor.mouse.click(*point(editor, 30, 30))
    before = stored(editor, record).sum()
    editor.reload()
    editor.wait_for_selector("#hw-canvas[data-zoom]")
    assert inside(editor) == before


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)])
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(editor, size):
    editor.set_viewport_size({"width": size[0], "height": size[1]})
    found = Axe().run(editor).response["violations"]
    assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == []
    assert editor.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
