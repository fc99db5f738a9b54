"""What the pages of a kind show: by a function of their own, by one that all kinds share, or a text of the study."""

from collections.abc import Callable
from typing import Any

from .kinds import Kind, Page, load
from .particulars import particulars
from .run import Run

Context = Callable[[dict[str, Any], Run], dict[str, Any]]


def context_of(study_kind: Kind, page: Page) -> Context:
    """Return what builds a page's content: the function it names, or the one of its name in the kind's `pages`.

    A page with neither shows the study's text of its name, or nothing where it declares no such text.
    """
    own: Context | None = load(page.context) if page.context else study_kind.own(f"pages:{page.name}")
    return own or (text if page.name in page.texts else nothing)


def text(step: dict[str, Any], run: Run) -> dict[str, Any]:
    """Return the study's text that is called like the page, for a page that is this and its questions."""
    return {"body": run.text(step["page"])}


def nothing(step: dict[str, Any], run: Run) -> dict[str, Any]:
    """Return nothing: the template and the questions say all."""
    return {}


def information(step: dict[str, Any], run: Run) -> dict[str, Any]:
    """Return the information sheet, with who does the study and what becomes of the data."""
    return text(step, run) | {"particulars": particulars(run)}
