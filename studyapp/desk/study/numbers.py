"""Live numbers: how many people are where, for one study or a list of them."""

from datetime import timedelta
from statistics import median

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import flow

PERSON = Q(participants__preview=False, participants__bot="")


def counted(queryset: QuerySet) -> QuerySet:
    """Add the numbers of people to studies or conditions: `n_started`, `n_active`, `n_completed`."""
    return queryset.annotate(
        n_started=Count("participants", filter=PERSON),
        n_active=Count("participants", filter=PERSON & Q(participants__status=flow.ACTIVE)),
        n_completed=Count("participants", filter=PERSON & Q(participants__status=flow.COMPLETED)),
    )


def of(study: models.Study) -> list[dict]:
    """Return the study's headline numbers, each with its label and a sentence."""
    people = study.participants.filter(preview=False, bot="")
    recent = timezone.now() - timedelta(minutes=study.active_minutes)
    by_status = dict(people.order_by().values_list("status").annotate(n=Count("pk")))
    active = people.filter(status=flow.ACTIVE, seen_at__gte=recent).count()
    quotas = list(study.conditions.values_list("quota", flat=True))
    limits = [quota for quota in quotas if quota is not None]
    wanted = sum(limits) if quotas and len(limits) == len(quotas) else None
    out = sum(by_status.get(status, 0) for status in (flow.SCREENED_OUT, flow.NO_CONSENT))
    left = by_status.get(flow.WITHDRAWN, 0) + by_status.get(flow.EXPIRED, 0)
    completed = by_status.get(flow.COMPLETED, 0)
    rows = [
        ("Completed", f"{completed} of {wanted}" if wanted is not None else completed, "went all the way"),
        ("Active now", active, f"gave a sign of life in the last {study.active_minutes} minutes"),
        ("Away", by_status.get(flow.ACTIVE, 0) - active, "unfinished, without a recent sign of life"),
        ("Left", left, "withdrew, or never came back"),
        ("Turned away", out, "screened out, or without consent"),
        ("Median duration", _minutes(people), "start to completion, pauses included"),
        ("Bots", study.participants.filter(preview=False, bot__gt="").count(), "marked, and never counted as people"),
    ]
    return [{"label": label, "value": value, "meaning": meaning} for label, value, meaning in rows]


def _minutes(people: QuerySet) -> str:
    ended = people.filter(status=flow.COMPLETED).annotate(took=F("ended_at") - F("started_at"))
    durations = list(ended.values_list("took", flat=True))
    return f"{median(durations).total_seconds() / 60:.0f} min" if durations else "–"
