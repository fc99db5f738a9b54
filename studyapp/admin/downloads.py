"""Files to take away from a study's page: the data, the whole study, the bonus list."""

import csv
import io
import tempfile
from pathlib import Path

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from studyapp import endings, models, processes, roles
from studyapp.studies_io import dump_study

from .audit import record


def data(study: models.Study, *, with_ids: bool = False) -> StreamingHttpResponse:
    """Return the export, long and wide, as one zip."""
    name = f"{study.slug}-{timezone.now():%Y-%m-%d}.zip"
    return _exported(study, "application/zip", name, "--wide", *_ids(with_ids))


def table(study: models.Study, name: str, *, with_ids: bool = False) -> StreamingHttpResponse:
    """Return one long table of the export as CSV."""
    return _exported(study, "text/csv", f"{study.slug}-{name}.csv", "--table", name, *_ids(with_ids))


def _ids(with_ids: bool) -> list[str]:
    return ["--with-ids"] if with_ids else []


def _exported(study: models.Study, content_type: str, name: str, *options: str) -> StreamingHttpResponse:
    """Return what `export_study` writes, sent as it is written; a `StreamError` where it writes nothing."""
    chunks = processes.stream("export_study", study.slug, "--out", "-", *options)
    sent_as = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(chunks, content_type=content_type, headers=sent_as)


def study_file(study: models.Study) -> FileResponse:
    """Return the whole study with its bundle, as `load_study` takes it."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{study.slug}.zip"
        dump_study(study, path)
        return _attached(path)


def _attached(path: Path) -> FileResponse:
    """Return a file to download; once open, it outlives its folder."""
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name)


def bonus(study: models.Study) -> HttpResponse:
    """Return the recruiter's bonus list."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(endings.bonuses(study))
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{study.slug}-bonus.csv"'},
    )


# Name, button, the deed that takes a role, and what makes it.
DOWNLOADS = {
    "export": ("Export data", "view", data),
    "study-file": ("Study as a file", "view", study_file),
    "bonus": ("Bonus list", "identities", bonus),
}


def allowed(user, study: models.Study) -> list[tuple[str, str]]:
    """Return the name and button of each download of a study that a user may have."""
    return [(name, button) for name, (button, deed, _) in DOWNLOADS.items() if roles.may(user, deed, study)]


def view(model_admin, name: str):
    """Return the view of one download; each is put on record."""
    button, deed, make = DOWNLOADS[name]

    def download(request: HttpRequest, pk: int) -> HttpResponse:
        study = get_object_or_404(roles.studies(request.user), pk=pk)
        if not roles.may(request.user, deed, study):
            raise PermissionDenied
        try:
            response = make(study)
        except processes.StreamError as error:
            model_admin.message_user(request, f"{button}: {error}", messages.ERROR)
            return redirect("admin:studyapp_study_change", study.pk)
        record(request.user, study, f"Downloaded: {button}.")
        return response

    return download
