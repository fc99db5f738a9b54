"""From an empty installation to a published study, counted: `python -m benchmarks.ten_minutes [--kind NAME]`.

A browser does what a researcher would, for each kind of study: sign in, load a bundle's zip, look at its gallery, start
from a template, choose, look at the stimuli, edit a text beside its preview, set quotas, payment and code, preview each
condition, let bots walk, publish, copy the link. Clicks and keys are counted and weighed as
`benchmarks.counting.keystrokes` says; no person was timed.
"""

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from studyapp.core.chromium import launch

from .counting.keystrokes import READING_S, Person, table
from .counting.setting_up import PASSWORD, PLANS, USER, begun, go_to, publish, save
from .serving.servers import desk


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=PLANS, action="append")
    parser.add_argument("--reading", type=float, default=READING_S, help="seconds for each page met")
    parser.add_argument("--shots", type=Path, help="keep a picture of each page in this folder")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for kind in options.kind or PLANS:
            with desk(USER, PASSWORD) as server, tempfile.TemporaryDirectory() as scratch:
                context = browser.new_context(viewport={"width": 1280, "height": 720})
                context.grant_permissions(["clipboard-read", "clipboard-write"])
                context.set_default_timeout(600_000)
                page = context.new_page()
                person = Person(page)
                link = walk(person, f"http://127.0.0.1:{server.port}", kind, Path(scratch), options.shots)
                print(f"\n{kind}: {link}\n\n{table(person.parts, options.reading)}", flush=True)
                context.close()


def walk(person: Person, address: str, kind: str, scratch: Path, shots: Path | None = None) -> str:
    """Set up and publish a study as its plan says and return the participants' link, as it was copied."""
    plan, page = PLANS[kind], person.page
    tabs = page.get_by_role("navigation", name="The study's pages")

    def seen(name: str, page=page) -> None:
        person.read()
        if shots:
            shots.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=shots / f"{kind}-{name}.png")

    begun(person, address, plan, scratch, seen)
    with person.part("choose from the bundle, see the stimuli"):
        plan.choose(person)
        person.click(tabs.get_by_role("link", name="Stimuli"))
        seen("stimuli")
    with person.part("texts, quotas, payment, code"):
        person.click(tabs.get_by_role("link", name="Set up"))
        go_to(person, "Conditions")
        for quota in page.locator("#conditions-group tr.has_original").get_by_label("Quota").all():
            person.type(quota, str(plan.quota))
        save(person)
        go_to(person, "Texts")
        person.click(page.locator("details.hw-text").first.locator("summary"))
        person.type(page.locator("details.hw-text textarea").first, "# Welcome\n\nIt takes **{minutes}** minutes.")
        person.wait_for(page.locator("details.hw-text [data-shown] strong").first)
        seen("texts")
        person.click(page.get_by_role("button", name="Save, and go on to “Payment”"))
        person.type(page.get_by_label("Reward base"), "6.50")
        person.click(page.get_by_role("button", name="Save, and go on to “Recruitment and codes”"))
        person.type(page.get_by_label("Code completed"), "C1A2B3")
        seen("codes")
        save(person)
    with person.part("preview each condition"):
        go_to(person, "Overview")
        for button in page.get_by_role("button", name="Preview").all():
            with page.context.expect_page() as opened:
                person.click(button)
            opened.value.wait_for_selector("form#step:not([data-waiting])")
            seen("preview", opened.value)
            opened.value.close()
    with person.part("bots"):
        person.click(tabs.get_by_role("link", name="Bots"))
        person.type(page.get_by_label("How many"), "3")
        person.click(page.get_by_role("button", name="Let them walk"))
        person.wait_for(page.get_by_text("3 of 3"))
        seen("bots")
    with person.part("publish, copy the link"):
        publish(person, seen)
        person.click(page.get_by_role("button", name="Copy").first)
        page.get_by_role("button", name="Copied").wait_for()
        seen("published")
    return page.evaluate("navigator.clipboard.readText()")


if __name__ == "__main__":
    main()
