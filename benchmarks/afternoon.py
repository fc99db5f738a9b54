"""A new researcher's afternoon, counted: `python -m benchmarks.afternoon [--pictures]`.

The steps of docs/afternoon.md, from an empty installation to a report read: a bundle, a study from a template, a trust
scale of five items pasted as a table, age and gender, a slider after every trial, a question in free text at the end,
all of it in German as well, bots through it, and the report of their answers. Clicks and keys are counted and weighed
as `benchmarks.counting.keystrokes` says; no person was timed. `--pictures` keeps the page's.
"""

import argparse
import csv
import tempfile
from pathlib import Path

from playwright.sync_api import Locator, sync_playwright

from studyapp.core.chromium import launch

from .counting.keystrokes import READING_S, Person, table
from .counting.setting_up import PASSWORD, PLANS, USER, begun, publish
from .pictures import OUT, SIZE, keep
from .serving.servers import desk

AGREE = "Not at all | Hardly | Rather not | Partly | Rather | Largely | Completely"
TRUST = f"""code;text;scale;reverse;labels
t1;I could rely on the system.;trust;;{AGREE}
t2;The system did what I expected of it.;trust;;{AGREE}
t3;The system misled me.;trust;yes;{AGREE}
t4;I would follow the system’s advice.;trust;;{AGREE}
t5;I knew when the system would fail.;trust;;{AGREE}"""
LABELS_DE = "Gar nicht | Kaum | Eher nicht | Teils | Eher | Größtenteils | Völlig"
GERMAN = dict(zip(AGREE.split(" | "), LABELS_DE.split(" | "), strict=True)) | {
    "What does it see?": "Was sieht er?",
    "I could rely on the system.": "Ich konnte mich auf das System verlassen.",
    "The system did what I expected of it.": "Das System tat, was ich von ihm erwartete.",
    "The system misled me.": "Das System hat mich in die Irre geführt.",
    "I would follow the system’s advice.": "Ich würde dem Rat des Systems folgen.",
    "I knew when the system would fail.": "Ich wusste, wann das System versagen würde.",
    "How sure were you?": "Wie sicher waren Sie?",
    "One last question": "Eine letzte Frage",
    "What did you notice about the heatmaps?": "Was ist Ihnen an den Heatmaps aufgefallen?",
    "balloon": "Ballon",
    "bird": "Vogel",
    "boat": "Boot",
    "car": "Auto",
    "cat": "Katze",
    "horse": "Pferd",
    "house": "Haus",
    "tree": "Baum",
}
SLIDER = "min = 0\nmax = 100\nlow = Not at all\nhigh = Completely"
N_BOTS = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reading", type=float, default=READING_S, help="seconds for each page met")
    parser.add_argument("--pictures", action="store_true", help=f"keep the pictures of docs/afternoon.md in {OUT}")
    options = parser.parse_args()
    with sync_playwright() as playwright, desk(USER, PASSWORD) as server, tempfile.TemporaryDirectory() as scratch:
        browser = launch(playwright)
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(600_000)
        person = Person(page)
        walk(person, f"http://127.0.0.1:{server.port}", Path(scratch), OUT if options.pictures else None)
        print(table(person.parts, options.reading), flush=True)
        browser.close()


def walk(person: Person, address: str, scratch: Path, pictures: Path | None = None) -> None:
    """Do all of it; the last page is the report's."""
    page = person.page

    def seen(name: str, at: Locator | None = None) -> None:
        person.read()
        if at is not None:
            at.scroll_into_view_if_needed()
        if pictures:
            keep(page, pictures / f"afternoon-{name}.webp")

    begun(person, address, PLANS["forward_simulation"], scratch, lambda name: person.read())
    tabs = page.get_by_role("navigation", name="The study's pages")
    with person.part("a trust scale, pasted"):
        person.click(tabs.get_by_role("link", name="Questionnaires"))
        person.read()
        _add(person, "trust", "Your view of the system")
        person.click(page.get_by_role("button", name="Paste a table"))
        person.type(page.get_by_label("The table"), TRUST)
        seen("paste")
        person.click(page.get_by_role("button", name="Add these items"))
        seen("trust", page.get_by_title("Preview"))
        _save(person)
    with person.part("age and gender"):
        _add(person, "about_you", "About you", "right after consent")
        person.click(page.get_by_role("button", name="Insert …"))
        seen("insert")
        person.click(page.get_by_role("button", name="Demographics"))
        while (rows := page.get_by_role("button", name="Remove, row")).count() > 2:
            person.click(rows.last)
        _save(person)
    with person.part("a slider after every trial"):
        _add(person, "sure", "", "after every trial")
        _item(person, "s", "slider", "How sure were you?", SLIDER)
        seen("slider", page.get_by_title("Preview"))
        _save(person)
    with person.part("a question in free text"):
        _add(person, "last", "One last question", "last of all")
        _item(person, "noticed", "text", "What did you notice about the heatmaps?", "long = yes")
        _save(person)
        seen("questionnaires")
    with person.part("German as well"):
        person.click(tabs.get_by_role("link", name="Languages"))
        person.read()
        person.type(page.get_by_label("Another language, by its code"), "de")
        person.click(page.get_by_role("button", name="Add"))
        person.read()
        with page.expect_download() as download:
            person.click(page.get_by_role("link", name="Download as CSV"))
        table_de = scratch / "de.csv"
        download.value.save_as(table_de)
        person.write(_translate(table_de))
        person.choose_file(page.get_by_label("A CSV that came back"), str(table_de))
        person.click(page.get_by_role("button", name="Upload"))
        person.wait_for(page.get_by_text("0 missing"))
        seen("german")
    with person.part("publish"):
        publish(person, lambda name: person.read())
    with person.part("bots"):
        person.click(tabs.get_by_role("link", name="Bots"))
        person.type(page.get_by_label("How many"), str(N_BOTS))
        person.click(page.get_by_role("button", name="Let them walk"))
        person.wait_for(page.get_by_text(f"{N_BOTS} of {N_BOTS}"))
        seen("bots")
    with person.part("the report"):
        person.click(tabs.get_by_role("link", name="Reports"))
        person.read()
        person.click(page.get_by_role("button", name="Make a report of the data as they are now"))
        section = page.frame_locator("iframe").get_by_role("link", name="Questionnaire: Your view of the system")
        person.wait_for(section)
        seen("report")
        person.click(section)


def _translate(path: Path) -> list[str]:
    """Fill in what a table of translations lacks, as its translator would, and return what was written."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *lines = csv.reader(file, delimiter=";")
    source, text, state = head.index("source:en"), head.index("translation:de"), head.index("state")
    missing = {line[source]: line for line in reversed(lines) if line[state] == "missing"}  # one of each will do
    for line in missing.values():
        line[text] = GERMAN[line[source]]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([head, *lines])
    return [line[text] for line in missing.values()]


def _add(person: Person, name: str, title: str, place: str = "") -> None:
    page = person.page
    person.click(page.get_by_role("link", name="Add a questionnaire"))
    person.read()
    person.type(page.get_by_label("Name", exact=True), name)
    if place:
        person.choose(page.get_by_label("Place", exact=True), place)
    if title:
        person.type(page.get_by_label("Title", exact=True), title)


def _item(person: Person, code: str, kind: str, text: str, answers: str) -> None:
    """Fill in the first row of the table of items."""
    row = person.page.locator("#items tbody tr").first
    person.type(row.get_by_label("Code"), code)
    person.choose(row.get_by_label("Type"), kind)
    person.type(row.get_by_label("Question or statement"), text)
    person.type(row.get_by_label("Answers"), answers)


def _save(person: Person) -> None:
    person.click(person.page.get_by_role("button", name="Save"))
    person.page.wait_for_url("**/questionnaires/")


if __name__ == "__main__":
    main()
