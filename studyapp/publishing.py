"""From the study that researchers edit to the frozen version that participants meet."""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random

from studyapp import models
from studyapp.core import parameters
from studyapp.core.kinds import kind
from studyapp.stimuli import reader


def definition(study: models.Study) -> dict:
    """Return everything of a study that shapes what participants meet and how it is scored, stimuli included."""
    its_kind = kind(study.kind)
    record = {
        "kind": study.kind,
        "slug": study.slug,
        "title": study.title,
        "language": study.language,
        "seed": study.seed,
        "parameters": its_kind.defaults(study.language) | study.parameters,
        "texts": its_kind.texts(study.language) | study.texts,
        "conditions": [{"name": cell.name, "factors": cell.factors} for cell in study.conditions.all()],
        "bundle": {"name": study.bundle.name, "sha256": study.bundle.sha256},
        "payment": {
            "currency": study.currency,
            **{
                name: f"{Decimal(getattr(study, name)):.2f}"
                for name in ("reward_base", "reward_bonus", "reward_partial")
            },
        },
    }
    if study.analysis_plan:
        record["analysis_plan"] = study.analysis_plan
    record["stimuli"] = study.stimuli or drawn_stimuli(record, study.bundle)
    return record


def drawn_stimuli(record: dict, bundle: models.Bundle) -> dict:
    """Return the stimuli that a definition's seed draws."""
    draw = kind(record["kind"]).part("stimuli:draw")
    return draw(record, reader(bundle), Random(record["seed"]))


def content_hash(record: dict) -> str:
    """Return the SHA-256 of a definition's canonical JSON."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Check:
    """One thing a study needs before it can be published: what was found, and what is to mend, in words."""

    title: str
    found: str
    problems: list[str]


def checks(study: models.Study) -> list[Check]:
    """Return everything a study needs before it can be published, in the order in which it is set up."""
    cells = list(study.conditions.all())
    its_kind = kind(study.kind)
    edited = f"edited: {len(study.parameters)} of the parameters, {len(study.texts)} of the texts"
    edited = edited if study.parameters or study.texts else "all by default"
    settings = parameters.problems(its_kind, study.parameters) + _unknown_texts(study.texts, its_kind.texts())
    if not isinstance(study.analysis_plan, dict):
        settings.append("The analysis plan is no JSON object; write one with `python -m analysis plan`.")
    found = [
        _bundle_check(study.bundle),
        Check("Conditions", f"{sum(cell.open for cell in cells)} open of {len(cells)}", _cell_problems(cells)),
        Check("Parameters and texts", edited, settings),
    ]
    if any(check.problems for check in found):
        return [*found, Check("Stimuli", "", ["They are drawn once the rest is ready."])]
    return [*found, Check("Stimuli", "drawn by the study's seed", _stimuli_problems(study))]


def problems(study: models.Study) -> list[str]:
    """Return what is missing before the study can be published, one sentence each; empty when it is ready."""
    *settings, drawn = checks(study)
    return [problem for check in settings for problem in check.problems] or drawn.problems


def freeze(study: models.Study, *, draft: bool = False) -> models.Version:
    """Return the version that holds the study as it is now, written anew unless it is there already.

    Publish only a study without `problems`. A draft is for previews and counts as no version.
    """
    record = definition(study)
    digest = content_hash(record)
    numbered = study.versions.filter(number=0) if draft else study.versions.exclude(number=0)
    known = numbered.filter(content_hash=digest).first()
    if known:
        return known
    latest = 0 if draft else max([0, *study.versions.values_list("number", flat=True)]) + 1
    return models.Version.objects.create(
        study=study, number=latest, content_hash=digest, definition=record, bundle=study.bundle
    )


def publish(study: models.Study) -> models.Version:
    """Freeze a version and open the study to participants. Raises `ValueError` with the first problem."""
    found = problems(study)
    if found:
        raise ValueError(found[0])
    study.current = freeze(study)
    study.status = models.Study.Status.OPEN
    study.save(update_fields=["current", "status"])
    return study.current


@lru_cache(maxsize=64)
def read_version(pk: int) -> models.Version:
    """Return a version with its bundle, read once per process: versions never change, nor may the caller change it.

    Parameters and texts that its kind has gained since it was frozen are there with their defaults, so that a study
    that is under way outlives an update of the software; its hash is that of what was frozen.
    """
    version = models.Version.objects.select_related("bundle").get(pk=pk)
    its_kind, record = kind(version.definition["kind"]), version.definition
    record["parameters"] = its_kind.defaults(record["language"]) | record["parameters"]
    record["texts"] = its_kind.texts(record["language"]) | record["texts"]
    return version


def set_status(study: models.Study, status: models.Study.Status) -> None:
    """Pause, resume or close a published study; runs under way go on."""
    if study.current is None:
        raise ValueError("The study was never published.")
    study.status = status
    study.save(update_fields=["status"])


def edited_since(study: models.Study) -> bool:
    """Return whether the study differs from its current version, so that publishing it again would make a new one."""
    return study.current is not None and content_hash(definition(study)) != study.current.content_hash


def frozen(version: models.Version) -> dict:
    """Return a version's definition, read once per process."""
    return read_version(version.pk).definition


def _bundle_check(bundle: models.Bundle | None) -> Check:
    if bundle is None:
        return Check("Bundle", "", ["No bundle of heatmaps is attached. Load one, then choose it under “Bundle”."])
    return Check("Bundle", f"{bundle.name}, {bundle.n_images} images", [])


def _cell_problems(cells: list[models.Condition]) -> list[str]:
    if not cells:
        return ["There is no condition. Add at least one."]
    return [] if any(cell.open for cell in cells) else ["Every condition is closed: nobody could be assigned."]


def _stimuli_problems(study: models.Study) -> list[str]:
    try:
        record = definition(study)
    except ValueError as error:
        return [str(error)]
    return kind(study.kind).part("stimuli:check")(record, reader(study.bundle))


def _unknown_texts(edited: dict, known: dict) -> list[str]:
    return [
        f"Unknown text “{name}”; expected one of {', '.join(sorted(known))}." for name in edited if name not in known
    ]
