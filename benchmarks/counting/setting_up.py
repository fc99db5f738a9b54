"""The steps of setting up a study, from signing in to publishing, and what is set up for each kind."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.servers import ROOT

from .keystrokes import Person

BUNDLES = ROOT / "fixtures" / "bundles"
USER, PASSWORD = "ada", "correct horse battery"


@dataclass(frozen=True)
class Plan:
    """What a researcher sets up: from which bundles, from which template, and what is chosen of the bundle."""

    bundles: tuple[str, ...]
    start: str
    choose: Callable[[Person], None]
    quota: int


def go_to(person: Person, section: str) -> None:
    """Go to a section of *Set up*."""
    index = person.page.get_by_role("navigation", name="Sections of Set up")
    person.click(index.get_by_role("link", name=section))


def save(person: Person) -> None:
    """Save the section, and wait until it is."""
    person.click(person.page.get_by_role("button", name="Save", exact=True))
    person.page.get_by_text(": saved.").wait_for()


def begun(person: Person, address: str, plan: Plan, scratch: Path, seen: Callable[[str], None]) -> None:
    """Sign in, load the plan's bundle and start a study from its template; `seen` is told of each page by its name."""
    archive, page = zipped(plan.bundles, scratch), person.page
    page.goto(f"{address}/admin/")
    with person.part("sign in"):
        person.type(page.get_by_label("Username"), USER)
        person.type(page.get_by_label("Password"), PASSWORD)
        person.click(page.get_by_role("button", name="Sign in"))
        seen("empty")
    with person.part("load the bundle, see its gallery"):
        person.click(page.get_by_role("link", name="Load a bundle"))
        seen("load")
        person.choose_file(page.get_by_label("A zip"), str(archive))
        person.click(page.get_by_role("button", name="Load"))
        page.wait_for_url("**/gallery/")
        seen("gallery")
    with person.part("new study from a template"):
        person.click(page.get_by_role("link", name="New study with this bundle"))
        seen("new")
        person.type(page.get_by_label("Title"), "What does it see?")
        person.click(page.get_by_text(plan.start))
        person.click(page.get_by_role("button", name="Save"))
        seen("study")


def publish(person: Person, seen: Callable[[str], None]) -> None:
    """Publish a study; where the audit of its heatmaps is red, read what it found and accept it."""
    page = person.page
    person.click(page.get_by_role("navigation", name="The study's pages").get_by_role("link", name="Set up"))
    person.click(page.get_by_role("link", name="Publish"))
    seen("publish")
    accepts = page.get_by_label("Participants may meet this all the same.")
    if not accepts.count():  # its audit may be made by now or not
        person.click(page.get_by_role("button", name="Publish"))
    if accepts.count():
        seen("accept")
        person.click(accepts)
        person.click(page.get_by_role("button", name="Publish"))


def zipped(bundles: tuple[str, ...], scratch: Path) -> Path:
    """Return a zip of one bundle's folder, or of a folder with several."""
    folder = scratch / "-".join(bundles)
    for name in bundles:
        shutil.copytree(BUNDLES / name, folder / name if len(bundles) > 1 else folder)
    return Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name))


def _ticking(parameter: str, *names: str) -> Callable[[Person], None]:
    """Return what ticks values of the bundle, or takes them away, under the study's parameters.

    The demo's scenes have heatmaps of two classes alone: choosing there is to take one away and back.
    """

    def tick(person: Person) -> None:
        go_to(person, "Parameters")
        for name in names:
            person.click(person.page.locator(f"[name=parameter__{parameter}][value='{name}']"))
        save(person)

    return tick


PLANS = {
    "forward_simulation": Plan(
        ("scenes",), "Forward simulation, heatmaps alone.", _ticking("classes", "horse", "horse"), 12
    ),
    "label_matching": Plan(
        ("birds",),
        "Label matching, group asked.",
        _ticking("pairs", "amber gull / slate gull", "rosy gull / hooded gull"),
        20,
    ),
    "clustering": Plan(("cells", "gulls"), "Clustering, main study.", _ticking("datasets", "cells", "gulls"), 30),
}
