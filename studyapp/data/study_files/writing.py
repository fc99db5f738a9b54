"""Write a whole study to a file."""

import json
import zipfile
from pathlib import Path

from django.conf import settings

from studyapp import models, publishing

from .format import FIELDS, FORMAT, FORMAT_VERSION, StudyFileError


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
        "parameters": publishing.parameters_of(study),
        "texts": publishing.texts_of(study),
        "display": study.display,
        "conditions": list(study.conditions.values("name", "factors", "quota", "open")),
        "questionnaires": study.questionnaires,
        "variants": study.variants,
        **({"translations": publishing.written(study)} if study.translations else {}),
        **sections,
        "analysis_plan": study.analysis_plan,
        "stimuli": stimuli_of(study),
    }


def stimuli_of(study: models.Study) -> dict:
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
