"""What the tables are measured on: birds with part points, scenes with masks, real photographs where they are there."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from explainers.config import ModelConfig
from explainers.datasets import cut_out, open_picture
from explainers.maps.parts import mask_weights, voronoi_weights
from explainers.models.building import load_model
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD, input_tensor
from fixtures import training

REAL = Path(os.environ.get("HEATWISE_REALDATA", Path(__file__).parents[3] / "shared" / "realdata"))
N_TRAIN, N_TEST = 1000, 240
TRAIN_SEED, TEST_SEED = 1, 2  # the first is the classifiers' training series
CROPS = 3  # of each real photograph, in training


@dataclass
class DataSet:
    """Images as the model sees them and what is known about them.

    `weights(i)` gives test image i's part weights (P, H, W); `pools` are names of layers, the earliest first.
    """

    name: str
    model: torch.nn.Module
    class_names: list[str]
    explained: list[int]  # the classes that networks are trained for, one each
    layer: str  # activations that the networks explain
    map_layer: str  # where heatmaps are taken
    layers: list[str]  # for table 3
    train: torch.Tensor
    test: torch.Tensor
    train_labels: list
    test_labels: list
    weights: object
    located: list[int]  # test images whose parts are known
    thresholds: list | None = None
    dimensions: list | None = None  # of Z whose locality is measured; all when not given


def draw_bird(index: int, seed: int):
    """Return a bird's pixels, label, part points (8, 2) and bounding box in pixels of the model's input."""
    from fixtures.birds import PARTS, draw

    portrait = draw(seed, index)
    scale = training.INPUT_PX / len(portrait.image)
    points = [portrait.points.get(part, (np.nan, np.nan)) for part in PARTS]
    rows, columns = np.nonzero(portrait.evidence.mask("gull"))
    box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) * scale
    return training.shrink(portrait.image), portrait.label, (np.array(points) + 0.5) * scale - 0.5, box


def birds(n_train: int = N_TRAIN, n_test: int = N_TEST) -> DataSet:
    from fixtures import species
    from fixtures.birds import CLASSES

    train = training.draw_columns(partial(draw_bird, seed=TRAIN_SEED), range(n_train), "birds, training")
    test = training.draw_columns(partial(draw_bird, seed=TEST_SEED), range(n_test), "birds, test")
    side = (training.INPUT_PX, training.INPUT_PX)
    return DataSet(
        name="birds",
        model=species.load("birds"),
        class_names=list(CLASSES),
        explained=list(range(len(CLASSES))),
        layer="flatten",  # two layers with weights lie between it and the logits, as in the paper
        map_layer="features.8",
        layers=["features.2", "features.5", "features.8", "features.11", "features.14", "flatten"],
        train=training.inputs(train[0]),
        test=training.inputs(test[0]),
        train_labels=[(int(label),) for label in train[1]],
        test_labels=[(int(label),) for label in test[1]],
        weights=lambda i: voronoi_weights(torch.from_numpy(test[2][i]), test[3][i].tolist(), side),
        located=list(range(n_test)),
    )


def draw_scene(index: int, seed: int):
    """Return a scene's pixels, labels (8,) and the object number of every pixel, 0 for the backdrop."""
    from fixtures.scenes.layout import layout, render

    scene = render(layout(seed, index))
    kinds = np.array([OBJECTS.index(region.kind) for region in scene.evidence.regions])
    numbers = Image.fromarray(kinds[scene.evidence.ids].astype(np.uint8))
    small = numbers.resize((training.INPUT_PX, training.INPUT_PX), Image.Resampling.NEAREST)
    return training.shrink(scene.image), scene.labels, np.asarray(small)


OBJECTS = (
    "backdrop", "cat", "horse", "bird", "boat", "tree", "house", "car", "balloon", "dog", "cow", "yarn", "fence",
    "plant", "growth", "lamp", "armchair",
)  # fmt: skip


def scenes(n_train: int = N_TRAIN, n_test: int = N_TEST) -> DataSet:
    from fixtures.scenes import train as fixture
    from fixtures.scenes.layout import CLASSES

    train = training.draw_columns(partial(draw_scene, seed=TRAIN_SEED), range(n_train), "scenes, training")
    test = training.draw_columns(partial(draw_scene, seed=TEST_SEED), range(n_test), "scenes, test")
    model = fixture.load()
    thresholds = fixture.thresholds_of(fixture.score(model, train[0]), train[1])
    return DataSet(
        name="scenes",
        model=model,
        class_names=list(CLASSES),
        explained=list(range(len(CLASSES))),
        layer="classifier.1",
        map_layer="features.8",
        layers=[],
        train=training.inputs(train[0]),
        test=training.inputs(test[0]),
        train_labels=[tuple(np.flatnonzero(row).tolist()) for row in train[1]],
        test_labels=[tuple(np.flatnonzero(row).tolist()) for row in test[1]],
        weights=lambda i: mask_weights(torch.from_numpy(test[2][i].astype(np.int64)) + 1, len(OBJECTS)),
        located=list(range(n_test)),
        thresholds=torch.logit(torch.tensor(thresholds)).tolist(),
    )


def photographs(n_classes: int = 3) -> DataSet | None:
    """SqueezeNet on real photographs: learned from crops of a hundred, tested on others; None where they are not."""
    if not (REAL / "weights" / "squeezenet1_0.pth").exists():
        return None
    weights = REAL / "weights" / "squeezenet1_0.pth"
    model, _ = load_model(ModelConfig(arch="squeezenet1_0", weights=weights.name), weights.parent, 1000)
    names = json.loads((REAL / "labels" / "imagenet_class_index.json").read_text())
    masked = sorted((REAL / "segmentation").rglob("*.jpg"))
    others = sorted(path for name in ("cwox_val", "imagenet50") for path in (REAL / name).glob("*.[jJ][pP]*"))
    pictures = [open_picture(path) for path in sorted((REAL / "imagenet_sample").iterdir())]
    train = torch.stack([crop for number, picture in enumerate(pictures) for crop in crops(picture, number)])
    test = torch.stack([whole(open_picture(path)) for path in (*masked, *others)])
    with torch.inference_mode():
        logits = torch.cat([model(part) for part in (*train.split(16), *test.split(16))])
    counts = logits[len(train) :].argmax(dim=1).bincount(minlength=1000)
    counts += (logits[: len(train)].argmax(dim=1).bincount(minlength=1000) > 0) * counts  # known in both first
    labels = [(int(k),) for k in logits.argmax(dim=1)]  # the truth is not known for all: what the network predicts
    regions = [region_numbers(path) for path in masked]
    n_objects = max(int(numbers.max()) for numbers in regions)
    return DataSet(
        name="photographs",
        model=model,
        class_names=[names[str(k)][1] for k in range(1000)],
        explained=counts.argsort(descending=True, stable=True)[:n_classes].tolist(),
        layer="features.12.expand3x3_activation",  # features.12 joins two layers; a contrast needs one with weights
        map_layer="features.7",
        layers=[],
        train=train,
        test=test,
        train_labels=labels[: len(train)],
        test_labels=labels[len(train) :],
        weights=lambda i: mask_weights(regions[i], n_objects),
        located=list(range(len(masked))),
        dimensions=list(range(0, 256, 8)),
    )


def crops(picture: Image.Image, number: int) -> list[torch.Tensor]:
    """Return random squares of a picture of 60 to 100 % of its shorter side, half of them mirrored; seeded."""
    generator = np.random.default_rng((4, number))
    found = []
    for k in range(CROPS):
        side = int(min(picture.size) * generator.uniform(0.6, 1))
        left, top = (int(generator.integers(0, length - side + 1)) for length in picture.size)
        square = picture.crop((left, top, left + side, top + side))
        square = square.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if k % 2 else square
        found.append(input_tensor(square.resize((224, 224), Image.Resampling.BILINEAR), IMAGENET_MEAN, IMAGENET_STD))
    return found


def whole(picture: Image.Image) -> torch.Tensor:
    return input_tensor(cut_out(picture, 256, (224, 224)), IMAGENET_MEAN, IMAGENET_STD)


def region_numbers(path: Path) -> torch.Tensor:
    """Return the object number of every pixel (224, 224): ADE20K's, then PASCAL VOC's from 151 on; 0 for none."""
    from explainers.datasets import ade20k

    voc = path.with_name(f"{path.stem}_class.png")
    if voc.exists():
        numbers = np.array(Image.open(voc)).astype(np.int32)
        numbers = np.where(numbers == 255, 0, numbers + 151)
    else:
        numbers = ade20k.regions(path).astype(np.int32)
    cut = cut_out(Image.fromarray(numbers.astype(np.int32)), 256, (224, 224), resample=Image.Resampling.NEAREST)
    return torch.from_numpy(np.array(cut).astype(np.int64))


def write_table(path: Path, rows: list[dict]) -> None:
    """Write a table as CSV, and as Markdown beside it; numbers with three decimals.

    In Markdown a column "± F" stands beside F's value.
    """
    columns = list(rows[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_suffix(".csv"), "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)
    shown = [column for column in columns if not column.startswith("± ")]
    lines = [f"| {' | '.join(shown)} |", f"|{'---|' * len(shown)}"]
    lines += [f"| {' | '.join(_cell(row[c], row.get(f'± {c}')) for c in shown)} |" for row in rows]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cell(value, deviation=None) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "–"
    spread = f" ± {deviation:.3f}" if deviation else ""
    return (f"{value:.3f}" if isinstance(value, float) else str(value)) + spread
