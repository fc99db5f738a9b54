"""The report in a real browser: nothing serious for axe, nothing beside the screen, its tables on paper."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.analysis import factory

pytest.importorskip("pandas")
pytestmark = pytest.mark.browser
SIZES = [(1280, 720), (1024, 768), (640, 360)]  # the last is the first at a zoom of 200 %


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The page of a report with codes, flagged people and a warning about the sample."""
    from analysis.cli import main

    folder = factory.forward_simulation(tmp_path_factory.mktemp("study") / "export", n=24, bots=True)
    hasty = {"participant": "p00003", "rt_ms": "9"}
    factory.rewrite(folder, "trials", lambda rows: [
        row | hasty if row["participant"] == hasty["participant"] else row for row in rows
    ])  # fmt: skip
    assert main(["report", str(folder), "--out", str(folder.parent / "report")]) == 0
    return folder.parent / "report" / "report.html"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(page, report, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((table) => { table.open = true; })")
    found = Axe().run(page).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_the_contents_stay_in_sight_and_lead_to_their_sections(page, report):
    page.emulate_media(reduced_motion="reduce")
    page.goto(report.as_uri())
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Response time").click()
    assert page.get_by_role("heading", name="Response time", exact=True).bounding_box()["y"] < 400
    assert page.get_by_role("link", name="Data and software").is_visible()
    assert 0 <= page.get_by_role("link", name="Findings").bounding_box()["y"] < 720


def test_on_paper_every_table_is_open(page, report):
    page.goto(report.as_uri())
    folded = page.locator("details:not([open]) table").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    assert not page.get_by_role("navigation", name="Contents").is_visible()
