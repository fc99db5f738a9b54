"""Write a small bundle by hand, in exactly the layout that `explainers` writes, for tests that need no model."""

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

OUTCOMES = ("TP", "FP", "FN", "TN")
SIDE_PX = 8
MAP_PX = 4


def picture(mark: int = 0, size: int = SIDE_PX) -> bytes:
    """Return a small picture of one colour as WebP; another `mark` gives another one."""
    buffer = io.BytesIO()
    colour = (40 + mark % 7 * 25, 60 + mark // 7 % 7 * 25, 90 + mark // 49 % 7 * 20)
    Image.new("RGB", (size, size), colour).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def grey_map(mark: int) -> bytes:
    """Return a raw map as a grey PNG, high in one place; another `mark` gives another one."""
    values = np.zeros((MAP_PX, MAP_PX), np.uint8)
    values[mark % MAP_PX, mark // MAP_PX % MAP_PX] = 255 - mark // MAP_PX**2 % 100
    values[(mark + 1) % MAP_PX, 0] = mark % 97
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def node_row(image_id: str, method: str, target, node: str, file: str, **values) -> dict:
    """Return a row of nodes.csv for a map made by `grey_map`, its values from 0 to 1."""
    return {
        "image_id": image_id, "method": method, "target": target, "node": node, "parent": "", "classes": target,
        "label": "", "score": "", "raw_score": "", "reference": 0, "map_file": file, "scale": "", "low": 0, "high": 1,
    } | values  # fmt: skip


def write_bundle(
    folder: Path,
    *,
    classes=("cat", "horse"),
    methods=("lrp", "multiscale_occlusion"),
    per_outcome: dict[str, int] | None = None,
    size: int = SIDE_PX,
) -> Path:
    """Write a bundle with `per_outcome` images of each outcome for each class, and return its folder.

    An image made for one class is a true negative of all others. Scores are spread evenly to both sides of the
    threshold, .5; features are random unit vectors from a fixed seed.
    """
    counts = per_outcome or {"TP": 12, "FP": 8, "FN": 8, "TN": 4}
    made = [
        (name, outcome, index) for name in classes for outcome in OUTCOMES for index in range(counts.get(outcome, 0))
    ]
    ids = [hashlib.sha256(f"{entry}".encode()).hexdigest()[:12] for entry in made]
    rng = np.random.default_rng(7)
    files: dict[str, bytes] = {}
    images, predictions, nodes = [], [], []
    for image_id, (own, outcome, index) in zip(ids, made, strict=True):
        file = f"images/{image_id}.webp"
        files[file] = picture(len(images), size)
        labels = [own] if outcome in ("TP", "FN") else []
        images.append(
            {
                "image_id": image_id,
                "file": file,
                "width": size,
                "height": size,
                "labels": "|".join(labels),
                "split": "train",
            }
        )
        for number, name in enumerate(classes):
            is_own = name == own
            judged = outcome if is_own else "TN"
            distance = 0.45 * (index + 1) / (counts[outcome] + 1)
            positive = judged in ("TP", "FP")
            predictions.append(
                {
                    "image_id": image_id,
                    "class_index": number,
                    "class_name": name,
                    "score": round(0.5 + distance if positive else 0.5 - distance, 4),
                    "threshold": 0.5,
                    "truth": str(judged in ("TP", "FN")).lower(),
                    "predicted": str(positive).lower(),
                    "outcome": judged,
                }
            )
            for method in methods:
                file = f"maps/{hashlib.sha256(f'{image_id}{method}{name}'.encode()).hexdigest()[:12]}.png"
                files[file] = grey_map(len(nodes))
                nodes.append(node_row(image_id, method, number, "0", file, label=name, score=predictions[-1]["score"]))
    files |= {"images.csv": _csv(images), "predictions.csv": _csv(predictions), "nodes.csv": _csv(nodes)}
    features = io.BytesIO()
    vectors = rng.normal(size=(len(ids), 8))
    np.save(features, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
    files["features.npy"] = features.getvalue()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    manifest = {
        "schema_version": 2,
        "model": {
            "name": "made by hand",
            "classes": list(classes),
            "multilabel": True,
            "thresholds": [0.5] * len(classes),
        },
        "methods": [{"name": method, "parameters": {}, "seed": 0, "seconds": 0} for method in methods],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def reshaped(folder: Path, size: tuple[int, int]) -> Path:
    """Give all photographs of a bundle, or of each bundle in a folder, another width and height; return the folder."""
    for manifest_path in folder.rglob("manifest.json"):
        own, manifest = manifest_path.parent, json.loads(manifest_path.read_bytes())
        with open(own / "images.csv", newline="", encoding="utf-8") as file:
            rows = [row | dict(zip(("width", "height"), size, strict=True)) for row in csv.DictReader(file)]
        for row in rows:
            buffer = io.BytesIO()
            Image.open(own / row["file"]).resize(size).save(buffer, "WEBP", lossless=True)
            (own / row["file"]).write_bytes(buffer.getvalue())
        (own / "images.csv").write_bytes(_csv(rows))
        hashes = {name: hashlib.sha256((own / name).read_bytes()).hexdigest() for name in manifest["files"]}
        manifest_path.write_text(json.dumps({**manifest, "files": hashes}))
    return folder


def _csv(rows: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
