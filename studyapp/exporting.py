"""Export a study's data as a folder: long tables, what every column means, and the study's versions.

Everything is read in one transaction that sees one unchanging state and blocks nobody, run by run, so that memory
stays the same whatever the study's size. The folder appears whole or not at all.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from django.db import transaction

from studyapp import __version__, models, rows
from studyapp.coding import results
from studyapp.core import datasheet, psychds
from studyapp.core.columns import columns, wide_columns
from studyapp.core.kinds import Kind, Page, kind
from studyapp.core.tables import cells, table, write_table

SNAPSHOT = "snapshot"
PLAN = "analysis_plan.json"
FILES = {"data", "dataset_description.json", "README.md", "CHANGES.md", ".psychdsignore", PLAN, "CHANGES"}


class ExportError(ValueError):
    """Why nothing was exported, in words."""


def export(study: models.Study, folder: Path | str, *, wide: bool = False, with_ids: bool = False) -> dict[str, int]:
    """Write the export of a study to a new `folder` and return the number of rows by table.

    An earlier export in its place is replaced; a folder that holds anything else is refused.
    """
    folder = Path(folder)
    _require_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        with transaction.atomic(using=SNAPSHOT):
            counts = _write(models.Study.objects.using(SNAPSHOT).get(pk=study.pk), scratch, wide, with_ids)
        scratch.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch)
        raise
    return counts


def _require_free(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ExportError(f"{folder} is a file; name a folder")
    others = {path.name for path in folder.iterdir()} - FILES
    if others:
        raise ExportError(f"{folder} holds other files, such as {sorted(others)[0]}; name a new folder")


def _write(study: models.Study, folder: Path, wide: bool, with_ids: bool) -> dict[str, int]:
    its_kind = kind(study.kind)
    tables = columns(its_kind, with_ids=with_ids)
    (folder / "data").mkdir()
    counts, steps = _write_long(study, its_kind, folder, tables, with_ids)
    if wide:
        tables["wide"] = wide_columns(its_kind, steps, with_ids=with_ids)
        write_table(_path(folder, study, "wide"), tables["wide"], _wide_rows(study, its_kind, with_ids))
        counts["wide"] = counts["participants"]
    about = rows.about(study, its_kind)
    description = datasheet.dataset_description(about, its_kind, tables, __version__)
    (folder / "dataset_description.json").write_text(json.dumps(description, indent=2, ensure_ascii=False), "utf-8")
    (folder / "README.md").write_text(datasheet.readme(about, its_kind, list(tables), __version__), "utf-8")
    (folder / "CHANGES.md").write_text(datasheet.changes(about), "utf-8")
    (folder / ".psychdsignore").write_text(f"{PLAN}\n", "utf-8")
    if study.current and (plan := study.current.definition.get("analysis_plan")):
        (folder / PLAN).write_text(json.dumps(plan, indent=2, ensure_ascii=False), "utf-8")
    return counts


def _write_long(study, its_kind: Kind, folder: Path, tables: dict, with_ids: bool) -> tuple[dict, dict[str, Page]]:
    """Write the long tables; return the number of rows of each, and every step's prefix in the wide table."""
    counts, steps = dict.fromkeys(tables, 0), {}
    with ExitStack() as files:
        writers = {
            name: files.enter_context(table(_path(folder, study, name), its_columns))
            for name, its_columns in tables.items()
        }

        def write(name: str, row: dict, keys: dict | None = None) -> None:
            writers[name](row, keys)
            counts[name] += 1

        for chunk in rows.chunks(_runs(study)):
            answers = rows.answers(chunk, SNAPSHOT)
            keys = {run.pk: cells(rows.keys(study, run)) for run in chunk}
            for run in chunk:
                write("participants", rows.participant_row(run, with_ids), keys[run.pk])
                for page, row in rows.step_rows(its_kind, run, answers[run.pk]):
                    steps.setdefault(_prefix(page, row), page)
                    if page.trial:
                        write("trials", row, keys[run.pk])
                    write("steps", row, keys[run.pk])
            for run, row in rows.events(chunk, SNAPSHOT):
                write("events", row, keys[run.pk])
        for row in results.rows(study, SNAPSHOT):
            write("codes", row, cells({"study": study.slug}))
    return counts, steps


def _path(folder: Path, study: models.Study, name: str) -> Path:
    return folder / "data" / psychds.file_name(study.slug, name)


def _runs(study: models.Study) -> Iterator[models.Participant]:
    return rows.runs(study).iterator(chunk_size=rows.CHUNK)


def _wide_rows(study: models.Study, its_kind: Kind, with_ids: bool) -> Iterator[dict]:
    for chunk in rows.chunks(_runs(study)):
        answers = rows.answers(chunk, SNAPSHOT)
        for run in chunk:
            wide = rows.keys(study, run) | rows.participant_row(run, with_ids)
            for page, row in rows.step_rows(its_kind, run, answers[run.pk]):
                prefix, own = _prefix(page, row), "" if page.trial else f"{page.name}_"
                wide |= {f"{prefix}_{field.name}": row[f"{own}{field.name}"] for field in page.fields}
                wide[f"{prefix}_rt_ms"] = row["rt_ms"]
            yield wide


def _prefix(page: Page, row: dict) -> str:
    return f"{page.name}{row['trial_index']:02d}" if page.trial else row["key"]
