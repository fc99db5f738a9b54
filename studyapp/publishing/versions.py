"""Frozen versions: written when a study is published or previewed, read by everything that follows one."""

from collections.abc import Callable
from functools import lru_cache

from studyapp import models
from studyapp.bundles.stimuli import reader
from studyapp.core.engine import sizes
from studyapp.core.engine.kinds import Kind, kind
from studyapp.core.questionnaires import pages, reading
from studyapp.core.variants import reading as variants
from studyapp.core.variants.applied import worded

from .checks import problems
from .definition import content_hash, definition
from .pictures import n_missing, render_version
from .wording import read_in


def freeze(study: models.Study, *, draft: bool = False) -> models.Version:
    """Return the version that holds the study as it is now, written anew unless it is there already.

    Publish only a study without `problems`. A draft is for previews and counts as no version.
    """
    record = definition(study)
    digest = content_hash(record)
    numbered = study.versions.filter(number=0) if draft else study.versions.exclude(number=0)
    known = numbered.filter(content_hash=digest).first()
    if known:
        return known
    latest = 0 if draft else max([0, *study.versions.values_list("number", flat=True)]) + 1
    return models.Version.objects.create(
        study=study, number=latest, content_hash=digest, definition=record, bundle=study.required_bundle
    )


def publish(study: models.Study) -> models.Version:
    """Freeze a version and open the study to participants. Raises `ValueError` with the first problem."""
    found = problems(study)
    if found:
        raise ValueError(found[0])
    draw_heatmaps(study)
    study.current = freeze(study)
    study.status = models.Study.Status.OPEN
    study.save(update_fields=["current", "status"])
    return study.current


def draw_heatmaps(study: models.Study, progress: Callable[[int, int], None] = lambda done, of: None) -> int:
    """Draw the heatmaps of what publishing the study now would freeze; a study without `problems`.

    What is drawn already is kept: done before a transaction, it takes no time in it.
    """
    return render_version(_as_it_is(study), progress)


def n_undrawn(study: models.Study) -> int:
    """Return how many heatmaps publishing a study without `problems` now would have to draw."""
    return n_missing(_as_it_is(study))


def _as_it_is(study: models.Study) -> models.Version:
    """Return what publishing the study now would freeze, not stored."""
    return models.Version(study=study, definition=definition(study), bundle=study.bundle)


@lru_cache(maxsize=64)
def read_version(pk: int) -> models.Version:
    """Return a version with its bundle, read once per process: versions never change, nor may the caller change it.

    Parameters and texts that its kind has gained since it was frozen, and entries of questionnaires, are there with
    their defaults, those that it has lost are not, so that a study under way outlives an update of the software; its
    hash is that of what was frozen.
    """
    version = models.Version.objects.select_related("bundle").get(pk=pk)
    study_kind, record = kind(version.definition["kind"]), version.definition
    defaults = study_kind.defaults(record["language"])
    record["parameters"] = {name: record["parameters"].get(name, value) for name, value in defaults.items()}
    record["texts"] = study_kind.texts(record["language"]) | record["texts"]
    if "questionnaires" in record:
        record["questionnaires"] = reading.complete(record["questionnaires"])
    return version


def windows_of(version: models.Version) -> list[sizes.Window]:
    """Return the smallest windows that hold a version's pages; any one of them will do."""
    return _windows(version.content_hash, version.pk)


@lru_cache(maxsize=64)
def _windows(_content_hash: str, pk: int) -> list[sizes.Window]:
    version = read_version(pk)
    return sizes.windows(kind(version.definition["kind"]), version.definition, reader(version.bundle))


def set_status(study: models.Study, status: models.Study.Status) -> None:
    """Pause, resume or close a published study; runs under way go on."""
    if study.current is None:
        raise ValueError("The study was never published.")
    study.status = status
    study.save(update_fields=["status"])


def edited_since(study: models.Study) -> bool:
    """Return whether the study differs from its current version; what an update of the software brought is no edit."""
    return study.current is not None and content_hash(definition(study)) != content_hash(frozen(study.current))


def frozen(version: models.Version) -> dict:
    """Return a version's definition, read once per process."""
    return read_version(version.pk).definition


def read_by(run: models.Participant, step: dict | None = None) -> dict:
    """Return a run's frozen definition in the words of its condition, and of a `step` where it stands at one.

    It is in the study's own language, in which data are kept; what a participant reads is `shown_to` them.
    """
    return worded(frozen(run.version), run.cell.factors, step)


def shown_to(run: models.Participant, step: dict | None = None) -> dict:
    """Return the same in the run's language: whatever of a study's words reaches a participant is taken from here."""
    return worded(spoken(run.version, language_of(run)), run.cell.factors, step)


def language_of(run: models.Participant) -> str:
    """Return the language in which a run's pages speak: its own, or the one that its study was published in."""
    language: str = run.language or frozen(run.version)["language"]
    return language


def spoken(version: models.Version, language: str) -> dict:
    """Return a version's definition as it is read in one of its languages, put together once per process."""
    return _spoken(read_version(version.pk).content_hash, version.pk, language)


@lru_cache(maxsize=256)
def _spoken(_content_hash: str, pk: int, language: str) -> dict:
    return read_in(frozen(read_version(pk)), language)


def kind_of_study(study: models.Study, published: list[models.Version] | None = None) -> Kind:
    """Return a study's kind with the questionnaires of all its published versions; without one, as they are now.

    Its published versions, the newest first, are asked for where they aren't known.
    """
    if published is None:
        keys = study.versions.exclude(number=0).values_list("pk", flat=True)
        published = [read_version(pk) for pk in keys]
    versions = {version.label: version.definition for version in published}
    now = {"": {"questionnaires": study.questionnaires, "variants": variants.complete(study.variants)}}
    readings = {label: variants.readings(definition) for label, definition in (versions or now).items()}
    return pages.kind_of_all(kind(study.kind), readings)
