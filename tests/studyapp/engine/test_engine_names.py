"""The engine knows no study: none of its sources names a kind, one of its factors or one of its pages."""

import ast
from pathlib import Path

import pytest

from studyapp.core.engine import shared_pages
from studyapp.core.engine.kinds import kinds

APP = Path(shared_pages.__file__).resolve().parents[2]
ROOMS = (
    "core/engine", "core/export", "core/coding", "run", "data", "publishing", "desk", "api", "simulation", "coding",
    "jobs",
)  # fmt: skip
# Words that some kind also has, but that mean something of the engine's own here.
OWN = {
    "method": "a column of every export and every bundle: which explanation was shown",
    "scores": "a column of every stored response: what its answer was worth",
    "block": "a column of every export: where a step stands in the design",
    "group": "a column of every run: what a link says of the participant",
    "stage": "what a coder's code, a pair's settling or a bar of the dashboard has reached",
    "choose": "a step of settling a bundle's confusable pairs",
}
SHARED = {shared_pages.information, shared_pages.eligibility, shared_pages.consent, shared_pages.attention}


def names() -> set[str]:
    """Return what a study may be known by: its kind, a factor, a page of its own."""
    own = {kind.name for kind in kinds().values()}
    own |= {factor.name for kind in kinds().values() for factor in kind.factors}
    return own | {page.name for kind in kinds().values() for page in kind.pages}


def said(source: str) -> set[str]:
    """Return the constant texts of a module."""
    nodes = ast.walk(ast.parse(source))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def offences() -> dict[str, set[str]]:
    """Return by module which names stand in it; the pages that are shared are named where they are declared."""
    forbidden, found = names() - set(OWN), {}
    for path in sorted(path for room in ROOMS for path in (APP / room).rglob("*.py")):
        declared = {make.__name__ for make in SHARED} if path.name == "shared_pages.py" else set()
        if named := said(path.read_text(encoding="utf-8")) & forbidden - declared:
            found[path.relative_to(APP).as_posix()] = named
    return found


def test_no_source_of_the_engine_names_a_kind_a_factor_or_a_page():
    assert offences() == {}


@pytest.mark.parametrize("word", sorted(OWN))
def test_every_word_that_is_allowed_is_needed(word):
    """An allowance that nothing needs any more is a hole: it goes with its reason."""
    sources = [path.read_text(encoding="utf-8") for room in ROOMS for path in (APP / room).rglob("*.py")]
    assert word in names()
    assert any(word in said(source) for source in sources)


def test_a_name_in_a_source_would_be_found():
    assert {"heatmap", "trial"} <= names() & said("before, page = factors.get('heatmap'), step['trial']")
