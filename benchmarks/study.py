"""The study that is walked, and what the database holds of it; a process of its own, with the server's settings.

python -m benchmarks.study prepare     load and open the study
python -m benchmarks.study answers     print every person's plan and stored answers as JSON
python -m benchmarks.study fill N [M]  add N copies of the finished runs, each with M events, by default 85 (PostgreSQL)
python -m benchmarks.study key         make a key to the API and print it
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

EVENTS = 85
# As if they had come one after the other, every two minutes.
AGED = "answered.submitted_at - ((SELECT max(fresh) FROM copied) - fresh) * interval '2 minutes'"
FILL = (
    """CREATE TEMPORARY TABLE copied AS
        WITH done AS (SELECT *, row_number() OVER () - 1 AS place, count(*) OVER () AS total
                      FROM studyapp_participant WHERE status = 'completed')
        SELECT id AS source, nextval(pg_get_serial_sequence('studyapp_participant', 'id')) AS fresh, {run}
        FROM generate_series(0, %(n)s - 1) AS copy JOIN done ON done.place = copy %% done.total""",
    """INSERT INTO studyapp_participant (id, code, ticket, {run})
        SELECT fresh, 'copy' || fresh, 'copy' || fresh, {run} FROM copied""",
    """INSERT INTO studyapp_plan (participant_id, steps)
        SELECT fresh, steps FROM copied JOIN studyapp_plan ON participant_id = source""",
    """INSERT INTO studyapp_response (participant_id, {answer})
        SELECT fresh, {answered} FROM copied JOIN studyapp_response answered ON participant_id = source
        ORDER BY fresh, answered.position""",
    """INSERT INTO studyapp_event (participant_id, position, name, t_ms, input_mode, data, uid, received_at)
        SELECT fresh, event %% 25, 'enlarge', 100 * event, 'mouse', '{{"image": "a1b2c3", "on": true}}', event, now()
        FROM copied, generate_series(1, %(events)s) AS event""",
    "ANALYZE",
)


def prepare() -> None:
    """Publish the demo study's six conditions on the shipped bundle or, before there is one, on one made by hand."""
    from studyapp import models, publishing
    from studyapp.bundles import stimuli
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


def fill(n: int, n_events: int = EVENTS) -> None:
    """Copy finished runs with plan and answers, and give each copy events, in the database itself."""
    from django.db import connection

    from studyapp import models

    answer = _columns(models.Response, "id", "participant_id")
    columns = {
        "run": ", ".join(_columns(models.Participant, "id", "code", "ticket")),
        "answer": ", ".join(answer),
        "answered": ", ".join(AGED if name == '"submitted_at"' else f"answered.{name}" for name in answer),
    }
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement.format(**columns), {"n": n, "events": n_events})


def _columns(model, *without: str) -> list[str]:
    return [f'"{field.column}"' for field in model._meta.concrete_fields if field.column not in without]


def key() -> str:
    """Return the key of a new superuser."""
    from django.contrib.auth.models import User

    from studyapp import models

    return models.Token.make(User.objects.create_superuser("benchmark"), "benchmark")[1]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    django.setup()
    if sys.argv[1:] == ["prepare"]:
        prepare()
    elif sys.argv[1:2] == ["fill"]:
        fill(*map(int, sys.argv[2:]))
    elif sys.argv[1:] == ["key"]:
        json.dump(key(), sys.stdout)
    else:
        json.dump(answers(), sys.stdout)
