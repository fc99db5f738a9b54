"""Files to take away, as responses: the data, the whole study, the bonus list."""

import csv
import io
import re
import tempfile
from email.utils import formatdate
from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from studyapp import models
from studyapp.jobs import processes

from .bonuses import bonuses
from .study_files import dump_study

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
CHUNK = 1 << 16
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def data(study: models.Study, *, with_ids: bool = False, bom: bool = False) -> StreamingHttpResponse:
    """Return the export, long and wide, as one zip; with `bom` its CSV files begin with a byte order mark."""
    name = f"{study.slug}-{timezone.now():%Y-%m-%d}.zip"
    return _exported(study, "application/zip", name, "--wide", *_options(with_ids, bom))


def workbook(study: models.Study, *, with_ids: bool = False) -> StreamingHttpResponse:
    """Return the same tables as one Excel workbook."""
    name = f"{study.slug}-{timezone.now():%Y-%m-%d}.xlsx"
    return _exported(study, XLSX, name, "--xlsx", "--wide", *_options(with_ids))


def table(study: models.Study, name: str, *, with_ids: bool = False, bom: bool = False) -> StreamingHttpResponse:
    """Return one long table of the export as CSV."""
    return _exported(study, "text/csv", f"{study.slug}-{name}.csv", "--table", name, *_options(with_ids, bom))


def _options(with_ids: bool, bom: bool = False) -> list[str]:
    return [*(["--with-ids"] if with_ids else []), *(["--bom"] if bom else [])]


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


def resumable(request: HttpRequest, path: Path, tag: str) -> HttpResponseBase:
    """Return a file to download, or the part of it that is asked for, so that a download that broke off is resumed.

    One range at a time (RFC 9110, section 14), and only of the same file where `If-Range` names it; all else is
    answered by the whole file. Django sends no ranges, and WhiteNoise none of a single byte.
    """
    size, entity_tag = path.stat().st_size, f'"{tag}-{path.stat().st_size}"'
    asked = _range(request, size, entity_tag)
    begin, end = asked or (0, size)
    if asked and begin >= size:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"})
    file = path.open("rb")
    file.seek(begin)
    part, status = _Part(file, end - begin), 206 if asked else 200
    response = FileResponse(part, as_attachment=True, filename=path.name, status=status)
    response["Content-Type"], response["Content-Length"] = "application/zip", str(end - begin)
    response["Accept-Ranges"], response["ETag"] = "bytes", entity_tag
    response["Last-Modified"] = formatdate(path.stat().st_mtime, usegmt=True)
    if asked:
        response["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    return response


def _range(request: HttpRequest, size: int, entity_tag: str) -> tuple[int, int] | None:
    """Return from where up to where, exclusive, a file is asked for; None for no range, or one that means nothing."""
    asked = RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not asked or not any(asked.groups()) or request.headers.get("If-Range", entity_tag) != entity_tag:
        return None
    first, last = asked.groups()
    if not first:
        return max(size - int(last), 0) if int(last) else size, size
    if last and int(last) < int(first):
        return None  # no range at all, says the RFC
    return int(first), min(int(last) + 1, size) if last else size


class _Part:
    """So many bytes of an open file, from where it stands."""

    def __init__(self, file, n_bytes: int):
        self.file, self.left = file, n_bytes

    def read(self, size: int = CHUNK) -> bytes:
        chunk = self.file.read(min(size, self.left) if size >= 0 else self.left)
        self.left -= len(chunk)
        return chunk

    def close(self) -> None:
        self.file.close()
