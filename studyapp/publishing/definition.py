"""What a study is: everything that shapes what participants meet, as one record with one hash."""

import hashlib
import json
from decimal import Decimal
from random import Random

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.engine.kinds import kind
from studyapp.core.heatmaps import displays

from .wording import translated, wording


def definition(study: models.Study) -> dict:
    """Return everything of a study that shapes what participants meet and how it is scored, stimuli included."""
    study_kind = kind(study.kind)
    record = {
        **wording(study),
        "slug": study.slug,
        "seed": study.seed,
        "conditions": [{"name": cell.name, "factors": cell.factors} for cell in study.conditions.all()],
        "bundle": {"name": study.required_bundle.name, "sha256": study.required_bundle.sha256},
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
    if study.translations:
        record["translations"] = translated(study)
    record["display"] = displays.described(
        reader(study.required_bundle),
        study.display,
        study_kind.usual_display(record["parameters"]),
        max(record["parameters"].get(name, 0) for name in ("photo_px", "map_px")),
    )
    record["stimuli"] = study.stimuli or drawn_stimuli(record, study.required_bundle)
    return record


def drawn_stimuli(record: dict, bundle: models.Bundle) -> dict:
    """Return the stimuli that a definition's seed draws."""
    draw = kind(record["kind"]).part("stimuli:draw")
    return draw(record, reader(bundle), Random(record["seed"]))


def content_hash(record: dict) -> str:
    """Return the SHA-256 of a definition's canonical JSON."""
    return hashlib.sha256(json.dumps(record, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
