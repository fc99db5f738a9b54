"""A thousand people, a third of whom drop out: completed cells end within one of each other."""

from collections import Counter
from datetime import timedelta
from random import Random
from threading import Lock, Thread

import pytest
from django.db import connection
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import flow
from studyapp.run import sessions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
STARTS = 1000
LAST = 80  # they all complete: the supply that fills the places of drop-outs


def finish(run, completes):
    """Complete the run, or leave it as somebody who never came back does."""
    runs = models.Participant.objects.filter(pk=run.pk)
    if completes:
        runs.update(status=flow.COMPLETED)
    else:
        runs.update(seen_at=timezone.now() - timedelta(hours=2))


def worker(study, numbers, lock, overlapping, drop_out):
    """Start people one after the other, always with some others under way, until the numbers run out."""
    rng, under_way = Random(overlapping), []
    try:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            under_way.append(sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", f"p{number}")))
            if len(under_way) > overlapping:
                finish(under_way.pop(0), rng.random() >= drop_out)
        for run in under_way:
            finish(run, rng.random() >= drop_out)
    finally:
        connection.close()


def arrive(study, numbers, drop_out):
    """Let people arrive through four workers at once."""
    numbers, lock = iter(numbers), Lock()
    threads = [Thread(target=worker, args=(study, numbers, lock, n, drop_out)) for n in (0, 2, 5, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_thousand_starts_with_drop_out_end_balanced(study):
    for size in ("tiny", "medium", "huge", "vast"):
        models.Condition.objects.create(study=study, name=size, factors={"size": size})
    arrive(study, range(STARTS - LAST), drop_out=0.33)
    arrive(study, range(STARTS - LAST, STARTS), drop_out=0)
    counts = Counter(study.participants.filter(status=flow.COMPLETED).values_list("condition__name", flat=True))
    assert study.participants.count() == STARTS
    assert sum(counts.values()) < STARTS - 200
    assert len(counts) == 6
    assert max(counts.values()) - min(counts.values()) <= 1
