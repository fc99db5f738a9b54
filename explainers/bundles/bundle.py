"""The bundle: a folder of images, predictions and raw maps with a manifest that vouches for every file.

Written under another name and renamed when complete, manifest last; so a folder with a manifest is whole.
Needs no PyTorch. `docs/explainers.md` lists the columns.
"""

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from explainers.errors import UserError

SCHEMA_VERSION = 2
IMAGE_COLUMNS = ("image_id", "file", "width", "height", "labels", "split", "source")
PREDICTION_COLUMNS = (
    "image_id", "class_index", "class_name", "score", "threshold", "truth", "predicted", "outcome",
)  # fmt: skip
NODE_COLUMNS = (
    "image_id", "method", "target", "node", "parent", "classes", "label", "score", "raw_score",
    "reference", "map_file", "scale", "low", "high",
)  # fmt: skip
PART_COLUMNS = ("image_id", "part", "x", "y", "left", "top", "right", "bottom")
METRIC_COLUMNS = ("image_id", "method", "target", "metric", "value")
DATASET_METRIC_COLUMNS = ("method", "metric", "better", "n", "value")
TABLES = {"images": IMAGE_COLUMNS, "predictions": PREDICTION_COLUMNS, "nodes": NODE_COLUMNS}
FURTHER_TABLES = {"parts": PART_COLUMNS, "metrics": METRIC_COLUMNS, "dataset_metrics": DATASET_METRIC_COLUMNS}


@contextmanager
def atomically(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing, in bytes, that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(partial, "wb") as file:
            yield file
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all."""
    with atomically(path) as file:
        file.write(content)


def opaque(*parts: object) -> str:
    """Return a name of 16 hexadecimal digits that tells nothing about what it names."""
    return hashlib.blake2s(json.dumps([str(part) for part in parts]).encode(), digest_size=8).hexdigest()


def write_table(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as CSV, as they come: booleans true/false, missing values empty, numbers at full precision."""
    with atomically(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, (TABLES | FURTHER_TABLES)[path.stem], lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)


def _cell(value: object) -> object:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest, last, with the sha256 of every file in the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / "manifest.json")
    files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}
    content = {**manifest, "schema_version": SCHEMA_VERSION, "files": files}
    write_atomically(folder / "manifest.json", json.dumps(content, indent=1, ensure_ascii=False).encode())


def replace_folder(new: Path, folder: Path) -> None:
    """Put the folder `new` in the place of `folder`."""
    old = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a complete bundle; a damaged or incomplete one is refused with the file's name."""
    path = Path(folder) / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: is missing; {folder} is no complete bundle.") from None
    except ValueError as error:
        raise UserError(f"{path}: is damaged: {error}.") from None
    version = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if version == 1:
        raise UserError(f"{path}: has schema_version 1; `explain` makes it anew from its work folder in seconds.")
    if version != SCHEMA_VERSION:
        raise UserError(f"{path}: expected schema_version {SCHEMA_VERSION}.")
    read: dict[str, Any] = manifest
    return read


def read_bundle(folder: Path) -> tuple[dict[str, Any], dict[str, list[dict[str, str]]]]:
    """Return the manifest and the tables (rows of text) after checking every file against its sha256."""
    folder = Path(folder)
    manifest = read_manifest(folder)
    for name, sha256 in manifest["files"].items():
        if not (folder / name).is_file():
            raise UserError(f"{folder / name}: is missing; the bundle is incomplete.")
        if sha256_of(folder / name) != sha256:
            raise UserError(f"{folder / name}: is damaged; its sha256 is not the manifest's.")
    return manifest, {name: read_table(folder, name) for name in TABLES}


def read_table(folder: Path, name: str) -> list[dict[str, str]]:
    """Return one table's rows as text by column."""
    with open(Path(folder) / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
