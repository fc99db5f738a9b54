"""A participant's run as the kinds' pages see it: plain data, read-only."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from studyapp.core.bundles.bundle import Bundle, Heatmap
from studyapp.core.heatmaps.displays import display_of, levels_met
from studyapp.core.heatmaps.legends import legend
from studyapp.core.heatmaps.reading import reading, to_say
from studyapp.core.texts import render

from .kinds import kind
from .payment import money

__all__ = ["Answered", "Run", "called", "to_say"]
SEVERAL = to_say("Heatmaps are drawn in more than one way here. What stands beside them says which it is.")


def called(definition: dict[str, Any], class_name: str) -> str:
    """Return what a study, as its participants read it, calls a class; the bundle's own name unless it says another."""
    names: dict[str, str] = definition.get("class_names", {})
    return names.get(class_name, class_name)


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
    `level` names the display of the page, where the study has several. Whoever doesn't call `answered()` builds the
    same for everybody at such a step, so it is kept: where a trial stands (its `key`, its `trial_index`) mustn't show.
    """

    definition: dict[str, Any]
    factors: dict[str, str]
    bundle: Bundle
    stimulus_url: Callable[[str], str]
    heatmap_address: Callable[[Heatmap, str], str]
    answered: Callable[[], list[Answered]]
    say: Callable[[str], str] = str
    level: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        found: dict[str, Any] = self.definition["parameters"]
        return found

    def called(self, class_name: str) -> str:
        """Return what participants of this study and language call a class of the bundle."""
        return called(self.definition, class_name)

    def text(self, key: str, **values: object) -> str:
        """Return one of the study's texts as safe HTML, its `{placeholders}` filled in."""
        payment = self.definition["payment"]
        base = {"base": money(payment["reward_base"], payment["currency"])}
        return render(self.definition["texts"][key], payment | self.parameters | base | self._fillings | values)

    @cached_property
    def _fillings(self) -> dict[str, object]:
        known = kind(self.definition["kind"]).own("pages:fillings")
        return dict(known(self)) if known else {}

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

    def legend(self, method: str) -> dict[str, Any]:
        """Return what the legend of a method's heatmaps shows."""
        return legend(display_of(self.definition, method, self.level), signed=self._is_signed(method))

    def reading(self, method: str, label: str = "") -> str:
        """Return how to read a method's heatmaps, as Markdown: by every display that this run's participant meets."""
        levels = levels_met(self.definition, self.factors)
        shown = dict.fromkeys(display_of(self.definition, method, level) for level in levels)
        sentences = [reading(one, self.say, signed=self._is_signed(method), label=label) for one in shown]
        if len(sentences) > 1:
            sentences.insert(0, self.say(SEVERAL))
        return "\n\n".join(sentences)

    def _is_signed(self, method: str) -> bool:
        return bool(self.bundle.methods.get(method, {}).get("signed"))
