"""Files to take away from a study's page: the data, the whole study, the bonus list."""

import csv
import io
import shutil
import tempfile
from pathlib import Path

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from studyapp import endings, models, roles
from studyapp.exporting import export
from studyapp.studies_io import dump_study

from .audit import record


def data(study: models.Study, *, with_ids: bool = False) -> FileResponse:
    """Return the export, long and wide, as one zip; built on disk, so that its size doesn't matter."""
    name = f"{study.slug}-{timezone.now():%Y-%m-%d}"
    with tempfile.TemporaryDirectory() as scratch:
        export(study, Path(scratch) / name, wide=True, with_ids=with_ids)
        return _attached(Path(shutil.make_archive(f"{scratch}/{name}", "zip", scratch, name)))


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
        response = make(study)
        record(request.user, study, f"Downloaded: {button}.")
        return response

    return download
