"""A whole study as one file, out and in: definition, conditions, stimuli, all texts, payment, codes, and its bundle.

`study.json` holds everything but the bundle's files. Alone it names the bundle by hash, or by a `path` relative to
itself; in a zip the bundle lies beside it in `bundle/`. What a file leaves out has its default.
"""

import json
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from random import Random

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from studyapp import models, publishing, stimuli
from studyapp.core import parameters
from studyapp.core.bundle_sets import open_bundle
from studyapp.core.bundles import BundleError
from studyapp.core.kinds import ENGLISH, Kind, kind
from studyapp.core.storable import storable

FORMAT = "heatwise-study"
FORMAT_VERSION = 1
MAX_BYTES, MAX_FILES, MAX_DEPTH = 4 * 2**30, 200_000, 20  # of an uploaded zip, unpacked
# Names in the file, by section, and the study's fields that they stand for.
FIELDS = {
    "": {name: name for name in ("slug", "title", "language", "seed")},
    "payment": {name: name for name in ("currency", "reward_base", "reward_bonus", "reward_partial")},
    "codes": {name: f"code_{name}" for name in ("completed", "screened_out", "no_consent", "withdrawn")},
    "recruitment": {
        name: name
        for name in ("id_parameter", "require_id", "return_url", "active_minutes", "expire_hours", "retention_days")
    },
}
SECTIONS = ("bundle", "parameters", "texts", "payment", "codes", "recruitment", "analysis_plan", "stimuli")
NAMES = {"format", "format_version", "kind", "conditions", *FIELDS[""], *SECTIONS}


class StudyFileError(ValueError):
    """What is wrong with a study's file, in words that name the file and the field."""


def dump_study(study: models.Study, path: Path | str) -> None:
    """Write a study to a `.zip` with its bundle, or to a `.json` that names it by its hash."""
    path = Path(path)
    content = json.dumps(record(study), indent=2, ensure_ascii=False) + "\n"
    if path.suffix == ".json":
        path.write_text(content, encoding="utf-8")
    elif path.suffix == ".zip":
        _write_zip(path, content, study)
    else:
        raise StudyFileError(f"{path}: expected a name that ends in .zip or .json")


def record(study: models.Study) -> dict:
    """Return everything of a study as plain data: all parameters and texts, the unedited ones too."""
    its_kind = kind(study.kind)
    sections = {
        section: {name: _plain(getattr(study, field)) for name, field in fields.items()}
        for section, fields in FIELDS.items()
    }
    bundle = study.bundle
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kind": study.kind,
        **sections.pop(""),
        "bundle": {"name": bundle.name, "sha256": bundle.sha256} if bundle else {},
        "parameters": its_kind.defaults(study.language) | study.parameters,
        "texts": its_kind.texts(study.language) | study.texts,
        "conditions": list(study.conditions.values("name", "factors", "quota", "open")),
        **sections,
        "analysis_plan": study.analysis_plan,
        "stimuli": _stimuli_of(study),
    }


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


def load_zipped_bundle(path: Path | str, name: str) -> models.Bundle:
    """Load a bundle from a zip that holds its folder or what is in it."""
    with unpacked(path) as folder:
        manifests = sorted(folder.rglob("manifest.json"), key=lambda found: len(found.parts))
        if not manifests:
            raise StudyFileError(
                f"{path}: expected a bundle's manifest.json, found none; zip the folder that “python -m explainers "
                "explain” wrote"
            )
        top = [found.parent for found in manifests if len(found.parts) == len(manifests[0].parts)]
        return stimuli.load_bundle(top[0] if len(top) == 1 else {part.name: part for part in top}, name)


@contextmanager
def unpacked(path: Path | str):
    """Yield a folder with what a zip holds, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with zipfile.ZipFile(path) as archive:
                _require_modest(archive.infolist())
                archive.extractall(scratch)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
            raise StudyFileError(f"{path}: expected a zip that can be unpacked, found {error}") from None
        yield Path(scratch)


def _require_modest(entries: list[zipfile.ZipInfo]) -> None:
    """Raise `BadZipFile` where unpacking would fill the disk, or make folders too deep to be deleted again."""
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise zipfile.BadZipFile(f"more than {MAX_BYTES // 2**30} GiB in it")
    if len(entries) > MAX_FILES:
        raise zipfile.BadZipFile(f"more than {MAX_FILES} files in it")
    if any(entry.filename.count("/") > MAX_DEPTH for entry in entries):
        raise zipfile.BadZipFile(f"folders in it, one in another, more than {MAX_DEPTH} deep")


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


def parse(found, slug: str = "") -> tuple[models.Study, list[dict]]:
    """Return the study and conditions that a file's content describes, checked but not saved, without its bundle."""
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise StudyFileError(f"expected the format {FORMAT!r}; this is no study's file")
    if found.get("format_version") != FORMAT_VERSION:
        raise StudyFileError(f"format_version: expected {FORMAT_VERSION}, found {found.get('format_version')!r}")
    _known(found, NAMES, "the file")
    for section in SECTIONS:
        if not isinstance(found.setdefault(section, {}), dict):
            raise StudyFileError(f"{section}: expected an object, found {found[section]!r}")
    try:
        its_kind = kind(str(found.get("kind", "")))
    except LookupError as error:
        raise StudyFileError(f"kind: {error}") from None
    language = str(found.get("language", ENGLISH))
    study = models.Study(
        kind=its_kind.name,
        parameters=_parameters(its_kind, found["parameters"], language),
        texts=_texts(its_kind, found["texts"], language),
        analysis_plan=found["analysis_plan"],
        **_fields(found),
    )
    study.slug = slug or study.slug
    _validate(study)
    return study, _conditions(its_kind, found.get("conditions", []))


def _fields(found: dict) -> dict:
    values = {}
    for section, fields in FIELDS.items():
        given = {name: found[name] for name in fields if name in found} if section == "" else found[section]
        _known(given, fields, section)
        values |= {fields[name]: value for name, value in given.items()}
    return values


def _validate(study: models.Study) -> None:
    if models.Study.objects.filter(slug=study.slug).exists():
        raise StudyFileError(f"slug: a study {study.slug!r} is here already; load this one under another slug")
    try:
        study.full_clean(exclude=["bundle", "current"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise StudyFileError(f"{_name(field)}: {messages[0]}") from None


def _name(field: str) -> str:
    for section, fields in FIELDS.items():
        for name, stands_for in fields.items():
            if stands_for == field:
                return f"{section}.{name}" if section else name
    return field


def _parameters(its_kind: Kind, values: dict, language: str) -> dict:
    if found := parameters.problems(its_kind, values):
        raise StudyFileError(f"parameters: {found[0]}")
    defaults = its_kind.defaults(language)
    return {name: value for name, value in values.items() if value != defaults[name]}


def _texts(its_kind: Kind, texts: dict, language: str) -> dict:
    defaults = its_kind.texts(language)
    _known(texts, defaults, "texts")
    for key, text in texts.items():
        if not isinstance(text, str):
            raise StudyFileError(f"texts.{key}: expected a text, found {text!r}")
    return {key: text for key, text in texts.items() if text != defaults[key]}


def _conditions(its_kind: Kind, entries) -> list[dict]:
    if not isinstance(entries, list):
        raise StudyFileError(f"conditions: expected a list, found {entries!r}")
    conditions = [_condition(its_kind, entry, f"conditions[{index}]") for index, entry in enumerate(entries)]
    names = [condition["name"] for condition in conditions]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise StudyFileError(f"conditions: two are named {repeated[0]!r}; expected a name for each")
    return conditions


def _condition(its_kind: Kind, entry, where: str) -> dict:
    if not isinstance(entry, dict) or not isinstance(entry.get("factors"), dict):
        raise StudyFileError(f"{where}: expected an object with name and factors, found {entry!r}")
    _known(entry, ("name", "factors", "quota", "open"), where)
    names = [factor.name for factor in its_kind.factors]
    if sorted(entry["factors"]) != sorted(names):
        raise StudyFileError(f"{where}.factors: expected {', '.join(names)}, found {', '.join(entry['factors'])}")
    for factor in its_kind.factors:
        if not isinstance(level := entry["factors"][factor.name], str) or not level:
            raise StudyFileError(f"{where}.factors.{factor.name}: expected a text, found {level!r}")
        if not factor.open and entry["factors"][factor.name] not in factor.levels:
            raise StudyFileError(
                f"{where}.factors.{factor.name}: expected one of {', '.join(factor.levels)}, "
                f"found {entry['factors'][factor.name]!r}"
            )
    try:
        models.Condition(**entry).clean_fields(exclude=["study", "factors"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise StudyFileError(f"{where}.{field}: {messages[0]}") from None
    return entry


def _known(given: dict, names, where: str) -> None:
    if unknown := [name for name in given if name not in names]:
        raise StudyFileError(f"{where}: unknown {unknown[0]!r}; expected {', '.join(sorted(names))}")


def _bundle(named: dict, folder: Path, uploaded: bool) -> models.Bundle | None:
    """Return the bundle that the file names: one loaded already, else the one in its zip or at its path."""
    _known(named, ("name", "sha256", "path"), "bundle")
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
    found = open_bundle(source)
    if found.sha256 != digest:
        raise StudyFileError(f"bundle: expected the hash {digest[:12]}…, found {found.sha256[:12]}… in {found.folder}")
    name = str(named.get("name") or slugify(found.folder.name))
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
    if not wanted or wanted == _stimuli_of(study):
        return
    study.stimuli = wanted
    study.save(update_fields=["stimuli"])
    try:
        if not publishing.problems(study):
            record = publishing.definition(study)
            for cell in study.conditions.all():
                kind(study.kind).part("plan:build")(record, cell.factors, 0, Random(0))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise StudyFileError(f"stimuli: expected what this kind of study draws, found {error!r} to go wrong") from None


def _stimuli_of(study: models.Study) -> dict:
    """Return the study's stimuli as JSON holds them; empty while it lacks what they are drawn from."""
    if study.bundle is None:
        return {}
    try:
        return json.loads(json.dumps(publishing.definition(study)["stimuli"]))
    except ValueError:
        return {}


def _plain(value):
    return value if value is None or isinstance(value, bool | int) else str(value)


def _write_zip(path: Path, content: str, study: models.Study) -> None:
    scratch = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("study.json", content)
            if study.bundle:
                folder = settings.BUNDLES_ROOT / study.bundle.folder
                for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                    archive.write(file, Path("bundle") / file.relative_to(folder))
        scratch.rename(path)
    finally:
        scratch.unlink(missing_ok=True)
