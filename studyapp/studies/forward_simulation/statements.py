"""The yes/no statements in a screening text: lines `- [x] a true one` and `- [ ] a false one`."""

import re

from studyapp.core.engine.run import called
from studyapp.core.foreign import marked, taken_off

FRAMES = ("inside", "outside")  # the frame with most of the evidence, and the one with least
LINE = re.compile(r"^\s*[-*] \[([ xX])\] (.+?)\s*$", re.MULTILINE)


def statements(text: str) -> list[dict]:
    """Return the statements of a text in order, each `{"text", "right"}`; `right` is whether it is true."""
    language, own = taken_off(text)
    lines = [(found[2], found[1] != " ") for found in LINE.finditer(own)]
    return [{"text": marked(one, language) if language else one, "right": right} for one, right in lines]


def without_statements(text: str) -> str:
    """Return the text that stands around the statements."""
    language, own = taken_off(text)
    around = LINE.sub("", own).strip()
    return marked(around, language) if language else around


def filled(text: str, values: dict[str, str]) -> str:
    """Return a statement with its `{placeholders}` filled in."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def statements_of(definition: dict, about: str, class_name: str, frames: dict[str, str]) -> list[dict]:
    """Return the statements about an example as a study words them; `frames` says what each is called, if any is.

    The statement about frame A comes first.
    """
    found = statements(definition["texts"][f"screening_{about}"])
    found = found[::-1] if frames and frames["inside"] != "A" else found
    values = {"class_name": called(definition, class_name)} | frames
    return [statement | {"text": filled(statement["text"], values)} for statement in found]


def speaks(text: str) -> bool:
    """Return whether a text speaks of the frames on the heatmap."""
    return all(f"{{{name}}}" in text for name in FRAMES)
