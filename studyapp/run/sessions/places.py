"""Places: how much of each condition is taken, and how a run takes a place when its person consents.

A run that nobody has consented to holds no place, so that people who only look, and those who mean harm, close no
study. Whoever starts is still put where the fewest are under way, consented or not.
"""

from datetime import timedelta
from random import Random

from django.db.models import Count, Q
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import flow
from studyapp.core.engine.assignment import Cell, choose_condition
from studyapp.core.questionnaires.pages import kind_of
from studyapp.core.variants.applied import worded
from studyapp.publishing import frozen
from studyapp.run.sessions.drawing import plan


def people(study: models.Study):
    """Return the runs of people that count."""
    return study.participants.filter(preview=False, bot="")


def bots(study: models.Study):
    """Return the runs of bots that count, among themselves."""
    return study.participants.filter(preview=False, bot__gt="")


def tally(study: models.Study, counted) -> list[dict]:
    """Count started, completed, active and placed runs by condition and order, in one pass over the study's runs."""
    recent = timezone.now() - timedelta(minutes=study.active_minutes)
    active = Q(status=flow.ACTIVE, seen_at__gte=recent)
    by_cell = counted.order_by().values("condition", "order")
    return list(
        by_cell.annotate(
            started=Count("pk"),
            completed=Count("pk", filter=Q(status=flow.COMPLETED)),
            active=Count("pk", filter=active),
            placed=Count("pk", filter=active & Q(consented_at__isnull=False)),
        )
    )


def cells(study: models.Study, rows: list[dict]) -> list[Cell]:
    """Return the study's conditions as assignment sees them, by what `tally` counted."""
    return [_cell(condition, rows) for condition in study.conditions.all()]


def _cell(condition: models.Condition, tally: list[dict]) -> Cell:
    rows = [row for row in tally if row["condition"] == condition.pk]
    completed, active, placed = (sum(row[name] for row in rows) for name in ("completed", "active", "placed"))
    return Cell(condition.pk, completed, active, condition.quota, condition.open, placed)


def take(run: models.Participant) -> bool:
    """Give a locked run whose person has just consented its place; return whether there was one.

    Where its own condition has filled up meanwhile, it goes over to another with room, in which the same would have
    been read so far: nothing of a condition was seen before. The study's row is locked, so that two never take the
    same place.
    """
    study = models.Study.objects.select_for_update().get(pk=run.study_id)
    if not run.preview and run.condition_id is not None:
        others = (bots(study) if run.bot else people(study)).exclude(pk=run.pk)
        open_cells = cells(study, tally(study, others))
        if not next(cell.has_room for cell in open_cells if cell.key == run.condition_id):
            conditions = {cell.pk: cell for cell in study.conditions.all()}
            alike = [cell for cell in open_cells if _reads_alike(run, conditions[cell.key])]
            chosen = choose_condition(alike, Random(run.seed))
            if chosen is None:
                return False
            _go_over(run, conditions[chosen])
    run.consented_at = timezone.now()
    run.save(update_fields=["consented_at", "condition"])
    return True


def _reads_alike(run: models.Participant, condition: models.Condition) -> bool:
    """Return whether the texts of a run's pages up to here are the same in a condition."""
    record = frozen(run.version)
    own, other = (worded(record, factors)["texts"] for factors in (run.cell.factors, condition.factors))
    met = {step["page"] for step in run.plan.steps[: run.position + 1]}
    return all(own[key] == other[key] for name in met for key in kind_of(record).page(name).texts)


def _go_over(run: models.Participant, condition: models.Condition) -> None:
    """Put a run into another condition: its steps up to here stay, the others are drawn as they would have been."""
    steps = plan(frozen(run.version), condition, run.order, run.seed)
    here = run.position + 1
    if [step["key"] for step in steps[:here]] != [step["key"] for step in run.plan.steps[:here]]:
        raise ValueError(f"run {run.code}: condition {condition.name} has other pages before consent")
    run.condition = condition
    run.plan.steps = [*run.plan.steps[:here], *steps[here:]]
    run.plan.save(update_fields=["steps"])
