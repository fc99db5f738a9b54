"""A participant's run as the kinds' pages see it: plain data, read-only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studyapp.core.bundles.bundle import Bundle, Heatmap
from studyapp.core.legends import legend
from studyapp.core.texts import render

from .displays import display_of


def to_say(sentence: str) -> str:
    """Mark a constant that `Run.say` will translate, so that the translators' catalogue has it."""
    return sentence


@dataclass(frozen=True)
class Answered:
    """One stored response with the step it answers."""

    step: dict[str, Any]
    answer: dict[str, Any]
    scores: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """What a page's context function may build from.

    `definition` is the frozen study, `factors` the condition's levels, `stimulus_url(path)` the opaque address of a
    bundle's file, `heatmap_address(node, level)` that of a map's picture, `answered()` the responses so far in order
    (asked of the database only when called), `say(sentence)` an English sentence of ours in the study's language.
    `level` names the display of the page, where the study has several.
    """

    definition: dict[str, Any]
    factors: dict[str, str]
    bundle: Bundle
    plan: list[dict[str, Any]]
    position: int
    stimulus_url: Callable[[str], str]
    heatmap_address: Callable[[Heatmap, str], str]
    answered: Callable[[], list[Answered]]
    say: Callable[[str], str] = str
    level: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        found: dict[str, Any] = self.definition["parameters"]
        return found

    def text(self, key: str, **values: object) -> str:
        """Return one of the study's texts as safe HTML, its `{placeholders}` filled in."""
        payment = self.definition["payment"]
        return render(self.definition["texts"][key], payment | self.parameters | values)

    def heatmap_url(self, node: Heatmap) -> str:
        """Return the address of a map's picture, drawn as this page's maps are."""
        return self.heatmap_address(node, self.level)

    def image(self, image_id: str, *, method: str | None = None, class_name: str = "") -> dict[str, Any]:
        """Return what the stimulus component needs: addresses and size of an image and, if asked, of its heatmap."""
        record = self.bundle.images[image_id]
        node = self.bundle.heatmap(image_id, method, class_name) if method else None
        return {
            "url": self.stimulus_url(record["file"]),
            "width": record["width"],
            "height": record["height"],
            "overlay": self.heatmap_url(node) if node else None,
        }

    def legend(self, method: str) -> dict[str, Any] | None:
        """Return what the legend of a method's heatmaps shows."""
        return legend(display_of(self.definition, method, self.level))
