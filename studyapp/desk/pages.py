"""What the desk's pages share: whose study they are about, and what is around them."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from studyapp import models
from studyapp.access import roles


def study_of(request: HttpRequest, pk: int, action: str = "view") -> models.Study:
    """Return a study in which the user has a role (else 404) that allows the action (else `PermissionDenied`)."""
    study = get_object_or_404(roles.studies(request.user), pk=pk)
    if not roles.may(request.user, action, study):
        raise PermissionDenied
    return study


def page_context(model_admin, request: HttpRequest, title: str, about=None) -> dict:
    """Return what stands around a page of the desk that is titled so, and is about an object of the admin's."""
    return {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "object": about,
        "title": title,
    }
