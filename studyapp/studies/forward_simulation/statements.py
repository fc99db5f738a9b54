"""The yes/no statements in a screening text: lines `- [x] a true one` and `- [ ] a false one`."""

import re

FRAMES = ("inside", "outside")  # the frame with most of the evidence, and the one with least
LINE = re.compile(r"^\s*[-*] \[([ xX])\] (.+?)\s*$", re.MULTILINE)


def statements(text: str) -> list[dict]:
    """Return the statements of a text in order, each `{"text", "right"}`; `right` is whether it is true."""
    return [{"text": found[2], "right": found[1] != " "} for found in LINE.finditer(text)]


def without_statements(text: str) -> str:
    """Return the text that stands around the statements."""
    return LINE.sub("", text).strip()


def filled(text: str, values: dict[str, str]) -> str:
    """Return a statement with its `{placeholders}` filled in."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def speaks(text: str) -> bool:
    """Return whether a text speaks of the frames on the heatmap."""
    return all(f"{{{name}}}" in text for name in FRAMES)
