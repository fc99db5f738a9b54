"""Files to take away, as responses: the data, the whole study, the bonus list."""

import csv
import io
import tempfile
from pathlib import Path

from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from studyapp import models
from studyapp.jobs import processes

from .bonuses import bonuses
from .study_files import dump_study


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
    csv.writer(text, lineterminator="\n").writerows(bonuses(study))
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{study.slug}-bonus.csv"'},
    )
