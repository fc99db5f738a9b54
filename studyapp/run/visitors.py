"""Who is at the door: read a visitor, a bot or a returning participant from a request."""

import secrets
import unicodedata
from dataclasses import dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from studyapp import models
from studyapp.core import recruiters
from studyapp.core.languages import tags
from studyapp.core.storable import storable
from studyapp.publishing import languages
from studyapp.run import sessions

YEAR_S = 365 * 24 * 3600
MAX_ID = 128
MAX_RUNS = 8  # of one study in one browser; earlier ones are found again by their own links alone
BOT_SALT = "studyapp.bot"
BROWSER, RUNS = "heatwise-browser", "heatwise-run-"
TICKETS_SALT = "tickets"  # cookies from before runs had tickets held the run's number: they are taken for none
CHOSEN = "lang_chosen"  # stands in the links with which the first page offers a study's languages
OPEN_LINK, PERSONAL_LINK = "browser", "link"
LOCAL = ("", "127.0.0.1", "::1")  # a proxy beside the app, by a socket file or a local port


class VisitorsLanguage(LocaleMiddleware):
    """Speak a visitor's language until a study's own is known; the desk is English, whatever the browser asks for."""

    def process_request(self, request):
        if request.path.startswith("/admin/"):
            translation.activate("en")
            request.LANGUAGE_CODE = "en"
        else:
            super().process_request(request)


class BadLink(Exception):
    """The link names nobody: `reason` is unknown_link, unfilled where a recruiter's placeholder stands in it, or
    recruiters_preview where the recruiter says that somebody only looks."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Held:
    """A run that a browser may enter, by its ticket; `named` where a link named its person, not the browser alone."""

    ticket: str
    named: bool


def visitor_of(request: HttpRequest, study: models.Study) -> sessions.Visitor | None:
    """Return who the link or, failing that, the browser says is here; None for a browser not seen before.

    Raises `BadLink` for a personal link that isn't this study's, for a placeholder that was never filled in, and where
    the study wants an id and has none.
    """
    asked = _asked(request)
    values = {key: value for key, (_, value) in asked.items()}
    if recruiters.is_preview(values):
        raise BadLink("recruiters_preview")
    if recruiters.is_unfilled(values.get("group", "")):
        raise BadLink("unfilled")
    if link := _link(asked):
        if not study.invitations.filter(token=link).exists():
            raise BadLink("unknown_link")
        return sessions.Visitor(PERSONAL_LINK, link)
    wanted = study.id_parameter.lower()
    if wanted and (external := values.get(wanted)):
        if recruiters.is_unfilled(external, wanted):
            raise BadLink("unfilled")
        others = {name[:40]: value[:200] for key, (name, value) in asked.items() if key not in (wanted, CHOSEN)}
        return sessions.Visitor(
            study.id_parameter, recruiters.id_of(external, wanted)[:MAX_ID], dict(list(others.items())[:10])
        )
    if study.require_id:
        raise BadLink("unknown_link")
    nonce = _browser(request, study.slug)
    return sessions.Visitor(OPEN_LINK, nonce) if nonce else None


def language_of(request: HttpRequest, record: dict) -> str:
    """Return in which of a study's languages a newcomer reads it."""
    return language_and_reason(request, record)[0]


def language_and_reason(request: HttpRequest, record: dict) -> tuple[str, str]:
    """Return in which of a study's languages a newcomer reads it, and by what: its link's `lang`, a choice on the first
    page, which is a link that says so, the browser, or nothing of them, so that it is the study's own."""
    offered, asked = languages(record), _asked(request)
    if len(offered) > 1:
        if found := tags.matching(asked.get("lang", ("", ""))[1], offered):
            return found, "choice" if CHOSEN in asked else "link"
        for code, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
            if found := tags.matching(code, offered):
                return found, "browser"
    return offered[0], "study"


def group_of(request: HttpRequest, study: models.Study) -> str:
    """Return the group that the personal link, or the link's `group`, puts the visitor in."""
    asked = _asked(request)
    invitation = study.invitations.filter(token=_link(asked)).first()
    return invitation.group if invitation else asked.get("group", ("", ""))[1][:60]


def limited_address(request: HttpRequest, study: models.Study, visitor: sessions.Visitor | None) -> str:
    """Return the network address from which a visitor's start counts; empty where none does.

    Personal links are for one person each, and in lab mode many people use one device: neither has a limit. A proxy
    on this machine says whose request it is in X-Real-IP, which nobody else is believed.
    """
    if study.lab_mode or (visitor and visitor.source == PERSONAL_LINK):
        return ""
    peer = request.META.get("REMOTE_ADDR", "")
    return request.headers.get("X-Real-IP", "") if peer in LOCAL else peer


def _asked(request: HttpRequest) -> dict[str, tuple[str, str]]:
    """Return the link's parameters by their names in small letters: `(name, value)`, as a database can store them.

    `&amp;` from a page's source is read as `&`; of a parameter given twice the last that says something counts.
    """
    found = {}
    for written, values in storable(dict(request.GET.lists())).items():
        name = written.removeprefix("amp;").strip()
        given = [value for value in map(_trimmed, values) if value]
        if given or name.lower() not in found:
            found[name.lower()] = (name, given[-1] if given else "")
    return found


def _trimmed(value: str) -> str:
    """Return a value in one spelling, without what can't be seen around it."""
    return unicodedata.normalize("NFC", value).strip().strip("\u200b\u200c\u200d\u2060\ufeff").strip()


def _link(asked: dict) -> str:
    """Return a personal link's token, without what a mail program took for a part of it."""
    return asked.get("link", ("", ""))[1].rstrip(".,;:!?)>]}'\"")


def bot_of(request: HttpRequest) -> str:
    """Return the skill of the bot that a signed link announces; empty for people."""
    try:
        return signing.loads(request.GET.get("bot", ""), salt=BOT_SALT, max_age=24 * 3600)
    except signing.BadSignature:
        return ""


def bot_link(skill: str) -> str:
    """Return the link parameter with which a bot walks in; only the server can make one."""
    return signing.dumps(skill, salt=BOT_SALT)


def held(request: HttpRequest, slug: str) -> list[Held]:
    """Return the study's runs that this browser may enter, the one begun last first.

    Cookies are signed together with their name, so that one study's opens no other; one that was given while the study
    had another short name is found by the addresses that stay the study's own.
    """
    if found := _held(request, slug):
        return found
    if not any(name.startswith(RUNS) for name in request.COOKIES) or not (study := models.study_at(slug)):
        return []
    names = dict.fromkeys([study.slug, *study.addresses.values_list("name", flat=True)])
    return next(filter(None, (_held(request, name) for name in names)), [])


def _held(request: HttpRequest, slug: str) -> list[Held]:
    value = request.get_signed_cookie(RUNS + slug, default="", salt=TICKETS_SALT)
    return [Held(ticket.removesuffix("*"), not ticket.endswith("*")) for ticket in (value or "").split(".") if ticket]


def run_of(request: HttpRequest, slug: str) -> tuple[models.Participant, Held] | None:
    """Return the run that a page of this browser belongs to, with all it needs: the one its link names by `of`, or else
    the one begun last."""
    found = held(request, slug)
    if browsers_key := request.POST.get("of") or request.GET.get("of"):
        ticket = sessions.ticket_of([one.ticket for one in found], browsers_key)
        found = [one for one in found if one.ticket == ticket]
    try:
        return (sessions.get_by_ticket(found[0].ticket), found[0]) if found else None
    except models.Participant.DoesNotExist:
        return None


def participant_of(request: HttpRequest, slug: str) -> models.Participant | None:
    """Return the same run alone."""
    found = run_of(request, slug)
    return found and found[0]


def writer_of(request: HttpRequest, slug: str, token: str) -> int | None:
    """Return the run whose page this is, by its step's token, among those that the browser may enter; or None."""
    tickets = [one.ticket for one in held(request, slug)]
    return sessions.holder(tickets, token) if tickets else None


def _browser(request: HttpRequest, slug: str) -> str | None:
    """Return the browser's name: one of its own in a study in which it was made new for the next person, or else one
    for all."""
    return request.get_signed_cookie(f"{BROWSER}-{slug}", default=None) or request.get_signed_cookie(
        BROWSER, default=None
    )


def remember_browser(request: HttpRequest, response: HttpResponse, study: models.Study) -> None:
    """Give a new browser a name of its own, so that two quick clicks on an open link start one run."""
    if _browser(request, study.slug) is None:
        _set(request, response, BROWSER, secrets.token_urlsafe(16))


def remember(
    request: HttpRequest, response: HttpResponse, study: models.Study, run: models.Participant, *, named: bool
) -> None:
    """Let the browser come back to this run, and to those begun before it."""
    others = [one for one in held(request, study.slug) if one.ticket != run.ticket]
    kept = [Held(run.ticket, named), *others][:MAX_RUNS]
    value = ".".join(one.ticket + ("" if one.named else "*") for one in kept)
    _set(request, response, RUNS + study.slug, value, salt=TICKETS_SALT)


def forget(request: HttpRequest, response: HttpResponse, study: models.Study) -> None:
    """Make this a new browser for the study: it can enter none of its runs any more, and an open link starts anew."""
    for name in {study.slug, *study.addresses.values_list("name", flat=True)}:
        response.delete_cookie(RUNS + name, samesite="Lax")
    _set(request, response, f"{BROWSER}-{study.slug}", secrets.token_urlsafe(16))


def _set(request: HttpRequest, response: HttpResponse, name: str, value: str, salt: str = "") -> None:
    options = {"max_age": YEAR_S, "httponly": True, "samesite": "Lax", "secure": request.is_secure()}
    response.set_signed_cookie(name, value, salt=salt, **options)
