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

from studyapp import __version__, models
from studyapp.coding import results
from studyapp.core import datasheet, psychds
from studyapp.core.columns import columns, wide_columns
from studyapp.core.kinds import Kind, Page, kind
from studyapp.core.tables import cell, table, write_table

SNAPSHOT = "snapshot"
CHUNK = 100
PLAN = "analysis_plan.json"
FILES = {"data", "dataset_description.json", "README.md", "CHANGES.md", ".psychdsignore", PLAN, "CHANGES"}
FORGOTTEN: list = []


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
            rows = _write(models.Study.objects.using(SNAPSHOT).get(pk=study.pk), scratch, wide, with_ids)
        scratch.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch)
        raise
    return rows


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
    rows = _write_long(study, its_kind, folder, tables, with_ids)
    if wide:
        steps = _wide_steps(study, its_kind)
        tables["wide"] = wide_columns(its_kind, steps, with_ids=with_ids)
        write_table(_path(folder, study, "wide"), tables["wide"], _wide_rows(study, its_kind, with_ids))
        rows["wide"] = rows["participants"]
    about = _about(study, its_kind)
    description = datasheet.dataset_description(about, its_kind, tables, __version__)
    (folder / "dataset_description.json").write_text(json.dumps(description, indent=2, ensure_ascii=False), "utf-8")
    (folder / "README.md").write_text(datasheet.readme(about, its_kind, list(tables), __version__), "utf-8")
    (folder / "CHANGES.md").write_text(datasheet.changes(about), "utf-8")
    (folder / ".psychdsignore").write_text(f"{PLAN}\n", "utf-8")
    if study.current and (plan := study.current.definition.get("analysis_plan")):
        (folder / PLAN).write_text(json.dumps(plan, indent=2, ensure_ascii=False), "utf-8")
    return rows


def _write_long(study, its_kind: Kind, folder: Path, tables: dict, with_ids: bool) -> dict[str, int]:
    counts = dict.fromkeys(tables, 0)
    with ExitStack() as files:
        writers = {
            name: files.enter_context(table(_path(folder, study, name), its_columns))
            for name, its_columns in tables.items()
        }

        def write(name: str, row: dict) -> None:
            writers[name](row)
            counts[name] += 1

        for run in _runs(study):
            keys = _keys(study, run)
            write("participants", keys | _participant_row(run, with_ids))
            for page, row in _step_rows(its_kind, run):
                if page.trial:
                    write("trials", keys | row)
                write("steps", keys | row)
            for row in _event_rows(run):
                write("events", keys | row)
        for row in results.rows(study, SNAPSHOT):
            write("codes", {"study": study.slug} | row)
    return counts


def _path(folder: Path, study: models.Study, name: str) -> Path:
    return folder / "data" / psychds.file_name(study.slug, name)


def _runs(study: models.Study) -> Iterator[models.Participant]:
    """All runs but previews, each with its plan and answers, a chunk at a time."""
    runs = study.participants.filter(preview=False).select_related("plan", "condition", "version", "identity")
    return runs.defer("version__definition").prefetch_related("responses").iterator(chunk_size=CHUNK)


def _keys(study: models.Study, run: models.Participant) -> dict:
    return {
        "study": study.slug,
        "study_version": run.version.label,
        "participant": run.code,
        "condition": run.condition.name,
        **{f"factor_{name}": level for name, level in run.condition.factors.items()},
    }


def _participant_row(run: models.Participant, with_ids: bool) -> dict:
    row = {
        "group": run.group,
        "order": run.order,
        "status": run.status,
        "bot": bool(run.bot),
        "started_at": run.started_at,
        "finished_at": run.ended_at,
        "duration_s": round((run.ended_at - run.started_at).total_seconds(), 3) if run.ended_at else None,
        **run.summary,
    }
    if with_ids and hasattr(run, "identity"):
        row |= {"recruitment_source": run.identity.source, "recruitment_id": run.identity.external_id}
    return row


def _step_rows(its_kind: Kind, run: models.Participant) -> Iterator[tuple[Page, dict]]:
    """Yield each answered step's page and row: a trial's fields under their names, others' under `<page>_<field>`."""
    before = run.started_at
    for response in run.responses.all():
        step = run.plan.steps[response.position]
        page = its_kind.page(step["page"])
        values = response.scores | response.answer
        prefix = "" if page.trial else f"{page.name}_"
        yield (
            page,
            {
                **{name: step.get(name) for name in ("block", "phase", "trial_index", "stimulus", "page", "key")},
                "step_index": response.position,
                "method": step.get("method", run.condition.factors.get("heatmap")),
                **{f"{prefix}{field.name}": values.get(field.name) for field in page.fields},
                "rt_ms": response.rt_ms,
                "hidden_ms": response.hidden_ms,
                "server_ms": round((response.submitted_at - before).total_seconds() * 1000),
                "input_mode": response.input_mode,
                "shown_at": response.timing.get("shown_at"),
                "submitted_at": response.submitted_at,
            },
        )
        before = response.submitted_at


def _event_rows(run: models.Participant) -> Iterator[dict]:
    """Yield the run's events in order; none of one whose answers were erased."""
    if run.plan.steps == FORGOTTEN:
        return
    for event in run.events.order_by("pk").iterator(chunk_size=2000):
        yield {
            "step_index": event.position,
            "name": event.name,
            "t_ms": event.t_ms,
            "input_mode": event.input_mode,
            "data": event.data,
            "received_at": event.received_at,
        }


def _wide_steps(study: models.Study, its_kind: Kind) -> dict[str, Page]:
    found: dict[str, Page] = {}
    for run in _runs(study):
        for page, row in _step_rows(its_kind, run):
            found.setdefault(_prefix(page, row), page)
    return found


def _wide_rows(study: models.Study, its_kind: Kind, with_ids: bool) -> Iterator[dict]:
    for run in _runs(study):
        wide = _keys(study, run) | _participant_row(run, with_ids)
        for page, row in _step_rows(its_kind, run):
            prefix, own = _prefix(page, row), "" if page.trial else f"{page.name}_"
            wide |= {f"{prefix}_{field.name}": row[f"{own}{field.name}"] for field in page.fields}
            wide[f"{prefix}_rt_ms"] = row["rt_ms"]
        yield wide


def _prefix(page: Page, row: dict) -> str:
    return f"{page.name}{row['trial_index']:02d}" if page.trial else row["key"]


def _about(study: models.Study, its_kind: Kind) -> dict:
    versions = [
        {
            "study_version": version.label,
            "published": cell(version.created_at),
            "sha256": version.content_hash,
            "parameters": version.definition["parameters"],
        }
        for version in study.versions.exclude(number=0)
    ]
    levels: dict[str, list] = {factor.name: [] for factor in its_kind.factors}
    for condition in study.conditions.all():
        for name, level in condition.factors.items():
            if level not in levels.setdefault(name, []):
                levels[name].append(level)
    return {
        "slug": study.slug,
        "title": study.title,
        "parameters": versions[0]["parameters"] if versions else its_kind.defaults(study.language) | study.parameters,
        "factors": levels,
        "versions": versions,
    }
