"""How a run ends – completed, screened out, withdrawn, expired – and how people's data are erased."""

from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import answers, flow, quality
from studyapp.core.engine.kinds import kind
from studyapp.core.questionnaires.pages import kind_of
from studyapp.jobs import files
from studyapp.publishing import frozen
from studyapp.run.sessions.runs import answered, locked, trace

ERASED = "erased"
TRACED = ("started", *flow.FINAL)  # what happened to a run; a browser's events go with what else was given


def withdraw(participant_id: int, *, keep: bool) -> models.Participant:
    """End a run at the participant's wish; what was given so far is kept or erased. A second call changes nothing."""
    with transaction.atomic():
        participant = locked(participant_id)
        if participant.status != flow.ACTIVE:
            return participant
        _end(participant, flow.WITHDRAWN, {} if not keep else _summary(participant))
        if not keep:
            _forget(participant)
        return participant


def erase(participant_id: int) -> models.Participant:
    """Erase a person's answers, events, plan and identity; a tombstone without personal data stays."""
    with transaction.atomic():
        participant = locked(participant_id)
        _forget(participant)
        models.Identity.objects.filter(participant=participant).delete()
        participant.status, participant.summary, participant.quality, participant.position = ERASED, {}, {}, 0
        participant.ended_at = participant.ended_at or timezone.now()
        participant.save(update_fields=["status", "summary", "quality", "position", "ended_at"])
        return participant


def trial_runs(study: models.Study, skill: str = ""):
    """Return a study's previews and bots; of a `skill`, those published bots alone that walked with it."""
    if skill:
        return study.participants.filter(preview=False, bot=skill)
    return study.participants.filter(Q(preview=True) | Q(bot__gt=""))


def discard_trial_runs(study: models.Study, skill: str = "") -> None:
    """Delete a study's previews and bots, or bots of a skill, with all they left; people's runs stay."""
    trial_runs(study, skill).delete()


def expire(study: models.Study) -> int:
    """End the study's unfinished runs whose last sign of life is older than it allows; return how many."""
    if study.expire_hours is None:
        return 0
    before = timezone.now() - timedelta(hours=study.expire_hours)
    stale = study.participants.filter(status=flow.ACTIVE, seen_at__lt=before)
    return sum(_expire(pk, before) for pk in stale.values_list("pk", flat=True))


def _expire(participant_id: int, before) -> bool:
    with transaction.atomic():
        participant = locked(participant_id)
        if participant.status != flow.ACTIVE or participant.seen_at >= before:
            return False
        _end(participant, flow.EXPIRED, _summary(participant))
        return True


def apply_retention(study: models.Study) -> int:
    """Erase the recruitment ids of runs last seen longer ago than the study keeps them; return how many."""
    if study.retention_days is None:
        return 0
    before = timezone.now() - timedelta(days=study.retention_days)
    return models.Identity.objects.filter(study=study, participant__seen_at__lt=before).delete()[0]


def finish(participant: models.Participant, status: str) -> None:
    """End a locked run where its last answer led: completed, screened out, or without consent, which keeps nothing."""
    if status == flow.COMPLETED:
        _require_whole(participant)
    refused = status == flow.NO_CONSENT
    _end(participant, status, {} if refused else _summary(participant))
    if refused:
        _forget(participant)
        models.Identity.objects.filter(participant=participant).delete()


def _end(participant: models.Participant, status: str, summary: dict) -> None:
    participant.status, participant.summary = status, summary
    participant.quality = _quality(participant) if status == flow.COMPLETED else {}
    participant.ended_at = timezone.now()
    models.Draft.objects.filter(participant=participant).delete()
    participant.save(update_fields=["status", "summary", "quality", "position", "ended_at", "seen_at"])
    trace(participant, status)


def _require_whole(participant: models.Participant) -> None:
    stored = dict(participant.responses.values_list("position", "scores"))
    missing = [position for position in flow.expected(participant.plan.steps, stored) if position not in stored]
    if missing:
        raise RuntimeError(f"run {participant.code} would complete without steps {missing}")


def _summary(participant: models.Participant) -> dict:
    record = frozen(participant.version)
    return answers.summary(kind(record["kind"]), answered(participant), record)


def _quality(participant: models.Participant) -> dict:
    steps = participant.plan.steps
    answers = [
        quality.Answer(steps[row.position], row.answer, row.scores, row.rt_ms, row.hidden_ms)
        for row in participant.responses.all()
    ]
    return quality.measures(answers, kind_of(frozen(participant.version)))


def _forget(participant: models.Participant) -> None:
    models.Draft.objects.filter(participant=participant).delete()
    participant.responses.all().delete()
    participant.events.exclude(name__in=TRACED, t_ms=None, input_mode="", data={}, uid=None).delete()
    models.Plan.objects.filter(participant=participant).update(steps=[])
    transaction.on_commit(partial(files.forget_answers, participant.study_id))
