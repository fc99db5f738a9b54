"""The study that is walked, and what the database holds of it; a process of its own, with the server's settings.

python -m benchmarks.study prepare     load and open the study
python -m benchmarks.study answers     print every person's plan and stored answers as JSON
python -m benchmarks.study fill N [M]  add N copies of the finished runs, each with M events, by default 85
python -m benchmarks.study code N      have two coders read N answers of each column of free text
python -m benchmarks.study key         make a key to the API and print it
"""

import json
import os
import sys
import tempfile
from itertools import product
from pathlib import Path
from random import Random

import django

BUNDLE = Path(__file__).resolve().parents[2] / "fixtures" / "bundles" / "scenes"
SLUG = "load"
HEATMAPS, SCORES = ("none", "lrp", "multiscale_occlusion"), ("shown", "hidden")
MADE = {"TP": 24, "FP": 16, "FN": 16, "TN": 8}

EVENTS = 85
N_CODERS, CODES = 2, ("a leg", "its shape", "the water")
# As if they had come one after the other, every two minutes.
MINUTES = "(2 * ((SELECT max(fresh) FROM copied) - fresh))"
AGED = {
    "postgresql": f"answered.submitted_at - {MINUTES} * interval '1 minute'",
    "sqlite": f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', answered.submitted_at, '-' || {MINUTES} || ' minutes')",
}
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %({most})s)"
FILL = (
    f"""CREATE TEMPORARY TABLE copied AS {NUMBERS.format(most="n")},
        done AS (SELECT *, row_number() OVER () - 1 AS place, count(*) OVER () AS total
                      FROM studyapp_participant WHERE status = 'completed')
        SELECT id AS source, n + (SELECT max(id) FROM studyapp_participant) AS fresh, {{run}}
        FROM numbers JOIN done ON done.place = n %% done.total""",
    """INSERT INTO studyapp_participant (id, code, ticket, {run})
        SELECT fresh, 'copy' || fresh, 'copy' || fresh, {run} FROM copied""",
    """INSERT INTO studyapp_plan (participant_id, steps)
        SELECT fresh, steps FROM copied JOIN studyapp_plan ON participant_id = source""",
    """INSERT INTO studyapp_response (participant_id, {answer})
        SELECT fresh, {answered} FROM copied JOIN studyapp_response answered ON participant_id = source
        ORDER BY fresh, answered.position""",
    f"""INSERT INTO studyapp_event (participant_id, position, name, t_ms, input_mode, data, uid, received_at)
        {NUMBERS.format(most="events")}
        SELECT fresh, n %% 25, 'enlarge', 100 * n, 'mouse', '{{{{"image": "a1b2c3", "on": true}}}}', n,
            CURRENT_TIMESTAMP
        FROM copied, numbers""",
    "ANALYZE",
)
SEQUENCE = """SELECT setval(pg_get_serial_sequence('studyapp_participant', 'id'), max(id)) FROM studyapp_participant"""


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
        "answered": ", ".join(
            AGED[connection.vendor] if name == '"submitted_at"' else f"answered.{name}" for name in answer
        ),
    }
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement.format(**columns), {"n": n, "events": n_events})
        if connection.vendor == "postgresql":
            cursor.execute(SEQUENCE)


def code(n: int) -> None:
    """Have coders read the first answers of every column of free text, each giving every third a code at random."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.utils import timezone

    from studyapp import models
    from studyapp.coding import passages

    study, drawn = models.Study.objects.get(slug=SLUG), Random(1)
    models.Participant.objects.update(bot="")  # as people's: they are counted everywhere
    passages.gather(study)
    codes = [models.Code.objects.create(study=study, name=name) for name in CODES]
    through = models.Reading.codes.through
    for coder in [User.objects.create_user(f"coder{number}") for number in range(N_CODERS)]:
        for column in passages.free_fields(study):
            read = passages.passages(study, column)[:n]
            readings = models.Reading.objects.bulk_create(
                models.Reading(passage=passage, coder=coder, done=True, read_at=timezone.now()) for passage in read
            )
            given = [(reading, code) for reading in readings for code in codes if drawn.random() < 1 / 3]
            through.objects.bulk_create(through(reading=reading, code=code) for reading, code in given)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


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
    elif sys.argv[1:2] == ["code"]:
        code(int(sys.argv[2]))
    elif sys.argv[1:] == ["key"]:
        json.dump(key(), sys.stdout)
    else:
        json.dump(answers(), sys.stdout)
