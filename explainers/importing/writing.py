"""Write a bundle of imported maps, or add them to one: whole or not at all."""

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from explainers.bundles.bundle import opaque, read_bundle, replace_folder, seal, write_atomically, write_table
from explainers.bundles.predictions import outcome
from explainers.bundles.raw_maps import is_flat, say_flat, stored
from explainers.datasets.pictures import as_seen, open_picture
from explainers.errors import UserError
from explainers.importing.maps import find_maps
from explainers.importing.predictions import Predicted, read_predictions
from explainers.importing.settings import Method, Settings
from explainers.maps.render import encode


def write_bundle(settings: Settings) -> list[str]:
    """Write the bundle beside its place and then put it there; return what there is to say, in sentences."""
    images, output = settings.images, settings.output
    if images is None or output is None:
        raise ValueError("settings: expected those of a new bundle, with images and output.")
    predicted = read_predictions(images.predictions, images.classes, images.multilabel)
    for file in predicted.files:
        settings.require_inside(images.folder / file, images.predictions)
    ids = {file: opaque(output.seed, file, _content(images.folder / file)) for file in predicted.files}
    if len(set(ids.values())) < len(ids):
        raise UserError(f"{images.predictions}: two photographs have one name and content.")
    new = _beside(output.bundle)
    sizes, rows = {}, []
    for file, image_id in ids.items():
        picture = open_picture(images.folder / file)
        if images.size is not None:
            picture = as_seen(picture, images.resize, images.height_width)
        write_atomically(new / "images" / f"{image_id}.webp", encode(picture, output.quality))
        sizes[file] = (picture.height, picture.width)
        row = {"image_id": image_id, "file": f"images/{image_id}.webp", "width": picture.width, "source": file}
        labels = [one.class_name for one in predicted.of(file) if one.truth]
        rows.append(row | {"height": picture.height, "labels": "|".join(labels), "split": predicted.splits.get(file)})
    write_table(new / "images.csv", rows)
    write_table(new / "predictions.csv", _prediction_rows(predicted, ids))
    if images.features is not None:
        _write_features(images.features, len(ids), new / "features.npy")
    nodes, remarks = _write_methods(settings, new, ids, sizes, predicted.classes, predicted.scores)
    write_table(new / "nodes.csv", nodes)
    thresholds = [predicted.thresholds.get(name) for name in predicted.classes]
    multilabel = images.multilabel or any(one is not None for one in thresholds)
    model = {"name": images.model, "classes": predicted.classes, "multilabel": multilabel}
    model["thresholds"] = thresholds if all(one is not None for one in thresholds) else None
    seal(
        new,
        {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "model": model,
            "dataset": {"name": images.name or images.folder.resolve().name, "images": len(ids)},
            "maps": {"format": "npy", "size": None},
            "methods": [_described(method) for method in settings.methods],
            "versions": {"python": platform.python_version(), "numpy": np.__version__},
        },
    )
    replace_folder(new, output.bundle)
    return [*remarks, f"{output.bundle}: {len(ids)} images, {len(settings.methods)} methods."]


def add_methods(settings: Settings, bundle: Path) -> list[str]:
    """Put the methods into a bundle, whose photographs are known by `source`; return what there is to say."""
    manifest, tables = read_bundle(bundle)
    there = {method["name"] for method in manifest["methods"]}
    if twice := [method.name for method in settings.methods if method.name in there]:
        raise UserError(f"{bundle}: has a method {twice[0]!r} already; give this one another name.")
    ids = {row["source"] or row["image_id"]: row["image_id"] for row in tables["images"]}
    sizes = {row["source"] or row["image_id"]: (int(row["height"]), int(row["width"])) for row in tables["images"]}
    scores = {(row["image_id"], int(row["class_index"])): float(row["score"]) for row in tables["predictions"]}
    indices = range(len(_classes(manifest)))
    by_file = {(file, index): scores.get((ids[file], index)) for file in ids for index in indices}
    new = _beside(bundle)
    shutil.copytree(bundle, new, dirs_exist_ok=True, copy_function=_link)
    nodes, remarks = _write_methods(settings, new, ids, sizes, _classes(manifest), by_file)
    (new / "nodes.csv").unlink()  # a link to the old bundle's
    write_table(new / "nodes.csv", [*tables["nodes"], *nodes])
    methods = [*manifest["methods"], *(_described(method) for method in settings.methods)]
    (new / "manifest.json").unlink()
    seal(new, manifest | {"methods": methods})
    replace_folder(new, bundle)
    return [*remarks, f"{bundle}: {len(settings.methods)} methods added, {len(methods)} in all."]


def _classes(manifest: Mapping[str, Any]) -> list[str]:
    names: list[str] = manifest["model"]["classes"]
    return names


def _beside(bundle: Path) -> Path:
    new = bundle.with_name(f"{bundle.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    return new


def _link(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)


def _content(path: Path) -> str:
    try:
        return opaque(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error}.") from None


def _prediction_rows(predicted: Predicted, ids: dict[str, str]) -> Iterator[dict[str, Any]]:
    for file, image_id in ids.items():
        for one in predicted.of(file):
            yield {
                "image_id": image_id,
                "class_index": predicted.classes.index(one.class_name),
                "class_name": one.class_name,
                "score": one.score,
                "threshold": one.threshold,
                "truth": one.truth,
                "predicted": one.predicted,
                "outcome": outcome(one.truth, bool(one.predicted)),
            }


def _write_features(path: Path, n: int, target: Path) -> None:
    try:
        features = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read as .npy ({error}).") from None
    if features.ndim != 2 or len(features) != n or not np.isfinite(features).all():
        raise UserError(
            f"{path}: expected {n} rows of finite numbers, one per photograph in the order of the predictions, found "
            f"shape {features.shape}."
        )
    with open(target, "wb") as file:
        np.save(file, features.astype(np.float32))


def _write_methods(
    settings: Settings,
    new: Path,
    ids: Mapping[str, str],
    sizes: Mapping[str, tuple[int, int]],
    classes: list[str],
    scores: Mapping[tuple[str, int], float | None],
) -> tuple[list[dict[str, Any]], list[str]]:
    """Write every method's maps; return their rows of nodes.csv, and what is to be said of them."""
    rows, remarks = [], []
    for method in settings.methods:
        maps, unused = find_maps(method, list(ids), classes, settings)
        shapes, flat = dict[tuple[str, int], tuple[int, ...]](), list[str]()
        for (file, index), read in maps.items():
            saliency = read()
            shapes[file, index] = saliency.shape
            flat += [file] * is_flat(saliency)
            content, values = stored(saliency, "npy")
            name = f"maps/{opaque(method.name, ids[file], index)}.npy"
            write_atomically(new / name, content)
            rows.append(
                {
                    "image_id": ids[file],
                    "method": method.name,
                    "target": index,
                    "node": "0",
                    "parent": None,
                    "classes": index,
                    "label": classes[index],
                    "score": scores.get((file, index)),
                    "raw_score": None,
                    "reference": method.reference,
                    "map_file": name,
                    **values,
                }
            )
        remarks += [f"{method.name}: {sentence}" for sentence in _remarks(shapes, unused, sizes)]
        remarks += say_flat(method.name, flat, len(shapes))
    return rows, remarks


def _remarks(
    shapes: Mapping[tuple[str, int], tuple[int, ...]], unused: list[str], sizes: Mapping[str, tuple[int, int]]
) -> Iterator[str]:
    """Yield what is assumed of a method's maps, and what it has none of, in sentences."""
    if unused:
        yield f"{len(unused)} maps are called as no photograph and class are, and left out, such as {unused[0]}."
    without = [file for file in sizes if not any(file == one for one, _ in shapes)]
    if without:
        yield f"{len(without)} photographs have no map, such as {without[0]}."
    if other := [file for (file, _), shape in shapes.items() if shape != sizes[file]]:
        yield f"{len(other)} maps are of another size than their photograph; pages enlarge them."
    if distorted := [(file, shape) for (file, _), shape in shapes.items() if not _alike(shape, sizes[file])]:
        file, shape = distorted[0]
        yield (
            f"{len(distorted)} maps have other proportions than their photograph, such as {shape[1]} × {shape[0]} of "
            f"{file}, {sizes[file][1]} × {sizes[file][0]}. They are taken to show all of it, stretched; where the "
            "model saw its centre only, say so: [images] size and resize."
        )


def _alike(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Return whether a map has its photograph's proportions, but for the rounding of its sides to whole pixels."""
    factor = (shape[0] / size[0] * shape[1] / size[1]) ** 0.5
    return all(abs(side - factor * whole) <= max(1, 0.02 * side) for side, whole in zip(shape, size, strict=True))


def _described(method: Method) -> dict[str, Any]:
    return {
        "name": method.name,
        "method": "imported",
        "title": method.title or method.name,
        "short": method.short or method.title or method.name,
        "paper": method.paper,
        "signed": method.signed,
        "pixelwise": method.pixelwise,
        "parameters": {},
    }
