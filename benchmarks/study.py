"""The study that is walked, and what the database holds of it; a process of its own, with the server's settings.

python -m benchmarks.study prepare     load and open the study
python -m benchmarks.study answers     print every person's plan and stored answers as JSON
"""

import json
import os
import sys
import tempfile
from itertools import product
from pathlib import Path

import django

BUNDLE = Path(__file__).resolve().parent.parent / "fixtures" / "bundles" / "scenes"
SLUG = "load"
HEATMAPS, SCORES = ("none", "lrp", "multiscale_occlusion"), ("shown", "hidden")
MADE = {"TP": 24, "FP": 16, "FN": 16, "TN": 8}


def prepare() -> None:
    """Publish the demo study's six conditions on the shipped bundle or, before there is one, on one made by hand."""
    from studyapp import models, publishing, stimuli
    from tests.bundles import write_bundle

    with tempfile.TemporaryDirectory() as scratch:
        source = BUNDLE if BUNDLE.is_dir() else write_bundle(Path(scratch), per_outcome=MADE)
        bundle = stimuli.load_bundle(source, SLUG)
    study = models.Study.objects.create(slug=SLUG, title="Load", kind="forward_simulation", bundle=bundle, seed=1)
    for heatmap, scores in product(HEATMAPS, SCORES):
        name = f"{heatmap}-{scores}".replace("_", "-")
        models.Condition.objects.create(study=study, name=name, factors={"heatmap": heatmap, "scores": scores})
    publishing.publish(study)


def answers() -> dict[str, dict]:
    """Return, by recruitment id, a run's status, the page of every step, and the stored answers with positions."""
    from studyapp import models

    rows = models.Identity.objects.select_related("participant__plan").prefetch_related("participant__responses")
    return {
        row.external_id: {
            "status": row.participant.status,
            "pages": [step["page"] for step in row.participant.plan.steps],
            "answers": [[response.position, response.answer] for response in row.participant.responses.all()],
        }
        for row in rows
    }


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    django.setup()
    if sys.argv[1:] == ["prepare"]:
        prepare()
    else:
        json.dump(answers(), sys.stdout)
