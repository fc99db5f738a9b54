"""The map of the code: every room is on it, and every file that it names is there."""

import re

import pytest

from tests.docs.pages import DOCS

ROOT = DOCS.parent
MAP = (DOCS / "map.md").read_text(encoding="utf-8")
NOT_ROOMS = {"migrations", "management", "templatetags", "postgres", "templates"}  # Django's own places, and files


def section(package: str) -> str:
    """Return what the map says of one package."""
    return re.search(rf"^## `{package}/`.*?(?=^## )", MAP, re.DOTALL | re.MULTILINE)[0]


@pytest.mark.parametrize("package", ["explainers", "studyapp", "analysis"])
def test_every_room_of_a_package_is_on_the_map(package):
    rooms = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")} - NOT_ROOMS
    assert rooms
    assert {room for room in rooms if f"`{room}/" not in section(package)} == set()


def test_every_file_on_the_way_of_an_answer_is_there():
    way = MAP.partition("## The way of one answer")[2]
    named = re.findall(r"`([\w/<>.…]+\.(?:py|js|html))`", way)
    assert len(named) > 12
    places = ("", "studyapp/", "analysis/", "studyapp/studies/forward_simulation/", "static/js/")
    for name in named:
        pattern = re.sub(r"<\w+>|…", "*", name)
        assert any(list(ROOT.glob(f"{place}{pattern}")) for place in places), name
