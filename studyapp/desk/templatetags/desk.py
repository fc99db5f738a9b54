"""What the desk's first page and its head show."""

from django import template
from django.conf import settings
from django.contrib.admin.views.main import ChangeList

from studyapp import models
from studyapp.access import roles
from studyapp.core.engine.kinds import kind
from studyapp.desk.people import comments
from studyapp.desk.study.numbers import counted
from studyapp.operations import routines

register = template.Library()


@register.simple_tag
def studies_with_numbers(user) -> list[dict]:
    """Return a user's studies, newest first, each with its kind and live numbers."""
    studies = counted(roles.studies(user).select_related("bundle").prefetch_related("conditions")).order_by("-pk")
    return [{"study": study, "kind": kind(study.kind), "wanted": _wanted(study)} for study in studies]


def _wanted(study: models.Study) -> int | None:
    quotas = [cell.quota for cell in study.conditions.all()]
    limits = [quota for quota in quotas if quota is not None]
    return sum(limits) if quotas and len(limits) == len(quotas) else None


@register.simple_tag
def command() -> str:
    """Return what people on the server write before a command's name."""
    return str(settings.COMMAND)


@register.simple_tag
def late_routines() -> list[str]:
    """Return what to say of daily routines that are late."""
    return list(routines.warnings())


@register.simple_tag
def n_open_comments(study: models.Study) -> int:
    """Return how many comments on a study are not resolved yet."""
    return comments.n_open(study)


@register.simple_tag
def may(user, action: str, study: models.Study) -> bool:
    """Return whether a user may take an action with a study."""
    return roles.may(user, action, study)


@register.simple_tag
def may_anywhere(user, action: str) -> bool:
    """Return whether a user may take an action with any study."""
    return roles.may_anywhere(user, action)


@register.simple_tag
def may_draw(user, bundle: models.Bundle) -> bool:
    """Return whether a user may draw masks on a bundle."""
    return roles.may_draw(user, bundle)


@register.filter
def filter_menus(changes: ChangeList) -> list[dict]:
    """Return a list's filters, each with its choices and which one is chosen, unless that is the first: all."""
    menus = []
    for spec in changes.filter_specs:
        choices = list(spec.choices(changes))
        chosen = next((choice["display"] for choice in choices[1:] if choice["selected"]), "")
        menus.append({"title": str(spec.title).capitalize(), "choices": choices, "chosen": chosen})
    return menus


@register.simple_tag(takes_context=True)
def study_around(context) -> models.Study | None:
    """Return the study that a page is about, by whatever name the page has it; or that it is narrowed to."""
    named = [context.get(name) for name in ("study", "original", "object", "run")]
    about = [getattr(one, "study", one) for one in named]
    return next((one for one in about if isinstance(one, models.Study)), None) or study_looked_at(context)


@register.simple_tag(takes_context=True)
def study_looked_at(context) -> models.Study | None:
    """Return the study that a list is narrowed to, if it is."""
    request = context["request"]
    if not request.user.is_authenticated:
        return None
    asked = request.GET.get("study__id__exact", "")
    return roles.studies(request.user).filter(pk=int(asked)).first() if asked.isdecimal() else None
