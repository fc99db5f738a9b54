"""The yes/no statements in a screening text: lines `- [x] a true one` and `- [ ] a false one`."""

import re

LINE = re.compile(r"^\s*[-*] \[([ xX])\] (.+?)\s*$", re.MULTILINE)


def statements(text: str) -> list[dict]:
    """Return the statements of a text in order, each `{"text", "right"}`; `right` is whether it is true."""
    return [{"text": found[2], "right": found[1] != " "} for found in LINE.finditer(text)]


def without_statements(text: str) -> str:
    """Return the text that stands around the statements."""
    return LINE.sub("", text).strip()
