"""Personal links, many at a time, and all of a study's as a list to send from."""

import csv

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from studyapp import models
from studyapp.access import roles
from studyapp.core.export.tables import guarded
from studyapp.data import audit
from studyapp.desk.pages import study_of

MOST = 500


class LinksForm(forms.Form):
    """How many links are made at once, and for whom."""

    n = forms.IntegerField(label="How many", min_value=1, max_value=MOST, initial=10)
    group = forms.CharField(label="Group", max_length=60, required=False)


def urls(model_admin) -> list:
    """Return the address at which links are made (POST) and taken away as a list (GET)."""
    return [path("<int:pk>/links/", model_admin.admin_site.admin_view(_links), name="study_links")]


def address(request: HttpRequest, invitation: models.Invitation) -> str:
    """Return a personal link, ready to send."""
    return request.build_absolute_uri(f"{reverse('entry', args=[invitation.study.slug])}?link={invitation.token}")


def _links(request: HttpRequest, pk: int) -> HttpResponse:
    study = study_of(request, pk)
    if not roles.may(request.user, "identities", study):
        raise PermissionDenied
    if request.method == "POST":
        _make(request, study)
        return redirect("admin:study_section", study.pk, "links")
    audit.record(request.user, study, "Downloaded: Personal links.")
    return _listed(request, study)


def _make(request: HttpRequest, study: models.Study) -> None:
    form = LinksForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"No link was made: choose a number from 1 to {MOST}, and a group of up to 60 letters.")
        return
    n, group = form.cleaned_data["n"], form.cleaned_data["group"]
    with transaction.atomic():
        models.Invitation.objects.bulk_create(models.Invitation(study=study, group=group) for _ in range(n))
        done = f"Made {n} personal link{'' if n == 1 else 's'}{f' for the group “{group}”' if group else ''}."
        audit.record(request.user, study, done)
    messages.success(request, f"{done} “Links as a list” gives all of them to send.")


def _listed(request: HttpRequest, study: models.Study) -> HttpResponse:
    sent_as = {"Content-Disposition": f'attachment; filename="{study.slug}-links.csv"'}
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=sent_as)
    writer = csv.writer(response, lineterminator="\n")
    writer.writerow(["link", "group", "note"])
    for invitation in study.invitations.select_related("study").order_by("pk"):
        writer.writerow([address(request, invitation), guarded(invitation.group), guarded(invitation.note)])
    return response
