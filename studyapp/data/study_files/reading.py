"""Bring a study in from a file, with its bundle; or a bundle from a zip."""

import json
import zipfile
from pathlib import Path
from random import Random

from django.db import transaction
from django.utils.text import slugify

from studyapp import models, publishing
from studyapp.bundles import stimuli
from studyapp.core.bundles.bundle import BundleError
from studyapp.core.bundles.sets import open_bundle
from studyapp.core.questionnaires import plans
from studyapp.core.storable import storable
from studyapp.data.imported_maps import WANTED, holds_maps, load_maps

from .format import StudyFileError
from .parsing import parse, require_known
from .writing import stimuli_of
from .zips import unpacked


def load_study(path: Path | str, *, slug: str = "", uploaded: bool = False) -> models.Study:
    """Create a draft study from a file; `slug` names it otherwise than the file does.

    The bundle of an uploaded one is loaded already, or lies in it: its path leads nowhere else on the server.
    Raises `StudyFileError` naming file and field; no study is left behind then.
    """
    path = Path(path)
    if not zipfile.is_zipfile(path):
        return _load_json(path, path.parent, path, slug, uploaded)
    with unpacked(path) as folder:
        return _load_json(folder / "study.json", folder, path, slug, uploaded)


def load_zipped_bundle(path: Path | str, name: str) -> tuple[models.Bundle, list[str]]:
    """Load a bundle from a zip of it, of its folder, or of what one is made of; return it and what there is to say."""
    with unpacked(path) as folder:
        manifests = sorted(folder.rglob("manifest.json"), key=lambda found: len(found.parts))
        if not manifests and (maps := holds_maps(folder)):
            return load_maps(maps, name)
        if not manifests:
            raise StudyFileError(
                f"{path}: expected a bundle's manifest.json, found none; zip the folder that “python -m explainers "
                f"explain” wrote. Of maps by other tools: {WANTED}"
            )
        top = [found.parent for found in manifests if len(found.parts) == len(manifests[0].parts)]
        return stimuli.load_bundle(top[0] if len(top) == 1 else {part.name: part for part in top}, name), []


def _load_json(path: Path, folder: Path, shown: Path, slug: str, uploaded: bool) -> models.Study:
    try:
        found = _read(path)
        study, conditions = parse(found, slug)
        study.bundle = _bundle(found["bundle"], folder, uploaded)
        with transaction.atomic():
            study.save()
            models.Condition.objects.bulk_create(models.Condition(study=study, **condition) for condition in conditions)
            study.refresh_from_db()
            _keep_stimuli(study, found["stimuli"])
        return study
    except (StudyFileError, BundleError) as error:
        raise StudyFileError(f"{shown}: {error}") from None


def _read(path: Path):
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if storable(found) != found:
            raise StudyFileError(
                "holds what no database stores: a NUL, half of a surrogate pair, NaN, an infinity or very deep lists"
            )
    except FileNotFoundError:
        raise StudyFileError("expected study.json, found none") from None
    except StudyFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise StudyFileError(f"expected JSON, found {error}") from None
    return found


def _bundle(named: dict, folder: Path, uploaded: bool) -> models.Bundle | None:
    """Return the bundle that the file names: one loaded already, else the one in its zip or at its path."""
    require_known(named, ("name", "sha256", "path"), "bundle")
    if not named:
        return None
    source = _places(named.get("path", "bundle"), folder)
    places = source.values() if isinstance(source, dict) else [source]
    if uploaded and not all(place.resolve().is_relative_to(folder.resolve()) for place in places):
        raise StudyFileError("bundle.path: leads out of the uploaded file; load the bundle first, or zip it with this")
    digest = str(named.get("sha256") or "") or open_bundle(source).sha256
    known = models.Bundle.objects.filter(sha256=digest).first()
    if known:
        return known
    if isinstance(source, Path) and not source.is_dir():
        raise StudyFileError(
            f"bundle: no bundle with the hash {digest[:12]}… is loaded; load it first, or give its path"
        )
    bundle = open_bundle(source)
    if bundle.sha256 != digest:
        raise StudyFileError(
            f"bundle: expected the hash {digest[:12]}…, found {bundle.sha256[:12]}… in {bundle.folder}"
        )
    name = str(named.get("name") or slugify(bundle.folder.name))
    taken = models.Bundle.objects.filter(name=name).exists()
    return stimuli.load_bundle(source, f"{name}-{digest[:8]}" if taken else name)


def _places(path, folder: Path) -> Path | dict[str, Path]:
    """Return where the bundle lies, or each data set's bundle where `path` names several."""
    if isinstance(path, dict) and path and all(isinstance(place, str) for place in path.values()):
        return {dataset: folder / place for dataset, place in path.items()}
    if isinstance(path, str):
        return folder / path
    raise StudyFileError(f"bundle.path: expected a path, or an object of data set: path, found {path!r}")


def _keep_stimuli(study: models.Study, wanted: dict) -> None:
    """Keep the file's stimuli where this study's seed would draw others here.

    Raises `StudyFileError` where the kind can make nothing of them.
    """
    if not wanted or wanted == stimuli_of(study):
        return
    study.stimuli = wanted
    study.save(update_fields=["stimuli"])
    try:
        if not publishing.problems(study):
            record = publishing.definition(study)
            for cell in study.conditions.all():
                plans.build(record, cell.name, cell.factors, 0, Random(0))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise StudyFileError(f"stimuli: expected what this kind of study draws, found {error!r} to go wrong") from None
