"""Starting a run: who comes, which condition and order they get, and their whole plan, in one transaction."""

from dataclasses import dataclass, field
from random import Random

from django.db import transaction
from django.utils import timezone

from studyapp import models
from studyapp.core.engine.assignment import choose_condition, choose_order
from studyapp.core.engine.kinds import kind
from studyapp.core.questionnaires.orders import n_orders
from studyapp.core.questionnaires.pages import kind_of
from studyapp.publishing import frozen, languages, read_version
from studyapp.run.sessions import limits, places
from studyapp.run.sessions.drawing import plan
from studyapp.run.sessions.runs import trace


@dataclass(frozen=True)
class Visitor:
    """Who starts a run: the name a recruiter, link or browser gives them."""

    source: str
    external_id: str
    details: dict = field(default_factory=dict)


class NotOpen(Exception):
    """Nobody can start now; `reason` is paused, closed, full, too_fast or too_many."""

    def __init__(self, reason: str):
        self.reason = reason


def find(study: models.Study, visitor: Visitor) -> models.Participant | None:
    """Return the run that a visitor has in a study, if any."""
    identity = models.Identity.objects.filter(study=study, source=visitor.source, external_id=visitor.external_id)
    return models.Participant.objects.filter(identity__in=identity).first()


def start(
    study_id: int,
    visitor: Visitor | None,
    *,
    bot: str = "",
    group: str = "",
    address: str = "",
    language: tuple[str, str] = ("", ""),
) -> models.Participant:
    """Start a run, or return the one that the visitor has: condition, order and whole plan in one transaction.

    `language` is the pages' and by what it came to be that.
    Raises `NotOpen` when the study takes nobody, or nobody more from a network `address`. The study's row is locked, so
    starts follow one another and every one sees the assignments before it.
    """
    with transaction.atomic():
        study = models.Study.objects.select_for_update().get(pk=study_id)
        if visitor and (known := find(study, visitor)):
            return known
        if study.status != models.Study.Status.OPEN:
            raise NotOpen("paused" if study.status == models.Study.Status.PAUSED else "closed")
        if limit := limits.reached(study, address):
            raise NotOpen(limit)
        tally = places.tally(study, places.bots(study) if bot else places.people(study))
        conditions = {cell.pk: cell for cell in study.conditions.all()}
        rng = Random(f"{study.seed}:{'bot' if bot else 'person'}:{sum(row['started'] for row in tally)}")
        chosen = choose_condition(places.cells(study, tally), rng)
        if chosen is None:
            raise NotOpen("full")
        limits.count(study, address)
        taken = _orders_taken(conditions[chosen], tally)
        version = read_version(study.current_id)
        spoken, by = language if language[0] in languages(version.definition) else ("", "study")
        participant = _begin(
            version, conditions[chosen], taken, rng, bot=bot, group=group, language=spoken, language_by=by
        )
        if visitor:
            models.Identity.objects.create(
                study=study,
                participant=participant,
                source=visitor.source,
                external_id=visitor.external_id,
                details=visitor.details,
            )
        return participant


def start_preview(
    version: models.Version, condition: models.Condition, *, bot: str = "", language: str = ""
) -> models.Participant:
    """Start a researcher's own walk, or a bot's, through one condition; it is never counted, nor exported."""
    with transaction.atomic():
        return _begin(version, condition, {}, Random(), preview=True, bot=bot, language=language)


def _orders_taken(condition: models.Condition, tally: list[dict]) -> dict[int, int]:
    return {row["order"]: row["completed"] + row["active"] for row in tally if row["condition"] == condition.pk}


def _begin(
    version: models.Version, condition: models.Condition, taken: dict[int, int], rng: Random, **flags
) -> models.Participant:
    record = frozen(version)
    order = choose_order(taken, n_orders(kind(record["kind"]), record), rng)
    seed = rng.randrange(2**31)
    steps = plan(record, condition, order, seed)
    study_kind = kind_of(record)
    asks = any(study_kind.page(step["page"]).consents for step in steps)
    now = timezone.now()
    participant = models.Participant.objects.create(
        study_id=version.study_id,
        version=version,
        condition=condition,
        order=order,
        seed=seed,
        seen_at=now,
        consented_at=None if asks else now,
        **flags,
    )
    models.Plan.objects.create(participant=participant, steps=steps)
    trace(participant, "started")
    return participant
