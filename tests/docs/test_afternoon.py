"""The afternoon's page and the benchmark that walks it tell the same: what is pressed, pasted and pictured."""

import inspect
import re

import pytest

from benchmarks import afternoon, ten_minutes
from tests.docs.pages import DOCS

TEXT = (DOCS / "afternoon.md").read_text(encoding="utf-8")
BENCHMARK = inspect.getsource(afternoon)
WALK = "".join(map(inspect.getsource, (ten_minutes.begun, ten_minutes.publish, afternoon)))
LABELS = r'(?:name=|get_by_label\()"([^"]+)"'
NAMED = {*re.findall(LABELS, WALK), ten_minutes.PLANS["forward_simulation"].start} - {"The study's pages"}
TOLD = set(re.findall(r"\*\*(.+?)\*\*", TEXT))


@pytest.mark.parametrize("name", sorted(NAMED - {"Remove, row"}))
def test_the_page_tells_what_the_benchmark_presses(name):
    assert any(told.startswith(name) for told in TOLD)


@pytest.mark.parametrize("told", sorted(TOLD))
def test_the_benchmark_presses_what_the_page_tells(told):
    assert told in NAMED


@pytest.mark.parametrize("given", [afternoon.TRUST, afternoon.SLIDER])
def test_what_is_pasted_is_on_the_page(given):
    assert "\n".join(f"   {line}" for line in given.splitlines()) in TEXT


def test_the_pictures_are_those_that_the_benchmark_keeps():
    shown = re.findall(r"\(images/afternoon-(\w+)\.webp\)", TEXT)
    assert shown == re.findall(r'\bseen\("(\w+)"', BENCHMARK)
    assert {path.stem for path in (DOCS / "images").glob("afternoon-*")} == {f"afternoon-{name}" for name in shown}
