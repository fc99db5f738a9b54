"""Write a small bundle by hand, in exactly the layout that `explainers` writes, for tests that need no model."""

import csv
import hashlib
import io
import json
from pathlib import Path

import numpy as np

OUTCOMES = ("TP", "FP", "FN", "TN")
# The smallest WebP there is: one pixel.
PIXEL = bytes.fromhex("524946461a000000574542505650384c0d0000002f00000010071011118888fe0700")


def write_bundle(
    folder: Path,
    *,
    classes=("cat", "horse"),
    methods=("lrp", "multiscale_occlusion"),
    per_outcome: dict[str, int] | None = None,
    size: int = 64,
    image: bytes = PIXEL,
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
        files[file] = image
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
                overlay = f"overlays/{hashlib.sha256(f'{image_id}{method}{name}'.encode()).hexdigest()[:12]}.webp"
                files[overlay] = image
                nodes.append(
                    {
                        "image_id": image_id,
                        "method": method,
                        "target": number,
                        "node": "0",
                        "parent": "",
                        "classes": number,
                        "label": name,
                        "score": predictions[-1]["score"],
                        "raw_score": "",
                        "map_file": "",
                        "scale": "",
                        "overlay_file": overlay,
                        "vmin": 0,
                        "vmax": 1,
                    }
                )
    files |= {"images.csv": _csv(images), "predictions.csv": _csv(predictions), "nodes.csv": _csv(nodes)}
    features = io.BytesIO()
    vectors = rng.normal(size=(len(ids), 8))
    np.save(features, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
    files["features.npy"] = features.getvalue()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    manifest = {
        "schema_version": 1,
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


def _csv(rows: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
