"""Who is at the door: read a visitor, a bot or a returning participant from a request."""

import secrets

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from studyapp import models
from studyapp.core.storable import storable
from studyapp.run import sessions

YEAR_S = 365 * 24 * 3600
MAX_ID = 128
BOT_SALT = "studyapp.bot"


class VisitorsLanguage(LocaleMiddleware):
    """Speak a visitor's language until a study's own is known; the desk is English, whatever the browser asks for."""

    def process_request(self, request):
        if request.path.startswith("/admin/"):
            translation.activate("en")
            request.LANGUAGE_CODE = "en"
        else:
            super().process_request(request)


class UnknownLink(Exception):
    """The link names nobody this study knows."""


def visitor_of(request: HttpRequest, study: models.Study) -> sessions.Visitor | None:
    """Return who the link or, failing that, the browser says is here; None for a browser not seen before.

    Raises `UnknownLink` for a personal link that isn't this study's, and where the study wants an id and has none.
    """
    asked = _asked(request)
    if link := asked.get("link"):
        if not study.invitations.filter(token=link).exists():
            raise UnknownLink
        return sessions.Visitor("link", link)
    if study.id_parameter and (external := asked.get(study.id_parameter, "").strip()):
        others = [(name, value) for name, value in asked.items() if name != study.id_parameter]
        return sessions.Visitor(study.id_parameter, external[:MAX_ID], {k[:40]: v[:200] for k, v in others[:10]})
    if study.require_id:
        raise UnknownLink
    nonce = request.get_signed_cookie("heatwise-browser", default=None)
    return sessions.Visitor("browser", nonce) if nonce else None


def group_of(request: HttpRequest, study: models.Study) -> str:
    """Return the group that the personal link, or the link's `group`, puts the visitor in."""
    asked = _asked(request)
    invitation = study.invitations.filter(token=asked.get("link", "")).first()
    return invitation.group if invitation else asked.get("group", "")[:60]


def _asked(request: HttpRequest) -> dict[str, str]:
    """Return the link's parameters as a database can store them and look for them."""
    return storable(request.GET.dict())


def bot_of(request: HttpRequest) -> str:
    """Return the skill of the bot that a signed link announces; empty for people."""
    try:
        return signing.loads(request.GET.get("bot", ""), salt=BOT_SALT, max_age=24 * 3600)
    except signing.BadSignature:
        return ""


def bot_link(skill: str) -> str:
    """Return the link parameter with which a bot walks in; only the server can make one."""
    return signing.dumps(skill, salt=BOT_SALT)


def run_id(request: HttpRequest, slug: str) -> int | None:
    """Return the run that the browser's cookie names; the cookie's signature ties it to this study."""
    pk = request.get_signed_cookie(_cookie(slug), default=None)
    return None if pk is None else int(pk)


def participant_of(request: HttpRequest, slug: str) -> models.Participant | None:
    """Return the run that the browser's cookie belongs to, with all it needs, in one query."""
    pk = run_id(request, slug)
    try:
        return None if pk is None else sessions.get(pk)
    except models.Participant.DoesNotExist:
        return None


def remember_browser(request: HttpRequest, response: HttpResponse) -> None:
    """Give a new browser a name of its own, so that two quick clicks on an open link start one run."""
    if request.get_signed_cookie("heatwise-browser", default=None) is None:
        _set(request, response, "heatwise-browser", secrets.token_urlsafe(16))


def remember(request: HttpRequest, response: HttpResponse, slug: str, participant: models.Participant) -> None:
    """Let the browser come back to this run."""
    _set(request, response, _cookie(slug), str(participant.pk))


def _cookie(slug: str) -> str:
    return f"heatwise-run-{slug}"


def _set(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    response.set_signed_cookie(name, value, max_age=YEAR_S, httponly=True, samesite="Lax", secure=request.is_secure())
