"""The quick start's commands, one after the other, in an empty place: from nothing to a report."""

import os
import subprocess
import sys

import pytest

from tests.docs.pages import DOCS, commands

ROOT = DOCS.parent


def test_the_quick_start_leads_to_a_report(tmp_path):
    lines = commands("quick_start.md")
    assert lines[0] == "make install"
    said = {line: run(line, tmp_path) for line in lines[1:]}
    table = next(out for line, out in said.items() if "simulate" in line).splitlines()
    assert [row.split()[1:] for row in table if "-" in row.split()[0]] == [["2", "2", "16"]] * 6
    assert (tmp_path / "scenes-report" / "report.html").is_file()


def run(line: str, folder) -> str:
    """Run one of the page's commands as it stands, with this Python, its data and results below `folder`."""
    program, *arguments = line.split()
    assert program == "python"
    if arguments[0] == "manage.py":
        arguments[0] = str(ROOT / "manage.py")
    places = {
        "HEATWISE_DATA": str(folder / "var"),
        "DATABASE_URL": f"sqlite:///{folder}/heatwise.sqlite3",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "default",
    }
    found = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=os.environ | places, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, f"{line}\n{found.stdout}{found.stderr}"
    return found.stdout


@pytest.mark.parametrize("target", ["install", "demo"])
def test_the_make_targets_that_it_names_exist(target):
    assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8")
