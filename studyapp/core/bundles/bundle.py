"""Read a bundle: the folder of images, predictions and raw heatmaps that an explainer wrote.

The app trusts nothing in it: the manifest is read first, every file it lists is checked when the bundle is loaded
(`checking`), and what is not as expected is refused with its file, row and column.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from studyapp.core.texts import words

from .limits import BundleError
from .manifest import read_latent_tree, read_manifest
from .pictures import read_array, read_map, read_photograph
from .tables import OUTCOMES, Heatmap, at, rows

LONGEST_SHORT = 24  # letters; a longer title does not fit an axis

__all__ = ["Bundle", "BundleError", "Heatmap", "Prediction"]


@dataclass(frozen=True, slots=True)
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

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)

    @cached_property
    def sha256(self) -> str:
        """Hash of the manifest, which holds the hash of every other file."""
        return hashlib.sha256((self.folder / "manifest.json").read_bytes()).hexdigest()

    @cached_property
    def files(self) -> dict[str, Path]:
        """Where every file of the bundle lies, the manifest first, by its name in the bundle."""
        return {name: self.folder / name for name in ["manifest.json", *self.manifest["files"]]}

    @cached_property
    def images(self) -> dict[str, dict[str, Any]]:
        """Rows of `images.csv` by image id, in file order; width and height in pixels."""
        path, found = self.folder / "images.csv", {}
        for line, row in rows(path):
            if row["image_id"] in found:
                raise at(path, line, "image_id", "each image once", row["image_id"])
            self._require_listed(path, line, "file", row["file"])
            found[row["image_id"]] = row
        if not found:
            raise BundleError(f"{path}: expected at least one image, found none")
        return found

    @cached_property
    def predictions(self) -> dict[str, dict[str, Prediction]]:
        """Predictions by image id, then class name."""
        path, classes = self.folder / "predictions.csv", self.classes
        by_image: dict[str, dict[str, Prediction]] = {}
        seen: dict[str | None, str | None] = {}
        for line, row in rows(path):
            name, of_image = row["class_name"], by_image.setdefault(self._known_image(path, line, row), {})
            if name != self._class(path, line, "class_index", row["class_index"]):
                raise at(path, line, "class_name", f"{classes[row['class_index']]!r}, as in the manifest", name)
            if name in of_image:
                raise at(path, line, "class_name", "each class of an image once", name)
            usual = OUTCOMES.get((row["truth"], row["predicted"]))
            if row["outcome"] not in (usual, None):
                raise at(path, line, "outcome", f"{usual or 'none'}, by truth and predicted", row["outcome"])
            outcome = seen.setdefault(usual, usual)
            of_image[name] = Prediction(
                classes[row["class_index"]], row["score"], row["threshold"], row["predicted"], row["truth"], outcome
            )
        return by_image

    @cached_property
    def nodes(self) -> dict[tuple[str, str, str], list[Heatmap]]:
        """Rows of `nodes.csv` by (image id, method, class name): the explanation tree of one image.

        The class is the one explained; it is empty for methods that explain the whole output.
        """
        path, methods = self.folder / "nodes.csv", {name: name for name in self.methods}
        trees: dict[tuple[str, str, str], list[Heatmap]] = {}
        seen: set[tuple[Any, ...]] = set()
        for line, row in rows(path):
            image_id = self._known_image(path, line, row)
            if row["method"] not in methods:
                raise at(path, line, "method", "a method of the manifest", row["method"])
            target = "" if row["target"] is None else self._class(path, line, "target", row["target"])
            explained = row["classes"] or ()
            for index in explained:
                self._class(path, line, "classes", index)
            self._require_listed(path, line, "map_file", row["map_file"])
            _require_range(path, line, row)
            method = methods[row["method"]]
            key = (image_id, method, target)
            if (*key, row["node"]) in seen:
                raise at(path, line, "node", "each node of a tree once", row["node"])
            seen.add((*key, row["node"]))
            parent = row["parent"] or ""
            trees.setdefault(key, []).append(
                Heatmap(**row | {"image_id": image_id, "method": method, "target": target, "classes": explained,
                                 "parent": parent})
            )  # fmt: skip
        return trees

    @cached_property
    def metrics(self) -> dict[tuple[str, str, str], dict[str, float]]:
        """Values of `metrics.csv`, where there is one, by (image id, method, class name), then metric."""
        path = self.folder / "metrics.csv"
        found: dict[tuple[str, str, str], dict[str, float]] = {}
        for line, row in rows(path) if "metrics.csv" in self.manifest["files"] else ():
            image_id = self._known_image(path, line, row)
            target = "" if row["target"] is None else self._class(path, line, "target", row["target"])
            values = found.setdefault((image_id, row["method"], target), {})
            if row["metric"] in values:
                raise at(path, line, "metric", "each metric of an explanation once", row["metric"])
            if row["value"] is not None:
                values[row["metric"]] = row["value"]
        return found

    @cached_property
    def features(self) -> np.ndarray:
        """Penultimate features `(N, d)`, rows in the order of `images.csv`."""
        path = self.folder / "features.npy"
        if "features.npy" not in self.manifest["files"]:
            raise BundleError(f"{path}: the bundle has no features, by which similar images are found")
        features = read_array(path)
        if len(features) != len(self.images):
            raise BundleError(f"{path}: expected {len(self.images)} rows, one per image, found shape {features.shape}")
        return features

    @cached_property
    def latent_tree(self) -> list[dict[str, Any]]:
        """Roots of the latent tree over the model's classes in `tree.json`; none where the bundle has no such file.

        A variable is {"id", "level", "children": […]}, a class a leaf {"class": its index}.
        """
        if "tree.json" not in self.manifest["files"]:
            return []
        return read_latent_tree(self.folder / "tree.json", len(self.classes))

    @cached_property
    def classes(self) -> list[str]:
        """Class names in the model's order."""
        return list(self.manifest["model"]["classes"])

    @cached_property
    def methods(self) -> dict[str, dict[str, Any]]:
        """Each explanation method's record in the manifest, by name."""
        return {record["name"]: record for record in self.manifest["methods"]}

    def method_title(self, name: str) -> str:
        """Return what people call a method: the title that the manifest gives it, or its name made readable."""
        return str(self.methods.get(name, {}).get("title") or words(name))

    def short_titles(self) -> dict[str, str]:
        """Return what axes and tables call a method: the manifest's `short`, or else its title.

        What is long, or what two methods would be called alike, is left out: such a method goes by its name.
        """
        titles = {name: record.get("short") or record.get("title") for name, record in self.methods.items()}
        times = Counter(titles.values())
        return {
            name: title for name, title in titles.items() if title and len(title) <= LONGEST_SHORT and times[title] == 1
        }

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

    def outcome_counts(self, split: str = "") -> dict[str, Counter[str]]:
        """Return how many images of each outcome every class has; `split` takes those of one part of the data set."""
        found: dict[str, Counter[str]] = {name: Counter() for name in self.classes}
        for image_id, predictions in self.predictions.items():
            if not split or self.images[image_id].get("split") == split:
                for name, one in predictions.items():
                    if one.outcome:
                        found[name][one.outcome] += 1
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
        file: str = self.images[image_id]["file"]
        return file

    def heatmap(self, image_id: str, method: str, class_name: str) -> Heatmap | None:
        """Return a single-map method's map of a class; None where the bundle has none."""
        tree = self.nodes.get((image_id, method, class_name))
        return tree[0] if tree else None

    def saliency(self, node: Heatmap) -> np.ndarray:
        """Return a raw map, float32 (H, W), read from its file."""
        return read_map(self.files[node.map_file], node.scale, node.low, node.high)

    def photograph(self, image_id: str) -> np.ndarray:
        """Return an image's pixels, uint8 (H, W, 3), read from its file."""
        return read_photograph(self.files[self.image_file(image_id)])

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

    def _known_image(self, path: Path, line: int, row: dict[str, Any]) -> str:
        """Return the row's image id, as images.csv has it."""
        if row["image_id"] not in self.images:
            raise at(path, line, "image_id", "an image of images.csv", row["image_id"])
        known: str = self.images[row["image_id"]]["image_id"]
        return known

    def _class(self, path: Path, line: int, column: str, index: int) -> str:
        if index >= len(self.classes):
            raise at(path, line, column, f"a class of the manifest's {len(self.classes)}, from 0", index)
        return self.classes[index]

    def _require_listed(self, path: Path, line: int, column: str, file: str) -> None:
        if file not in self.manifest["files"]:
            raise at(path, line, column, "a file that the manifest lists", file)


def _require_range(path: Path, line: int, row: dict[str, Any]) -> None:
    """Raise where a map's row doesn't say which values its file's numbers stand for."""
    if row["map_file"].endswith(".npy"):
        if not (row["scale"] and row["scale"] > 0):
            raise at(path, line, "scale", "a number above 0, by which the map in .npy is multiplied", row["scale"])
    elif not row["map_file"].endswith(".png"):
        raise at(path, line, "map_file", "a map in .npy or .png", row["map_file"])
    elif row["low"] is None or row["high"] is None or row["low"] > row["high"]:
        raise at(path, line, "low", "low and high, the values of black and white, in that order", row["low"])
