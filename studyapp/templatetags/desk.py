"""What the admin's first page shows."""

from django import template

from studyapp import models
from studyapp.admin.numbers import counted
from studyapp.core.kinds import kind

register = template.Library()


@register.simple_tag
def studies_with_numbers() -> list[dict]:
    """Return all studies, newest first, each with its kind and live numbers."""
    studies = counted(models.Study.objects.select_related("bundle").prefetch_related("conditions"))
    return [{"study": study, "kind": kind(study.kind), "wanted": _wanted(study)} for study in studies]


def _wanted(study: models.Study) -> int | None:
    quotas = [cell.quota for cell in study.conditions.all()]
    return None if None in quotas or not quotas else sum(quotas)
