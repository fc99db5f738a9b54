"""What a step shows: the page's own context plus what every page has. All that reaches the browser passes here."""

from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from studyapp import models, speaking
from studyapp.core.engine import flow
from studyapp.core.engine.kinds import Kind, Page, kind, load
from studyapp.core.languages import tags
from studyapp.core.questionnaires.pages import kind_of
from studyapp.core.texts import render
from studyapp.core.variants.applied import applying
from studyapp.forms import submitted
from studyapp.publishing import frozen, language_of, languages, shown_to, spoken, windows_of
from studyapp.run import contents, doors, sessions
from studyapp.run.endings import title_of
from studyapp.run.visitors import CHOSEN


def step_of(participant: models.Participant) -> tuple[Kind, Page, dict]:
    """Return the run's present step with its page and kind."""
    step = participant.plan.steps[participant.position]
    return *_kind_and_page(participant, step), step


def speak(participant: models.Participant) -> None:
    """Let pages speak the run's language, from here on in this thread."""
    speaking.activate(frozen(participant.version), language_of(participant))


def speaking_as(participant: models.Participant) -> AbstractContextManager[None]:
    """Let pages speak the run's language within a `with`."""
    return speaking.speaking(frozen(participant.version), language_of(participant))


def step_context(participant: models.Participant) -> dict:
    """Return everything the present step's template needs.

    `same` is what shapes the page's content, for whoever stands at such a step, with the name that it is `kept_as`
    where that tells; the rest is this run's `own`.
    """
    study_kind, page, step = step_of(participant)
    content = contents.of_step(participant, step)
    can_go_back = sessions.earlier(participant) is not None
    shared = common(participant)
    variants = applying(frozen(participant.version), participant.cell.factors, step)
    same = {
        **shared,
        **content.context,
        "page": page.name,
        "can_go_back": can_go_back,
        "shaped_by": {"version": participant.version_id, "step": _form_step(step), "variants": variants},
        "kept_as": contents.name_of(content, shared, can_go_back),
    }
    own = {
        **own_addresses(participant),
        "draft": sessions.draft_of(participant),
        "token": sessions.token(participant, participant.position),
        "position": participant.position,
        "progress": _progress(study_kind, participant, step),
        "next_images": _next_images(participant),
    }
    return {**same, **own, "same": same, "own": own}


def common(participant: models.Participant) -> dict:
    """Return what every page of a run shows, the same for whoever stands there: the study's name and addresses."""
    definition = shown_to(participant)
    return {
        "study_title": definition["title"],
        "language": language_of(participant),
        "preview": participant.preview,
        "sizes_url": _sizes_url(definition["parameters"]),
        "submit_url": _address("run", _slug(participant)),
    }


def _sizes_url(parameters: dict) -> str:
    """Return the address of the style sheet with the study's sizes; a kind without such settings has the usual ones."""
    sizes = [parameters.get(name) for name in ("photo_px", "map_px")]
    return reverse("sizes", args=sizes) if all(sizes) else ""


def own_addresses(participant: models.Participant) -> dict:
    """Return the addresses of a page's parts, which say whose they are: a browser may have several people's runs."""
    slug = _slug(participant)
    browsers_key = sessions.browser_key(participant)
    named = ("run", "state", "guide", "leave", "back")
    own = {f"{name}_url": f"{_address(name, slug)}?of={browsers_key}" for name in named}
    by_token = {f"{name}_url": _address(name, slug) for name in ("events", "draft")}
    return {**own, **by_token, "key": browsers_key}


@lru_cache(maxsize=1_000)
def _address(name: str, slug: str) -> str:
    return reverse(name, args=[slug])


def _slug(participant: models.Participant) -> str:
    read: Any = participant  # with the columns of the statement that it was read by
    slug: str = read.slug
    return slug


def version_at(study: models.Study, door: doors.Door) -> models.Version:
    """Return the version that the front door is of: the current one, or that of whoever comes back."""
    version = doors.version_at(study, door)
    if version is None:
        raise ValueError(f"{study.slug} was never published: it has no front door")
    return version


def entry_context(study: models.Study, door: doors.Door, language: str, query: str = "") -> dict:
    """Return what the study's front door shows, to a newcomer or to somebody who comes back; `query` is the link's."""
    version = version_at(study, door)
    record = spoken(version, language)
    parameters = record["parameters"]
    return {
        "study_title": record["title"],
        "language": language,
        "languages": [] if door.run else offered(record),
        "text": render(record["texts"]["entry"], record["payment"] | parameters | _at_the_door(record)),
        "state": door.state,
        "button": door.button,
        "devices": study.devices if doors.wants_device(study, door) else "",
        "unsuitable_url": reverse("unsuitable", args=[study.slug]),
        "query": query,
        "rest": _without_language(query),
        "windows": windows_of(version),
        "refuses_windows": doors.refuses_windows(study, door),
    }


def offered(record: dict) -> list[dict]:
    """Return the languages that a newcomer can choose from, each by its own name; none where there is but one."""
    found = languages(record)
    return [{"code": code, "name": tags.own_name(code)} for code in found if len(found) > 1]


def _without_language(query: str) -> str:
    return urlencode(
        [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in ("lang", CHOSEN)]
    )


def _at_the_door(record: dict) -> dict:
    """Return what a study's kind fills into the text of its front door."""
    fills = kind(record["kind"]).entry
    return load(fills)(record) if fills else {}


def next_person_context(study: models.Study, present: models.Participant | None, language: str) -> dict:
    """Return what the page for the next person shows; `under_way` where somebody's run would be left unfinished."""
    under_way = None
    if present is not None and present.status == flow.ACTIVE:
        under_way = {"step": present.position + 1, "of": len(present.plan.steps)}
    return {
        "study_title": title_of(study, language),
        "language": language,
        "slug": study.slug,
        "under_way": under_way,
    }


def guide_context(participant: models.Participant) -> dict:
    """Return the instructions met so far: each page's own template and context, in order."""
    study_kind, _, _ = step_of(participant)
    steps = participant.plan.steps[: participant.position]
    met = [step for step in steps if study_kind.page(step["page"]).guide]
    sections = [
        {"template": study_kind.page(step["page"]).guide, **contents.of_step(participant, step).context} for step in met
    ]
    return {**common(participant), "sections": sections}


def form_of(page: Page, step: dict, participant: models.Participant, data=None):
    """Return the page's form, bound to `data` where given; None where there is nothing to answer.

    It is made from the definition and the step's page and data alone.
    """
    if page.form is None:
        return None
    return load(page.form)(data, step=_form_step(step), definition=shown_to(participant, step))


def fields_of(participant: models.Participant, step: dict, answer: dict) -> list[list[str]]:
    """Return a stored answer as the page's form submitted it: `[[name, value]]`."""
    _, page = _kind_and_page(participant, step)
    form = form_of(page, step, participant)
    return [] if form is None else [list(pair) for pair in submitted(form, answer)]


def _kind_and_page(participant: models.Participant, step: dict) -> tuple[Kind, Page]:
    study_kind = kind_of(frozen(participant.version))
    return study_kind, study_kind.page(step["page"])


def begun_form_of(page: Page, step: dict, participant: models.Participant):
    """Return the form of a page that is filled in part by part, with what its run's draft holds; None without any."""
    kept = sessions.draft_of(participant)["fields"] if page.form and load(page.form).in_pages else []
    if not kept:
        return None
    held = QueryDict(mutable=True)
    for name, value in kept:
        held.appendlist(name, value)
    return form_of(page, step, participant, held).quiet()


def validate(data, participant: models.Participant, step: dict) -> tuple[dict, dict]:
    """Read the answer to `step` from submitted `data`: `(answer, errors by field)`; see `sessions.submit`."""
    page = kind_of(frozen(participant.version)).page(step["page"])
    with speaking_as(participant):
        form = form_of(page, step, participant, data)
        if form is None:
            return {}, {}
        is_valid = form.is_valid()
        if (kept := form.unfinished()) is not None:
            raise sessions.Unfinished(kept)
        if is_valid:
            return form.cleaned_data, {}
        return {}, {name: list(messages) for name, messages in form.errors.items()}


def _form_step(step: dict) -> dict:
    return {"page": step["page"], "data": step.get("data")}


def _progress(study_kind: Kind, participant: models.Participant, step: dict) -> dict:
    steps = participant.plan.steps
    trials = [other.get("trial_index") for other in steps if study_kind.page(other["page"]).trial]
    if step.get("trial_index") in trials:  # a page that belongs to a trial, as its feedback does, has its number
        number, total, word = trials.index(step["trial_index"]) + 1, len(trials), _(study_kind.trial_word)
    else:
        number, total, word = participant.position + 1, len(steps), _("Page")
    label = _("%(word)s %(number)d of %(total)d") % {"word": word, "number": number, "total": total}
    return {"number": number, "total": total, "label": label, "percent": round(100 * number / total)}


def _next_images(participant: models.Participant) -> list[str]:
    """Return what pictures the following step's page asks for, so that the browser has them when it gets there."""
    following = participant.plan.steps[participant.position + 1 :][:1]
    return [address for step in following for address in contents.of_step(participant, step).images]
