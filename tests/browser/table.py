"""Walk every kind of study in every engine by every way of acting, and write what came of it into docs/browsers.md.

    python -m tests.browser.table

Each cell is a whole session that was stored, in a browser of this machine, on the day that the table names.
"""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from studyapp.core.engine.kinds import kinds

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "browsers.md"
BEGIN, END = "<!-- walks: python -m tests.browser.table -->", "<!-- /walks -->"
WALKS = ("tests/browser/runs/test_engines.py", "tests/browser/runs/test_scripts.py")
OPTIONS = ("-p", "no:cacheprovider", "-o", "junit_family=xunit1")  # the family that keeps what a test notes
CHOSEN = "test_a_whole_session_is_stored or test_without_scripts_a_whole_session_is_stored"
NAME = re.compile(r"test_a_whole_session_is_stored\[(?P<engine>[\w-]+?)-(?P<kind>[a-z_]+)-(?P<mode>[a-z]+)\]")
PLAIN = re.compile(r"test_without_scripts_a_whole_session_is_stored\[(?P<kind>[a-z_]+)\]")
TOUCH = "chromium-touch"
MODES = {
    "mouse": "mouse, pressing",
    "drag": "mouse, dragging",
    "touch": "touch",
    "keyboard": "keyboard",
    "plain": "no scripts",
}
ENGINES = {"chromium": "Chromium", "firefox": "Firefox", "webkit": "WebKitGTK"}
MARKS = {"passed": "✓", "failed": "✗", "no board": "–", "skipped": "not run"}

Cells = dict[tuple[str, str, str], str]


def walked(report: ElementTree.Element) -> tuple[Cells, dict[str, str]]:
    """Return how each walk of a test report ended, by engine, kind and mode; and the engines' versions."""
    cells: Cells = {}
    versions: dict[str, str] = {}
    for case in report.iter("testcase"):
        if found := NAME.fullmatch(case.get("name", "")):
            engine, kind, mode = found["engine"], found["kind"], found["mode"]
        elif found := PLAIN.fullmatch(case.get("name", "")):
            engine, kind, mode = "chromium", found["kind"], "plain"
        else:
            continue
        if engine == TOUCH:
            engine, mode = "chromium", "touch" if mode == "mouse" else ""
        cells[engine, kind, mode] = _outcome(case)
        for said in case.iterfind("properties/property[@name='version']"):
            versions[engine] = said.get("value", "")
    return cells, versions


def _outcome(case: ElementTree.Element) -> str:
    if (skipped := case.find("skipped")) is not None:
        return "no board" if "no board" in (skipped.get("message") or "") else "skipped"
    return "failed" if case.find("failure") is not None or case.find("error") is not None else "passed"


def table(cells: Cells, versions: dict[str, str], day: str) -> str:
    """Return the walks as a table of Markdown: a row for each engine and kind, a column for each mode."""
    lines = [f"Walked on {day}.", "", f"| browser | kind of study | {' | '.join(MODES.values())} |"]
    lines.append("|---" * (2 + len(MODES)) + "|")
    for engine, title in ENGINES.items():
        for name, kind in sorted(kinds().items()):
            marks = [MARKS[cells.get((engine, name, mode), "skipped")] for mode in MODES]
            lines.append(f"| {title} {versions.get(engine, '')} | {kind.title} | {' | '.join(marks)} |")
    return "\n".join(lines)


def put(page: str, text: str) -> str:
    """Return the page with `text` between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def main() -> int:
    """Walk and write; the exit code is pytest's."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "walks.xml")
        command = [sys.executable, "-m", "pytest", *WALKS, "-k", CHOSEN, f"--junitxml={path}", *OPTIONS]
        code = subprocess.run(command, cwd=ROOT, env=os.environ | {"HEATWISE_WALKS": "all"}).returncode
        cells, versions = walked(ElementTree.parse(path).getroot())
    today = f"{datetime.now(UTC):%-d %B %Y}"
    PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), table(cells, versions, today)), encoding="utf-8")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
