"""Read a bundle: the folder of images, predictions and heatmaps that an explainer wrote.

The app trusts nothing in it: the manifest is read first, every file it lists is checked when the bundle is
loaded, and the error names the file.
"""

import csv
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from studyapp.core.texts import words

from .image_size import is_picture

SCHEMA_VERSION = 1
TABLES = {
    "images.csv": ("image_id", "file", "width", "height"),
    "predictions.csv": ("image_id", "class_index", "class_name", "score", "predicted"),
    "nodes.csv": ("image_id", "method", "target", "node", "overlay_file", "vmin", "vmax"),
    "metrics.csv": ("image_id", "method", "target", "metric", "value"),
}
NUMBERS = ("score", "threshold", "raw_score", "scale", "vmin", "vmax", "value")


class BundleError(ValueError):
    """What is wrong with a bundle, in words that name the file."""


@dataclass(frozen=True)
class Prediction:
    """How the model judged one image for one class; `truth` and `outcome` are None where labels are unknown."""

    class_name: str
    score: float
    threshold: float | None
    predicted: bool
    truth: bool | None
    outcome: str | None


class Bundle:
    """A read-only view of one bundle folder; tables are read once, when first asked for."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)
        self.manifest = _manifest(self.folder)

    @cached_property
    def sha256(self) -> str:
        """Hash of the manifest, which holds the hash of every other file."""
        return hashlib.sha256((self.folder / "manifest.json").read_bytes()).hexdigest()

    @cached_property
    def files(self) -> dict[str, Path]:
        """Where every file of the bundle lies, the manifest first, by its name in the bundle."""
        return {name: self.folder / name for name in ["manifest.json", *self.manifest["files"]]}

    @cached_property
    def images(self) -> dict[str, dict]:
        """Rows of `images.csv` by image id, in file order; width and height in pixels."""
        rows = self._table("images.csv")
        return {row["image_id"]: row | {"width": int(row["width"]), "height": int(row["height"])} for row in rows}

    @cached_property
    def predictions(self) -> dict[str, dict[str, Prediction]]:
        """Predictions by image id, then class name."""
        found: dict[str, dict[str, Prediction]] = {}
        for row in self._table("predictions.csv"):
            found.setdefault(row["image_id"], {})[row["class_name"]] = Prediction(
                class_name=row["class_name"],
                score=row["score"],
                threshold=row.get("threshold"),
                predicted=row["predicted"] == "true",
                truth={"true": True, "false": False}.get(row.get("truth")),
                outcome=row.get("outcome") or None,
            )
        return found

    @cached_property
    def nodes(self) -> dict[tuple[str, str, str], list[dict]]:
        """Rows of `nodes.csv` by (image id, method, class name): the explanation tree of one image.

        The class is the one explained; it is empty for methods that explain the whole output.
        """
        trees: dict[tuple[str, str, str], list[dict]] = {}
        for row in self._table("nodes.csv"):
            target = self.classes[int(row["target"])] if row["target"] else ""
            trees.setdefault((row["image_id"], row["method"], target), []).append(row)
        return trees

    @cached_property
    def metrics(self) -> dict[tuple[str, str, str], dict[str, float]]:
        """Values of `metrics.csv`, where there is one, by (image id, method, class name), then metric."""
        found: dict[tuple[str, str, str], dict[str, float]] = {}
        rows = self._table("metrics.csv") if "metrics.csv" in self.manifest["files"] else ()
        for row in rows:
            target = self.classes[int(row["target"])] if row["target"] else ""
            if row["value"] is not None:
                found.setdefault((row["image_id"], row["method"], target), {})[row["metric"]] = row["value"]
        return found

    @cached_property
    def features(self) -> np.ndarray:
        """Penultimate features `(N, d)`, rows in the order of `images.csv`."""
        path = self.folder / "features.npy"
        try:
            features = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise BundleError(
                f"{path}: expected an array of features, found none that can be read ({error})"
            ) from error
        if features.ndim != 2 or len(features) != len(self.images):
            raise BundleError(f"{path}: expected {len(self.images)} rows, one per image, found shape {features.shape}")
        return features

    @cached_property
    def latent_tree(self) -> list[dict]:
        """Roots of the latent tree over the model's classes in `tree.json`; none where the bundle has no such file.

        A variable is {"id", "level", "children": […]}, a class a leaf {"class": its index}.
        """
        path = self.folder / "tree.json"
        if "tree.json" not in self.manifest["files"]:
            return []
        try:
            roots = json.loads(path.read_text(encoding="utf-8"))["roots"]
            for root in roots:
                _check_variable(root, len(self.classes))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(f"{path}: expected a latent tree over the bundle's classes, found {error!r}") from error
        return roots

    @property
    def classes(self) -> list[str]:
        """Class names in the model's order."""
        return list(self.manifest["model"]["classes"])

    @property
    def methods(self) -> dict[str, dict]:
        """Each explanation method's record in the manifest, by name."""
        return {record["name"]: record for record in self.manifest["methods"]}

    def method_title(self, name: str) -> str:
        """Return what people call a method: the title that the manifest gives it, or its name made readable."""
        return str(self.methods.get(name, {}).get("title") or words(name))

    def offered(self, what: str) -> dict[str, int]:
        """Return what the bundle has, each with the number of its images.

        `what` is `classes` (those that images show), `datasets`, or `methods` (those that images have maps by).
        """
        if what == "datasets":
            return dict(sorted(Counter(filter(None, (row.get("dataset") for row in self.images.values()))).items()))
        if what == "methods":
            explained = Counter(method for _, method in {(image_id, method) for image_id, method, _ in self.nodes})
            return {name: explained[name] for name in self.methods if explained[name]}
        shown = Counter(name for found in self.predictions.values() for name, one in found.items() if one.truth)
        return {name: shown[name] for name in self.classes if shown[name]}

    def titles(self, what: str) -> dict[str, str]:
        """Return the names of what the bundle has, each with what people call it."""
        return {name: self.method_title(name) if what == "methods" else name for name in self.offered(what)}

    def outcomes(self, class_name: str) -> dict[str, list[str]]:
        """Image ids by outcome (TP, FP, FN, TN) for one class."""
        found: dict[str, list[str]] = {"TP": [], "FP": [], "FN": [], "TN": []}
        for image_id, predictions in self.predictions.items():
            outcome = predictions[class_name].outcome if class_name in predictions else None
            if outcome in found:
                found[outcome].append(image_id)
        return found

    def similarity(self, image_id: str, others: list[str]) -> dict[str, float]:
        """Cosine similarity of penultimate features between one image and others, in [-1, 1]."""
        rows = {name: index for index, name in enumerate(self.images)}
        anchor = self._unit_features[rows[image_id]]
        scores = self._unit_features[[rows[other] for other in others]] @ anchor
        return dict(zip(others, scores.tolist(), strict=True))

    @cached_property
    def _unit_features(self) -> np.ndarray:
        features = self.features.astype(np.float64)
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        return features / np.where(lengths > 0, lengths, 1)

    def image_file(self, image_id: str) -> str:
        """Path of an image inside the bundle."""
        return self.images[image_id]["file"]

    def overlay_file(self, image_id: str, method: str, class_name: str) -> str | None:
        """Path of a single-map method's overlay inside the bundle; None where the bundle has none."""
        tree = self.nodes.get((image_id, method, class_name))
        return tree[0]["overlay_file"] or None if tree else None

    def check_files(self) -> list[str]:
        """Return what is missing or damaged, one sentence per file; empty when the bundle is whole."""
        problems = []
        for name, expected in self.manifest["files"].items():
            path = self.folder / name
            if not path.is_file():
                problems.append(f"{name}: missing")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != expected:
                problems.append(
                    f"{name}: differs from the manifest; the file was changed or damaged after the bundle was written"
                )
        return problems

    def _table(self, name: str) -> list[dict]:
        path = self.folder / name
        try:
            with path.open(newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                missing = [column for column in TABLES[name] if column not in (reader.fieldnames or [])]
                if missing:
                    raise BundleError(
                        f"{path}: expected the column {missing[0]!r}, found {', '.join(reader.fieldnames or ['none'])}"
                    )
                return [_typed(row, path, number) for number, row in enumerate(reader, start=2)]
        except FileNotFoundError:
            raise BundleError(f"{path}: missing; a bundle holds {', '.join(list(TABLES)[:3])}") from None


def require_readable(bundle: Bundle) -> None:
    """Raise `BundleError` where tables can't be read, don't fit each other, or show what isn't listed or no picture."""
    try:
        shown = [row["file"] for row in bundle.images.values()]
        shown += [row["overlay_file"] for tree in bundle.nodes.values() for row in tree if row["overlay_file"]]
        named = [*bundle.predictions, *(image_id for image_id, _, _ in [*bundle.nodes, *bundle.metrics])]
        bundle.titles("methods")
    except BundleError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"{bundle.folder}: its manifest or a table is not as a bundle's: {error!r}") from error
    if unlisted := sorted(set(shown) - bundle.files.keys()):
        raise BundleError(f"{bundle.folder}: {unlisted[0]} is shown, but the manifest doesn't list it")
    if others := sorted(name for name in set(shown) if not is_picture(bundle.files[name])):
        raise BundleError(f"{bundle.folder}: {others[0]} is shown, but is no WebP, PNG or JPEG")
    if strangers := sorted(set(named) - bundle.images.keys()):
        raise BundleError(f"{bundle.folder}: image {strangers[0]} stands in a table, but not in images.csv")


def _check_variable(node: dict, n_classes: int) -> None:
    """Raise where a latent tree's variable, or one below it, is not as described, or names no class of the model."""
    if "class" in node:
        if node["class"] not in range(n_classes):
            raise ValueError(f"class {node['class']!r}; the model has {n_classes}")
        return
    if not isinstance(node["level"], int) or "id" not in node:
        raise ValueError(f"a variable without id or level: {list(node)}")
    for child in node["children"]:
        _check_variable(child, n_classes)


def _typed(row: dict, path: Path, line: int) -> dict:
    for column in NUMBERS:
        if column not in row:
            continue
        try:
            row[column] = float(row[column]) if row[column] else None
        except ValueError:
            raise BundleError(f"{path}, line {line}: expected a number in {column!r}, found {row[column]!r}") from None
    return row


def _manifest(folder: Path) -> dict:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(
            f"{path}: missing; the folder is no bundle, or its explainer was stopped before the end"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{path}: expected JSON, found {error}") from error
    if not isinstance(manifest, dict):
        raise BundleError(f"{path}: expected an object, found a {type(manifest).__name__}")
    for key in ("schema_version", "model", "methods", "files"):
        if key not in manifest:
            raise BundleError(f"{path}: expected the key {key!r}, found {', '.join(manifest)}")
    if manifest["schema_version"] != SCHEMA_VERSION:
        raise BundleError(f"{path}: expected schema_version {SCHEMA_VERSION}, found {manifest['schema_version']!r}")
    for key, type_ in (("model", dict), ("methods", list), ("files", dict)):
        if not isinstance(manifest[key], type_):
            raise BundleError(f"{path}: {key}: expected {'an object' if type_ is dict else 'a list'}")
    for name in manifest["files"]:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise BundleError(f"{path}: the file name {name!r} leads out of the bundle")
    return manifest
