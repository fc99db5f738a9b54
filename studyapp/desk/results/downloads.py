"""Files to take away from a study's page, each by those whose role allows it, and on record."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from studyapp import models
from studyapp.access import roles
from studyapp.data import downloads
from studyapp.data.audit import record
from studyapp.desk.pages import study_of
from studyapp.jobs import processes

# Name, button, the action that takes a role, and what makes it.
DOWNLOADS: dict[str, tuple[str, str, Callable[[models.Study], HttpResponseBase]]] = {
    "export": ("Export data", "view", downloads.data),
    "export-bom": ("CSV for Excel", "view", partial(downloads.data, bom=True)),
    "workbook": ("Excel workbook", "view", downloads.workbook),
    "study-file": ("Study as a file", "view", downloads.study_file),
    "bonus": ("Bonus list", "identities", downloads.bonus),
}


def allowed(user, study: models.Study) -> list[tuple[str, str]]:
    """Return the name and button of each download of a study that a user may have."""
    return [(name, button) for name, (button, action, _) in DOWNLOADS.items() if roles.may(user, action, study)]


def view(model_admin, name: str):
    """Return the view of one download; each is put on record."""
    button, action, make = DOWNLOADS[name]

    def download(request: HttpRequest, pk: int) -> HttpResponseBase:
        study = study_of(request, pk)
        if not roles.may(request.user, action, study):
            raise PermissionDenied
        try:
            response = make(study)
        except processes.StreamError as error:
            model_admin.message_user(request, f"{button}: {error}", messages.ERROR)
            return redirect("admin:studyapp_study_change", study.pk)
        record(request.user, study, f"Downloaded: {button}.")
        return response

    return download
