"""Places that a study marks on heatmaps, as rows of one of its parameters, so that they can be drawn at the desk."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from studyapp.core.bundles.tables import Heatmap

WRITTEN = re.compile(r"\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})\s*", re.ASCII)


class Frame(NamedTuple):
    """A place on a picture, in percent of its width and height."""

    left: float
    top: float
    width: float
    height: float

    def overlaps(self, other: "Frame") -> bool:
        """Return whether the two share some of the picture."""
        across = self.left < other.left + other.width and other.left < self.left + self.width
        return across and self.top < other.top + other.height and other.top < self.top + self.height

    def written(self) -> str:
        """Return the frame as a parameter's cell, in whole percent, as in “30 40 25 20”."""
        left, top = round(self.left), round(self.top)
        right, bottom = round(self.left + self.width), round(self.top + self.height)
        return f"{left} {top} {right - left} {bottom - top}"


def read_frame(text: str) -> Frame | None:
    """Return the frame written as left, top, width and height in percent, as in “30 40 25 20”; else None."""
    written = WRITTEN.fullmatch(text)
    if not written:
        return None
    frame = Frame(*map(float, written.groups()))
    within = frame.width and frame.height and frame.left + frame.width <= 100 and frame.top + frame.height <= 100
    return frame if within else None


@dataclass(frozen=True)
class Marking:
    """A heatmap on which a study marks places.

    keys     the first cells of its row, which say which heatmap it is
    title    the same in words
    node     the heatmap
    called   what the places are in words, by the columns of the row's other cells
    asked    what participants are asked about the places, each sentence with whether it is true; empty where nothing
             speaks of them
    usual    the places that the map itself tells, by column
    own      those that the study marks; None where it leaves them to the map
    """

    keys: tuple[str, ...]
    title: str
    node: Heatmap
    called: Mapping[str, str]
    asked: tuple[tuple[str, bool], ...]
    usual: Mapping[str, Frame]
    own: Mapping[str, Frame] | None

    @property
    def places(self) -> Mapping[str, Frame]:
        """The places as they are shown."""
        return self.own or self.usual


def rows_of(rows: list[list[str]], markings: list[Marking], drawn: list[dict[str, str]]) -> list[list[Any]]:
    """Return a parameter's rows with what was drawn, a `{column: written place}` for each of the markings.

    Where that is what the map itself tells, the row is left out. Rows of other heatmaps stay as they are.
    """
    known = {marking.keys for marking in markings}
    kept = [row for row in rows if tuple(row[: len(markings[0].keys)]) not in known] if markings else list(rows)
    for marking, places in zip(markings, drawn, strict=True):
        if places != {column: frame.written() for column, frame in marking.usual.items()}:
            kept.append([*marking.keys, *(places[column] for column in marking.usual)])
    return kept
