"""Several bundles read as one: a study on more than one data set, each explained with its own model.

Each data set's bundle lies in a folder of its own inside the set's folder. Image ids stay as they are, every image has
its data set in `dataset`, and files are named from the set's folder: `gulls/images/….webp`.
"""

import hashlib
import json
import re
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from .bundle import Bundle, BundleError, Heatmap
from .manifest import SCHEMA_VERSION

DATASET = re.compile(r"[A-Za-z0-9][\w-]*")


def open_bundle(source: Path | str | dict[str, Path]) -> Bundle:
    """Return the bundle in a folder, or the set of those in its subfolders; `source` may name each by its data set."""
    if isinstance(source, dict):
        return BundleSet({dataset: Path(folder) for dataset, folder in source.items()})
    folder = Path(source)
    if (folder / "manifest.json").is_file():
        return Bundle(folder)
    parts = {path.parent.name: path.parent for path in sorted(folder.glob("*/manifest.json"))}
    return BundleSet(parts) if parts else Bundle(folder)


class BundleSet(Bundle):
    """A read-only view of several bundles. What is asked by image id or class is answered by the bundle that has it."""

    def __init__(self, folders: dict[str, Path]):
        for dataset in folders:
            if not DATASET.fullmatch(dataset):
                raise BundleError(f"data set {dataset!r}: expected a name of letters, digits, - and _")
        self.parts = {dataset: Bundle(folders[dataset]) for dataset in sorted(folders)}
        self.folder = next(iter(self.parts.values())).folder.parent

    @cached_property
    def manifest(self) -> dict:
        """One manifest for all: every class and method once, every file from the set's folder."""
        models = [part.manifest["model"] for part in self.parts.values()]
        names = dict.fromkeys(name for model in models for name in model["classes"])
        records = {name: record for part in self.parts.values() for name, record in part.methods.items()}
        return {
            "schema_version": SCHEMA_VERSION,
            "model": {
                "name": " + ".join(str(model.get("name", "")) for model in models),
                "classes": list(names),
                "multilabel": any(model.get("multilabel") for model in models),
            },
            "methods": list(records.values()),
            "files": {
                f"{dataset}/{name}": digest
                for dataset, part in self.parts.items()
                for name, digest in ({"manifest.json": part.sha256} | part.manifest["files"]).items()
            },
        }

    @cached_property
    def sha256(self) -> str:
        """Hash of the data sets' names and hashes."""
        parts = {dataset: part.sha256 for dataset, part in self.parts.items()}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @cached_property
    def files(self) -> dict[str, Path]:
        return {f"{dataset}/{name}": path for dataset, part in self.parts.items() for name, path in part.files.items()}

    @cached_property
    def images(self) -> dict[str, dict]:
        found: dict[str, dict] = {}
        for dataset, part in self.parts.items():
            if twice := sorted(found.keys() & part.images.keys()):
                raise BundleError(f"{part.folder / 'images.csv'}: image {twice[0]} is in another data set as well")
            for image_id, image in part.images.items():
                found[image_id] = image | {"file": f"{dataset}/{image['file']}", "dataset": dataset}
        return found

    @cached_property
    def predictions(self) -> dict:
        return {image_id: rows for part in self.parts.values() for image_id, rows in part.predictions.items()}

    @cached_property
    def nodes(self) -> dict[tuple[str, str, str], list[Heatmap]]:
        return {
            key: [replace(node, map_file=f"{dataset}/{node.map_file}") for node in tree]
            for dataset, part in self.parts.items()
            for key, tree in part.nodes.items()
        }

    @cached_property
    def metrics(self) -> dict:
        return {key: values for part in self.parts.values() for key, values in part.metrics.items()}

    @property
    def features(self) -> np.ndarray:
        raise BundleError(f"{self.folder}: the features of several models make no one array")

    def similarity(self, image_id: str, others: list[str]) -> dict[str, float]:
        return self.parts[self.images[image_id]["dataset"]].similarity(image_id, others)

    def check_files(self) -> list[str]:
        return [f"{dataset}/{problem}" for dataset, part in self.parts.items() for problem in part.check_files()]
