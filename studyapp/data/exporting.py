"""Export a study's data: long tables, what every column means, and the study's versions; as a folder or as one zip.

Everything is read in one transaction that sees one unchanging state and blocks nobody, table by table and run by run,
so that memory stays the same whatever the study's size and a zip can be sent while it is made.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO, TextIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.db import transaction
from django.utils import timezone

from studyapp import __version__, models
from studyapp.core.engine.fields import Field
from studyapp.core.engine.kinds import Kind, Page
from studyapp.core.export import datasheet, psychds
from studyapp.core.export.columns import columns, wide_columns
from studyapp.core.export.tables import cells, writer_to
from studyapp.core.export.workbook import Book, TooLarge
from studyapp.core.heatmaps.displays import FACTOR
from studyapp.data import rows
from studyapp.publishing import kind_of_study

SNAPSHOT = "snapshot"
PLAN = "analysis_plan.json"
FILES = {"data", "dataset_description.json", "README.md", "CHANGES.md", ".psychdsignore", PLAN, "CHANGES"}
TEXT: dict[str, Any] = {"newline": "", "encoding": "utf-8"}

Opened = Callable[[str], AbstractContextManager[TextIO]]
Progress = Callable[[int, int, str], None]


class ExportError(ValueError):
    """Why nothing was exported, in words."""


def export(
    study: models.Study, folder: Path | str, *, wide: bool = False, with_ids: bool = False, bom: bool = False
) -> dict[str, int]:
    """Write the export of a study to a new `folder` and return the number of rows by table.

    With `bom` each CSV begins with a byte order mark, by which Excel reads it as UTF-8. An earlier export in its place
    is replaced; a folder that holds anything else is refused. The folder appears whole or not at all.
    """
    folder = Path(folder)
    _require_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        (scratch / "data").mkdir()
        with _snapshot(study) as seen:
            counts = _write(seen, lambda name: (scratch / name).open("w", **_text(name, bom)), wide, with_ids)
        scratch.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch)
        raise
    return counts


def export_zip(
    study: models.Study,
    stream: BinaryIO,
    *,
    wide: bool = False,
    with_ids: bool = False,
    bom: bool = False,
    progress: Progress | None = None,
) -> None:
    """Write the same as one zip to `stream`, while it is read; what breaks off on the way can't be opened as a zip.

    `progress(done, total, words)` is told run by run; what it raises breaks the export off.
    """
    top = f"{study.slug}-{timezone.now():%Y-%m-%d}"
    with _snapshot(study) as seen, ZipFile(stream, "w", ZIP_DEFLATED) as archive:

        @contextmanager
        def opened(name: str) -> Iterator[TextIO]:
            with (
                archive.open(f"{top}/{name}", "w", force_zip64=True) as file,
                TextIOWrapper(file, **_text(name, bom)) as text,
            ):
                yield text

        _write(seen, opened, wide, with_ids, progress)


def export_workbook(study: models.Study, stream: BinaryIO, *, wide: bool = False, with_ids: bool = False) -> None:
    """Write the same tables to `stream` as one Excel workbook; an `ExportError` where one is too large for that."""
    book = Book(stream)
    steps: dict[Any, Any] = {}
    try:
        with _snapshot(study) as seen:
            published = rows.published(seen)
            study_kind = kind_of_study(seen, published)
            versions, shown = rows.parameters_by_version(seen, published), rows.displays_by_version(published)
            tables = columns(study_kind, versions, shown, with_ids=with_ids)
            for name in rows.TABLES:
                table_rows = rows.whole(seen, study_kind, name, SNAPSHOT, with_ids=with_ids)
                book.sheet(name, tables[name], _noted(table_rows, study_kind, steps) if name == "steps" else table_rows)
            if wide:
                described = wide_columns(study_kind, steps, versions, shown, with_ids=with_ids)
                book.sheet("wide", described, _wide_rows(seen, study_kind, with_ids))
    except BaseException as error:
        book.discard()
        if isinstance(error, TooLarge):
            raise ExportError(str(error)) from error
        raise
    book.close()


def export_table(
    study: models.Study, name: str, stream: BinaryIO, *, with_ids: bool = False, bom: bool = False
) -> None:
    """Write one long table as CSV to `stream`, exactly as it stands in the export."""
    published = rows.published(study)
    study_kind, shown = kind_of_study(study, published), rows.displays_by_version(published)
    described = columns(study_kind, shown=shown, with_ids=with_ids)[name]
    text = TextIOWrapper(stream, **_text("x.csv", bom))
    try:
        with _snapshot(study) as seen:
            _write_table(text, described, rows.whole(seen, study_kind, name, SNAPSHOT, with_ids=with_ids))
    finally:
        text.detach()  # the stream is the caller's to close


def _text(name: str, bom: bool) -> dict[str, Any]:
    """Return how a file is opened: as UTF-8, with a byte order mark where a table is to have one."""
    return TEXT | ({"encoding": "utf-8-sig"} if bom and name.endswith(".csv") else {})


@contextmanager
def _snapshot(study: models.Study) -> Iterator[models.Study]:
    """Yield the study as one unchanging state of the database has it, with all that belongs to it."""
    with transaction.atomic(using=SNAPSHOT):
        yield models.Study.objects.using(SNAPSHOT).get(pk=study.pk)


def _require_free(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ExportError(f"{folder} is a file; name a folder")
    others = {path.name for path in folder.iterdir()} - FILES
    if others:
        raise ExportError(f"{folder} holds other files, such as {sorted(others)[0]}; name a new folder")


def _write(
    study: models.Study, opened: Opened, wide: bool, with_ids: bool, progress: Progress | None = None
) -> dict[str, int]:
    """Write every file of the export, each to what `opened(name)` gives; return the number of rows by table."""
    published = rows.published(study)
    study_kind = kind_of_study(study, published)
    counts: dict[str, int] = {}
    steps: dict[Any, Any] = {}
    versions = rows.parameters_by_version(study, published)
    shown = rows.displays_by_version(published)
    tables = columns(study_kind, versions, shown, with_ids=with_ids)
    n_tables, n_runs = len(rows.TABLES) + wide, rows.runs(study).count() if progress else 0

    def write(name: str, table_rows: Iterator[tuple[dict, dict]]) -> None:
        if progress:
            table_rows = _reporting(table_rows, progress, name, n_runs * len(counts), n_runs, n_runs * n_tables)
        with opened(_path(study, name)) as file:
            counts[name] = _write_table(file, tables[name], table_rows)

    for name in rows.TABLES:
        table_rows = rows.whole(study, study_kind, name, SNAPSHOT, with_ids=with_ids)
        write(name, _noted(table_rows, study_kind, steps) if name == "steps" else table_rows)
    if wide:
        tables["wide"] = wide_columns(study_kind, steps, versions, shown, with_ids=with_ids)
        write("wide", _wide_rows(study, study_kind, with_ids))
    for name, text in _described(study, study_kind, published, tables).items():
        with opened(name) as file:
            file.write(text)
    return counts


def _write_table(file: TextIO, described: list[Field], table_rows: Iterator[tuple[dict, dict]]) -> int:
    """Write a table and return the number of its rows; keys become cells once for all rows that share them."""
    write, shared, ready, n_rows = writer_to(file, described), None, {}, 0
    for keys, row in table_rows:
        if keys is not shared:
            shared, ready = keys, cells(keys)
        write(row, ready)
        n_rows += 1
    return n_rows


def _reporting(
    table_rows: Iterator[tuple[dict, dict]], progress: Progress, name: str, before: int, n_runs: int, total: int
) -> Iterator[tuple[dict, dict]]:
    """Pass a table's rows on, telling at each run how many runs of how many, over all tables, are begun."""
    words, begun, shared = f"writing {name}", 0, None
    progress(before, total, words)
    for keys, row in table_rows:
        if keys is not shared:
            shared, begun = keys, min(begun + 1, n_runs)
        progress(before + begun, total, words)
        yield keys, row


def _noted(
    table_rows: Iterator[tuple[dict, dict]], study_kind: Kind, steps: dict[str, Page]
) -> Iterator[tuple[dict, dict]]:
    """Pass the rows of `steps` on, noting every step's prefix in the wide table, with its page."""
    for keys, row in table_rows:
        page = study_kind.page(row["page"])
        steps.setdefault(_prefix(page, row), page)
        yield keys, row


def _described(
    study: models.Study, study_kind: Kind, published: list[models.Version], tables: dict[str, list[Field]]
) -> dict[str, str]:
    """Return the texts of all files beside the tables."""
    about = rows.about(study, study_kind, published)
    description = datasheet.dataset_description(about, study_kind, tables, __version__)
    texts = {
        "dataset_description.json": _json(description),
        "README.md": datasheet.readme(about, study_kind, list(tables), __version__),
        "CHANGES.md": datasheet.changes(about),
        ".psychdsignore": f"{PLAN}\n",
    }
    plan = study.current.definition.get("analysis_plan") if study.current else None
    return texts | ({PLAN: _json(plan)} if plan else {})


def _json(value) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _path(study: models.Study, name: str) -> str:
    return f"data/{psychds.file_name(study.slug, name)}"


def _wide_rows(study: models.Study, study_kind: Kind, with_ids: bool) -> Iterator[tuple[dict, dict]]:
    for chunk in rows.chunks(rows.runs(study).iterator(chunk_size=rows.CHUNK)):
        answers = rows.answers(chunk, SNAPSHOT)
        for run in chunk:
            wide = rows.participant_row(run, with_ids)
            for page, row in rows.step_rows(study_kind, run, answers[run.pk]):
                prefix, own = _prefix(page, row), "" if page.trial else f"{page.name}_"
                wide |= {f"{prefix}_{field.name}": row[f"{own}{field.name}"] for field in page.columns}
                wide |= {f"{prefix}_rt_ms": row["rt_ms"], f"{prefix}_{FACTOR}": row[FACTOR]}
            yield rows.keys(study, run), wide


def _prefix(page: Page, row: dict) -> str:
    """Return what names a step's columns in the wide table; a trial, and what was asked after it, has its number.

    It is of letters, digits and _ alone, as R and pandas take names.
    """
    if page.trial:
        return f"{page.name}{row['trial_index']:02d}"
    key = row["key"]
    if page.scoring and row["trial_index"] is not None:
        key = re.sub(rf"^{page.name}\d+", f"{page.name}{row['trial_index']:02d}", key)
    return re.sub(r"\W+", "_", key)
