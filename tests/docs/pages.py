"""Read the documentation as its readers do: its code blocks in order, and the files that it says to write."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One code block; `file` is what the line above it names, as in `` `clarity/plan.py`: ``."""

    file: str
    language: str
    text: str


def blocks(page: str, language: str = "") -> list[Block]:
    """Return a page's code blocks, all or those in one language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = [Block(*(part or "" for part in groups)) for groups in BLOCK.findall(text)]
    return [block for block in found if language in ("", block.language)]


def commands(page: str) -> list[str]:
    """Return the commands of a page's shell blocks, comments taken off."""
    lines = [line for block in blocks(page, "sh") for line in block.text.splitlines()]
    return [bare for line in lines if (bare := line.partition("  #")[0].strip()) and not bare.startswith("#")]


def write_files(page: str, folder: Path) -> list[Path]:
    """Write every file that a page spells out below a folder, and return them."""
    written = []
    for block in blocks(page):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            written.append(path)
    return written


def style_problems(files: list[Path], also: str = "") -> str:
    """Return what Ruff says of a page's Python files, by the project's rules and further ones."""
    python = [str(path) for path in files if path.suffix == ".py"]
    rules = ["--extend-select", also] if also else []
    problems = ""
    for command in (["check", *rules], ["format", "--diff"]):
        whole = [sys.executable, "-m", "ruff", *command, "--quiet", "--config", "pyproject.toml", *python]
        problems += subprocess.run(whole, cwd=DOCS.parent, capture_output=True, text=True, check=False).stdout
    return problems
