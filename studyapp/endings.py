"""How a run ends for its participant: words, code, bonus and way back for each outcome."""

from decimal import Decimal

from studyapp import models
from studyapp.core import flow
from studyapp.core.tables import guarded
from studyapp.core.texts import render
from studyapp.publishing import frozen


def code(study: models.Study, status: str) -> str:
    """Return the completion code of an outcome; empty where the study gives none."""
    codes = {
        flow.COMPLETED: study.code_completed,
        flow.SCREENED_OUT: study.code_screened_out,
        flow.NO_CONSENT: study.code_no_consent,
        flow.WITHDRAWN: study.code_withdrawn,
    }
    return codes.get(status, "")


def context(participant: models.Participant) -> dict:
    """Return what the last page shows. A preview is shown no code, so that none gets around."""
    record = frozen(participant.version)
    study = participant.study
    its_code = "" if participant.preview else code(study, participant.status)
    text = record["texts"].get(f"ending_{participant.status}", "")
    values = record["payment"] | record["parameters"] | participant.summary
    return {
        "study_title": record["title"],
        "language": record["language"],
        "status": participant.status,
        "preview": participant.preview,
        "text": render(text, values),
        "code": its_code,
        "return_url": study.return_url.replace("{code}", its_code) if study.return_url and its_code else "",
        "summary": participant.summary,
    }


def bonuses(study: models.Study) -> list[tuple[str, Decimal]]:
    """Return (recruitment id, amount) for every person's completed run that earned a bonus, as recruiters take it.

    An id is what a link said, so it is guarded where a spreadsheet would run it; no recruiter's own begins like that.
    """
    named = models.Identity.objects.filter(
        study=study,
        source=study.id_parameter,
        participant__status=flow.COMPLETED,
        participant__bot="",
        participant__preview=False,
    ).select_related("participant")
    found = [(row.external_id, Decimal(row.participant.summary.get("bonus", "0"))) for row in named.order_by("pk")]
    return [(guarded(external_id), amount) for external_id, amount in found if amount > 0]
