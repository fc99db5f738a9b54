"""A study's data as rows, for the export and the API: runs, answered steps, events, each as a dict by column.

Read run by run, some at a time, so that memory stays the same whatever the study's size; answers and events as plain
values, which is what makes a million of them quick.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.coding import results
from studyapp.core.bundles.limits import BundleError
from studyapp.core.engine.kinds import Kind, Page, kind
from studyapp.core.export.tables import cell
from studyapp.core.heatmaps.displays import FACTOR, WITHIN, level_names
from studyapp.core.questionnaires.answers import rows_of
from studyapp.core.questionnaires.pages import has_questionnaires, of_step
from studyapp.publishing import frozen, parameters_of, read_by

TABLES = ("participants", "trials", "steps", "answers", "events", "codes")
CHUNK = 100
FORGOTTEN: list = []
ANSWER = (
    "position", "answer", "scores", "rt_ms", "hidden_ms", "input_mode", "timing", "submitted_at",
)  # fmt: skip
EVENT = ("position", "name", "t_ms", "input_mode", "data", "received_at")
EVENT_COLUMNS = ("step_index", *EVENT[1:])


def whole(
    study: models.Study, study_kind: Kind, name: str, using: str, *, with_ids: bool = False
) -> Iterator[tuple[dict, dict]]:
    """Yield a table's rows, each after its keys: what stands in every row of its run, the same dict for all of them.

    `study_kind` has the study's questionnaires among its pages.
    """
    if name == "codes":
        yield from _codes(study, using)
    elif name != "answers" or has_questionnaires(study_kind):
        for chunk in chunks(runs(study).using(using).iterator(chunk_size=CHUNK)):
            yield from of_runs(study, study_kind, name, chunk, using, with_ids=with_ids)


def of_runs(
    study: models.Study,
    study_kind: Kind,
    name: str,
    chunk: list[models.Participant],
    using: str,
    *,
    with_ids: bool = False,
) -> Iterator[tuple[dict, dict]]:
    """Yield the same of some runs alone."""
    keys_of_run = {run.pk: keys(study, run) for run in chunk}
    if name == "participants":
        yield from ((keys_of_run[run.pk], participant_row(run, with_ids)) for run in chunk)
    elif name == "events":
        yield from ((keys_of_run[run.pk], row) for run, row in events(chunk, using))
    elif name == "codes":
        yield from _codes(study, using, chunk)
    elif name == "answers":
        given = answers(chunk, using)
        for run in chunk:
            yield from ((keys_of_run[run.pk], row) for row in answer_rows(run, given[run.pk]))
    else:
        given = answers(chunk, using)
        for run in chunk:
            for page, row in step_rows(study_kind, run, given[run.pk]):
                if name == "steps" or page.trial:
                    yield keys_of_run[run.pk], row


def _codes(study: models.Study, using: str, chunk: list | None = None) -> Iterator[tuple[dict, dict]]:
    study_key = {"study": study.slug}
    yield from ((study_key, row) for row in results.rows(study, using, chunk))


def runs(study: models.Study):
    """Return all runs but previews, each with its plan, condition, version and identity."""
    found = study.participants.filter(preview=False).select_related("plan", "condition", "version", "identity")
    return found.defer("version__definition").order_by("pk")


def chunks(found: Iterable) -> Iterator[list]:
    """Yield runs some at a time."""
    found = iter(found)
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def answers(chunk: list[models.Participant], using: str) -> dict[int, list[tuple]]:
    """Return some runs' answers in order, by the run's key: values as in `ANSWER`."""
    found = models.Response.objects.using(using).filter(participant__in=chunk).order_by("participant_id", "position")
    grouped: dict[int, list[tuple]] = {run.pk: [] for run in chunk}
    for key, *values in found.values_list("participant_id", *ANSWER).iterator(chunk_size=2000):
        grouped[key].append(values)
    return grouped


def events(chunk: list[models.Participant], using: str) -> Iterator[tuple[models.Participant, dict]]:
    """Yield the events of some runs in order, each with its run; none of one whose answers were erased."""
    by_key = {run.pk: run for run in chunk if run.plan.steps != FORGOTTEN}
    found = models.Event.objects.using(using).filter(participant__in=by_key).order_by("participant_id", "pk")
    for key, *values in found.values_list("participant_id", *EVENT).iterator(chunk_size=2000):
        yield by_key[key], dict(zip(EVENT_COLUMNS, values, strict=True))


def keys(study: models.Study, run: models.Participant) -> dict:
    """Return what stands in every row of a run."""
    return {
        "study": study.slug,
        "study_version": run.version.label,
        "participant": run.code,
        "condition": run.cell.name,
        **{f"factor_{name}": level for name, level in run.cell.factors.items()},
    }


def participant_row(run: models.Participant, with_ids: bool) -> dict:
    """Return a run's own row, without its keys."""
    row = {
        "group": run.group,
        "language": run.language or frozen(run.version)["language"],
        "language_by": run.language_by,
        "order": run.order,
        "status": run.status,
        "bot": bool(run.bot),
        "started_at": run.started_at,
        "finished_at": run.ended_at,
        "duration_s": round((run.ended_at - run.started_at).total_seconds(), 3) if run.ended_at else None,
        "failed_checks": sum(run.quality.get("failed", {}).values()) if run.quality else None,
        "constant_answers": run.quality.get("constant"),
        **run.summary,
    }
    if with_ids and hasattr(run, "identity"):
        row |= {"recruitment_source": run.identity.source, "recruitment_id": run.identity.external_id}
    return row


def step_rows(kind: Kind, run: models.Participant, answers: list[tuple]) -> Iterator[tuple[Page, dict]]:
    """Yield each answered step's page and row: a trial's fields under their names, others' under `<page>_<field>`."""
    before, method = run.started_at, kind.method_of(run.cell.factors)
    for position, answer, scores, rt_ms, hidden_ms, input_mode, timing, submitted_at in answers:
        step = run.plan.steps[position]
        page = kind.page(step["page"])
        values = scores | answer
        prefix = "" if page.trial else f"{page.name}_"
        yield (
            page,
            {
                **{name: step.get(name) for name in ("block", "phase", "trial_index", "stimulus", "page", "key")},
                "step_index": position,
                "method": step.get("method", method),
                FACTOR: step.get(FACTOR),
                **{f"{prefix}{field.name}": values.get(field.name) for field in page.columns},
                "rt_ms": rt_ms,
                "hidden_ms": hidden_ms,
                "server_ms": round((submitted_at - before).total_seconds() * 1000),
                "input_mode": input_mode,
                "shown_at": timing.get("shown_at"),
                "submitted_at": submitted_at,
            },
        )
        before = submitted_at


def answer_rows(run: models.Participant, answers: list[tuple]) -> Iterator[dict]:
    """Yield a row for each item of a questionnaire that a run was asked, in the order in which it was asked them.

    Labels are those that it read.
    """
    names = {one["name"] for one in frozen(run.version).get("questionnaires", ())}
    for position, answer, _scores, _rt_ms, _hidden_ms, _input_mode, timing, submitted_at in answers:
        step = run.plan.steps[position]
        if step["page"] not in names:
            continue
        where = {name: step.get(name) for name in ("block", "phase", "trial_index", "stimulus")}
        where |= {"step_index": position, "submitted_at": submitted_at}
        times = timing.get("items", {})
        for row in rows_of(of_step(read_by(run, step), step), step["data"], answer):
            yield where | row | {"rt_ms": times.get(row["item"])}


def published(study: models.Study) -> list[models.Version]:
    """Return the study's published versions, the newest first."""
    return list(study.versions.exclude(number=0))


def parameters_by_version(study: models.Study, versions: list[models.Version]) -> dict[str, dict]:
    """Return the parameters of each `published` version, the newest first; of a study without, as they are now.

    Parameters that the kind has gained since a version was frozen have their defaults, as its runs have them.
    """
    study_kind = kind(study.kind)
    found = {one.label: (one.definition["language"], one.definition["parameters"]) for one in versions}
    found = found or {"": (study.language, study.parameters)}
    return {label: study_kind.defaults(language) | own for label, (language, own) in found.items()}


def displays_by_version(versions: list[models.Version]) -> dict[str, dict]:
    """Return how heatmaps look in each `published` version, as it was frozen."""
    return {one.label: one.definition["display"] for one in versions if "display" in one.definition}


def about(study: models.Study, kind: Kind, published: list[models.Version]) -> dict:
    """Return what a description of the data says of the study: versions, newest first, parameters, levels."""
    versions = [
        {
            "study_version": version.label,
            "published": cell(version.created_at),
            "sha256": version.content_hash,
            "parameters": version.definition["parameters"],
            "display": version.definition.get("display", {}),
        }
        for version in published
    ]
    levels: dict[str, list] = {factor.name: [] for factor in kind.factors}
    for condition in study.conditions.all():
        for name, level in condition.factors.items():
            if level not in levels.setdefault(name, []):
                levels[name].append(level)
    return {
        "slug": study.slug,
        "title": study.title,
        "parameters": versions[0]["parameters"] if versions else parameters_of(study),
        "factors": levels,
        "within": _within(published),
        "titles": _titles(study.bundle),
        "versions": versions,
    }


def _titles(bundle: models.Bundle | None) -> dict[str, str]:
    """Return what axes call methods; nothing where the bundle is gone or damaged, as answers come out without it."""
    try:
        return reader(bundle).short_titles() if bundle else {}
    except BundleError:
        return {}


def _within(versions: list[models.Version]) -> dict[str, list]:
    """Return what each participant met several levels of, by name: the display, where it varies within people."""
    shown = [one for one in displays_by_version(versions).values() if one.get("varies") == WITHIN]
    levels = list(dict.fromkeys(level for one in shown for level in level_names(one)))
    return {FACTOR: levels} if levels else {}
