"""Take pictures in docs/images anew: `python -m benchmarks.pictures [NAME …]`, after the desk or a board has changed.

The demo's studies are served from a folder of their own; bots and made-up runs fill them, one run is walked in the
browser; then each page is photographed at 1280x720 and kept at three quarters of that, as WebP.
"""

import argparse
import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from studyapp.core.chromium import launch

from .counting.setting_up import PASSWORD, USER
from .serving.servers import ROOT, desk

OUT = ROOT / "docs" / "images"
SHOWN = "form#step:not([data-waiting])"
CODES = {
    "ears": "saliency_feature",
    "legs": "saliency_feature",
    "tail": "saliency_feature",
    "background": "general_attribute",
}
SIZE = {"width": 1280, "height": 720}
SCALE, QUALITY = 0.75, 80


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PICTURES)}; all, where none is named")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    if unknown := set(options.names) - PICTURES.keys():
        parser.error(f"no picture is called {', '.join(sorted(unknown))}")
    options.out.mkdir(parents=True, exist_ok=True)
    with desk(USER, PASSWORD) as server, sync_playwright() as playwright:
        _fill(server)
        browser = launch(playwright)
        page = browser.new_page(base_url=f"http://127.0.0.1:{server.port}")
        page.set_default_timeout(120_000)
        _sign_in(page)
        for name in (name for name in PICTURES if name in (options.names or PICTURES)):  # walks sign out in the end
            page.set_viewport_size(SIZE)
            PICTURES[name](page)
            keep(page, options.out / f"{name}.webp")
            print(name, file=sys.stderr)
        browser.close()


def _fill(server) -> None:
    server.run("manage.py", "demo", "--prepare-only")
    server.run("-m", "benchmarks.dashboard", "--participants", "90", "--into", "scenes")
    server.run("manage.py", "simulate", "scenes", "--participants", "12", "--bot", "p=0.75", "--seed", "1")


def _sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def keep(page: Page, path: Path) -> None:
    """Keep a picture of what a page shows, in the pictures' size."""
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    size = [round(SCALE * length) for length in picture.size]
    picture.resize(size, Image.Resampling.LANCZOS).save(path, quality=QUALITY, method=6)


def _study(page: Page, title: str, tab: str) -> None:
    """Go to one of a study's pages by the links that lead there."""
    page.goto("/admin/")
    page.get_by_role("link", name=title, exact=True).click()
    page.get_by_role("navigation", name="The study's pages").get_by_role("link", name=tab, exact=True).click()


def _bundle(page: Page, name: str, tab: str) -> None:
    page.goto("/admin/studyapp/bundle/")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name=tab, exact=True).click()


def gallery(page: Page) -> None:
    _bundle(page, "scenes", "Gallery")


def setup(page: Page) -> None:
    _study(page, "Predicting what a computer sees", "Set up")


def stages(page: Page) -> None:
    _study(page, "Sorting look-alikes", "Set up")
    page.get_by_role("navigation", name="Sections of Set up").get_by_role("link", name="Parameters").click()
    page.locator(".hw-rows").first.evaluate("rows => rows.closest('fieldset').scrollIntoView()")


def stimuli(page: Page) -> None:
    _study(page, "Predicting what a computer sees", "Stimuli")


def dashboard(page: Page) -> None:
    _study(page, "Predicting what a computer sees", "Dashboard")


def replay(page: Page) -> None:
    """A trial that was just answered in this very browser, with an example looked at and a look elsewhere."""
    _to_trial(page)
    page.locator(".example button, [data-enlarge]").first.click()
    page.wait_for_timeout(1500)
    page.keyboard.press("Escape")
    page.wait_for_timeout(5500)
    _answer(page)
    page.goto("/admin/studyapp/participant/")
    page.locator("#result_list tbody th a").first.click()
    page.get_by_role("link", name="Replay", exact=True).click()
    page.get_by_role("link", name="trial-01").click()
    page.frame_locator("iframe").locator(SHOWN).wait_for()
    page.set_viewport_size({"width": 1280, "height": 1240})


def trial(page: Page) -> None:
    """A trial with heatmaps and scores: participants come until one is assigned to such a condition."""
    while not (page.locator(".card .heat").count() and page.locator(".card .chart").count()):
        page.context.clear_cookies()
        _to_trial(page)


def _to_trial(page: Page) -> None:
    page.goto("/s/scenes/")
    page.locator("button.primary").click()
    page.wait_for_selector(SHOWN)
    while not page.locator("main.trial").count():
        _answer(page)


def matching(page: Page) -> None:
    """A guess, one of the two labels in its box."""
    page.goto("/s/birds/")
    page.locator("button.primary").click()
    page.wait_for_selector(SHOWN)
    while not page.locator("[data-label]").count():
        _answer(page)
    page.locator("[data-label]").first.click()
    page.locator("[data-box=A] .place").click()
    page.wait_for_timeout(500)


def _answer(page: Page) -> None:
    """Answer whatever is asked on a page, the first choice throughout, and go on."""
    before = page.locator("#step input[name=token]").input_value()
    for question in page.locator("#step fieldset.question").all():
        question.locator("label.option").first.click()
    for box in page.locator("#step input[type=checkbox]").all():
        box.check(force=True)
    for field in page.locator("#step textarea").all():
        field.fill("ears, tail")
    page.locator("#step .primary").click()
    page.wait_for_function("old => document.querySelector('#step input[name=token]')?.value !== old", arg=before)
    page.wait_for_selector(SHOWN)


def clustering(page: Page) -> None:
    """The board of the stage with an explanation network, one map chosen, some pictures sorted."""
    _to_network(page)
    _sort(page, 6)
    page.locator("[data-switch='3']").click()
    page.mouse.move(640, 620)


def comparing(page: Page) -> None:
    """All maps of every picture side by side."""
    _to_network(page)
    page.locator("[data-compare=all]").click()


def _to_network(page: Page) -> None:
    page.goto("/s/clustering/")
    page.locator("button.primary").click()
    page.wait_for_selector(SHOWN)
    while not page.locator("[data-switch='3']").count():
        _sort(page, 10)
        _answer(page)


def _sort(page: Page, n: int) -> None:
    """Put the first pictures of a board, if the page has one, into its groups by turns."""
    for number in range(1, min(n, page.locator(".card[data-picture]").count()) + 1):
        page.locator(f".card[data-picture='{number}'] .photo").focus()
        page.keyboard.press("abcd"[number % 4])


def coding(page: Page) -> None:
    _study(page, "Predicting what a computer sees", "Coding")
    page.get_by_role("link", name="Code").first.click()
    for name, kind in CODES.items():
        page.locator("#hw-new-name").fill(name)
        page.locator(f"[name=kind][value={kind}]").check()
        page.get_by_role("button", name="Add").click()
        page.locator("#hw-codes button", has_text=name).wait_for()
    for key in ("1", "Enter", "2", "Enter", "1", "3"):
        page.locator("#hw-text").focus()
        page.keyboard.press(key)
        page.wait_for_timeout(300)


def masks(page: Page) -> None:
    _bundle(page, "scenes", "Draw masks")
    box = page.locator("#hw-canvas").bounding_box()
    for across, down in ((0.45, 0.5), (0.7, 0.45), (0.72, 0.75), (0.5, 0.8)):
        page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
    page.locator("#hw-canvas").press("Enter")


def pairs(page: Page) -> None:
    _bundle(page, "birds", "Confusable pairs")
    page.get_by_role("button", name="Save my marks").click()
    for stage, button in (("Nominate", "Save my nominations"), ("Vote", "Save my votes")):
        page.get_by_role("navigation", name="Stages").get_by_role("link", name=stage).click()
        for box in page.locator("[name=pair]").all():
            box.check()
        page.get_by_role("button", name=button).click()
    page.get_by_role("navigation", name="Stages").get_by_role("link", name="Choose").click()


PICTURES = {
    make.__name__: make
    for make in (
        gallery,
        setup,
        stages,
        stimuli,
        dashboard,
        coding,
        masks,
        pairs,
        replay,
        trial,
        matching,
        clustering,
        comparing,
    )
}

if __name__ == "__main__":
    main()
