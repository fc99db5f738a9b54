"""From the study that researchers edit to the frozen version that participants meet."""

import hashlib
import json
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
        "parameters": its_kind.defaults() | study.parameters,
        "texts": its_kind.texts() | study.texts,
        "conditions": [{"name": cell.name, "factors": cell.factors} for cell in study.conditions.all()],
        "bundle": {"name": study.bundle.name, "sha256": study.bundle.sha256},
        "payment": {
            "currency": study.currency,
            "reward_base": str(study.reward_base),
            "reward_bonus": str(study.reward_bonus),
            "reward_partial": str(study.reward_partial),
        },
    }
    record["stimuli"] = study.stimuli or drawn_stimuli(record, study.bundle)
    return record


def drawn_stimuli(record: dict, bundle: models.Bundle) -> dict:
    """Return the stimuli that a definition's seed draws."""
    draw = kind(record["kind"]).part("stimuli:draw")
    return draw(record, reader(bundle), Random(record["seed"]))


def content_hash(record: dict) -> str:
    """Return the SHA-256 of a definition's canonical JSON."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def problems(study: models.Study) -> list[str]:
    """Return what is missing before the study can be published, one sentence each; empty when it is ready."""
    if study.bundle is None:
        return ["No bundle of heatmaps is attached. Load one, then choose it under “Bundle”."]
    found = []
    cells = list(study.conditions.all())
    if not cells:
        found.append("There is no condition. Add at least one.")
    elif not any(cell.open for cell in cells):
        found.append("Every condition is closed: nobody could be assigned.")
    its_kind = kind(study.kind)
    found += parameters.problems(its_kind, study.parameters)
    found += _unknown_texts(study.texts, its_kind.texts())
    if found:
        return found
    try:
        record = definition(study)
    except ValueError as error:
        return [str(error)]
    return its_kind.part("stimuli:check")(record, reader(study.bundle))


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
    """Return a version with its bundle, read once per process: versions never change, nor may the caller change it."""
    return models.Version.objects.select_related("bundle").get(pk=pk)


def frozen(version: models.Version) -> dict:
    """Return a version's definition, read once per process."""
    return read_version(version.pk).definition


def _unknown_texts(edited: dict, known: dict) -> list[str]:
    return [
        f"Unknown text “{name}”; expected one of {', '.join(sorted(known))}." for name in edited if name not in known
    ]
