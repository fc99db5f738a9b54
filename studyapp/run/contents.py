"""What the page of a step shows, made once for all to whom it shows the same, and kept in this process."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from studyapp import models
from studyapp.bundles.drawing import heatmap_url
from studyapp.bundles.stimuli import reader, stimulus_url
from studyapp.core.bundles.bundle import Heatmap
from studyapp.core.engine.contexts import context_of
from studyapp.core.engine.run import Answered, Run
from studyapp.core.heatmaps.displays import FACTOR, display_of, rendering_of
from studyapp.core.questionnaires.pages import kind_of
from studyapp.publishing import frozen, language_of, read_version, shown_to
from studyapp.run import sessions
from studyapp.run.keeping import Kept
from studyapp.speaking import spoken

PAGES = 1_000  # kept in a process; those asked for longest ago go first
PLACE = ("key", "trial_index", "goto")  # of a trial's step: where it stands in a run, not what its page shows


@dataclass(frozen=True)
class Content:
    """What a page's context function built, and the addresses of all `images` that it asked for, in order.

    `name` is the same for whatever shows the same; it is empty where something of the run itself is shown.
    """

    context: dict[str, Any]
    images: list[str]
    name: str


@dataclass
class _Asked:
    """What a page's context function asks of a run while it builds."""

    participant: models.Participant
    images: set[str] = field(default_factory=set)
    answers: bool = False

    def answered(self) -> list[Answered]:
        self.answers = True
        return sessions.answered(self.participant)

    def address(self, address_of: Callable[..., str]) -> Callable[..., str]:
        def noted(*what: Any) -> str:
            self.images.add(address := address_of(*what))
            return address

        return noted


_kept: Kept[Content] = Kept(PAGES)


def of_step(participant: models.Participant, step: dict[str, Any]) -> Content:
    """Return what the page of a run's step shows: its kept content, which nobody may change, or a new one."""
    name = _name(participant, step)
    if (known := _kept.get(name)) is not None:
        return known
    made = _made(participant, step, name)
    if made.name:
        _kept.keep(name, made)
    return made


def name_of(content: Content, *around: Any) -> str:
    """Return a name for a content within what stands `around` it on its page; empty where it has none itself."""
    return _digest(content.name, *around) if content.name else ""


def _name(participant: models.Participant, step: dict[str, Any]) -> str:
    version = read_version(participant.version_id)
    in_trial = step.get("trial_index") is not None  # words that vary within people may be those of trials alone
    shown = {key: value for key, value in step.items() if key not in PLACE} if in_trial else step
    study = (version.pk, version.content_hash, version.bundle.salt)
    return _digest(spoken(), language_of(participant), study, participant.cell.factors, shown, in_trial)


def _digest(*of: Any) -> str:
    return hashlib.sha256(json.dumps(of).encode()).hexdigest()


def _made(participant: models.Participant, step: dict[str, Any], name: str) -> Content:
    study_kind = kind_of(frozen(participant.version))
    build, asked = context_of(study_kind, study_kind.page(step["page"])), _Asked(participant)
    context = build(step, _run(participant, step, asked))
    return Content(context, sorted(asked.images), "" if asked.answers else name)


def _run(participant: models.Participant, step: dict[str, Any], asked: _Asked) -> Run:
    """Return the run as a page's context function sees it, in the words of its condition and of the step."""
    bundle = participant.version.bundle
    return Run(
        definition=shown_to(participant, step),
        factors=participant.cell.factors,
        bundle=reader(bundle),
        stimulus_url=asked.address(partial(stimulus_url, bundle)),
        heatmap_address=asked.address(partial(_heatmap_address, participant.version)),
        answered=asked.answered,
        say=_,
        level=step.get(FACTOR, ""),
    )


def _heatmap_address(version: models.Version, node: Heatmap, level: str) -> str:
    """Return the address of a map's picture as the version shows it, by one of its displays where it has several."""
    definition = frozen(version)
    display = display_of(definition, node.method, level)
    return heatmap_url(version.bundle, node, display, rendering_of(definition))
