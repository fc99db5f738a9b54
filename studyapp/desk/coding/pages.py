"""What the coding pages share: whose they are, and which column they are about."""

from django.http import Http404, HttpRequest

from studyapp import models
from studyapp.coding import passages
from studyapp.desk import pages


def study_of(request: HttpRequest, pk: int) -> models.Study:
    """Return the study, for whoever may code its texts."""
    return pages.study_of(request, pk, "code")


def require_column(study: models.Study, column: str) -> None:
    """Raise a 404 where the study has no such column of free text."""
    if column not in passages.free_fields(study):
        raise Http404(f"{column}: no column of free text")


def context_of(model_admin, request: HttpRequest, study: models.Study, title: str) -> dict:
    """Return what every coding page shows."""
    return pages.page_context(model_admin, request, title, study) | {"study": study}
