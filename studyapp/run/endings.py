"""How a run ends for its participant: words, code, bonus and way back for each outcome."""

from decimal import Decimal

from django.urls import reverse

from studyapp import models
from studyapp.core.engine import flow
from studyapp.core.engine.payment import money
from studyapp.core.recruiters import way_back
from studyapp.core.texts import render
from studyapp.publishing import language_of, shown_to, spoken
from studyapp.run import sessions


def code(study: models.Study, status: str) -> str:
    """Return the completion code of an outcome; empty where the study gives none."""
    codes = {
        flow.COMPLETED: study.code_completed,
        flow.SCREENED_OUT: study.code_screened_out,
        flow.NO_CONSENT: study.code_no_consent,
        flow.WITHDRAWN: study.code_withdrawn,
    }
    return codes.get(status, "")


def _reward(participant: models.Participant, payment: dict) -> str:
    """Return what a completed run earns, with its currency; empty where nothing was promised."""
    reward = participant.summary.get("reward") if participant.status == flow.COMPLETED else None
    return money(reward, payment["currency"]) if reward and Decimal(reward) else ""


def context(participant: models.Participant, *, with_code: bool = True) -> dict:
    """Return what the last page shows. A preview is shown no code, so that none gets around.

    Without `with_code` it is kept back, and the run's own text: the next person at the same device may be looking.
    """
    record = shown_to(participant)
    study = participant.study
    all_code = "" if participant.preview else code(study, participant.status)
    shown_code = all_code if with_code else ""
    text = record["texts"].get(f"ending_{participant.status}", "")
    values = record["payment"] | record["parameters"] | participant.summary
    identity = models.Identity.objects.filter(participant=participant, source=study.id_parameter).first()
    external = identity.external_id if identity else ""
    shown = with_code and not participant.preview
    back = _way_back(study, participant.status, shown_code, external) if shown else ""
    return {
        "study_title": record["title"],
        "language": language_of(participant),
        "status": participant.status,
        "preview": participant.preview,
        "text": render(text, values) if with_code else "",
        "code": shown_code,
        "kept_back": bool(all_code) and not with_code,
        "reward": _reward(participant, record["payment"]) if with_code else "",
        "key": sessions.browser_key(participant),
        "next_person_url": reverse("next_person", args=[study.slug]) if study.lab_mode else "",
        "return_url": back,
        "return_after_s": study.return_after_s if back else None,
        "summary": participant.summary,
    }


def unsuitable(study: models.Study, visitor: sessions.Visitor | None, language: str) -> dict:
    """Return what the last page shows to somebody whose device the study refuses, before anything started."""
    completion_code = code(study, flow.SCREENED_OUT)
    external = visitor.external_id if visitor and visitor.source == study.id_parameter else ""
    return {
        "study_title": title_of(study, language),
        "language": language,
        "status": "unsuitable",
        "code": completion_code,
        "return_url": _way_back(study, flow.SCREENED_OUT, completion_code, external),
        "return_after_s": None,
    }


def title_of(study: models.Study, language: str) -> str:
    """Return a study's title in one of its languages, before or after anybody's run."""
    if study.current is None or language == study.language:
        return study.title
    title: str = spoken(study.current, language)["title"]
    return title


def _way_back(study: models.Study, status: str, completion_code: str, external: str) -> str:
    """Return where somebody goes back to; empty where there is nowhere.

    An address that takes no code says to its recruiter that the study was completed: it is for those who did.
    """
    takes_code = "{code}" in study.return_url
    if not takes_code and status != flow.COMPLETED and ("{id}" in study.return_url or not completion_code):
        return ""
    return way_back(study.return_url, {"code": completion_code, "id": external})
