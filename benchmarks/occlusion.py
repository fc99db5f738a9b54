"""Multi-scale occlusion as in its paper against one density from all offsets, on held-out pictures.

python -m benchmarks.occlusion                            all parts; tables go to docs/tables/occlusion-*.md and .csv
python -m benchmarks.occlusion scenes birds --tune        the ridge's strength, on pictures of another series
Scenes and birds know their evidence: the animal and its cue, and the part that decides between two species. Every
variant of a fill is made from the same scores.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from scipy import stats
from tqdm import tqdm

from benchmarks.xnn.data import REAL, whole, write_table
from explainers.config import ModelConfig
from explainers.datasets import open_picture
from explainers.methods.multiscale_occlusion import density, measured, trees
from explainers.models.building import load_model
from explainers.occlusion.lattice import lattice
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from explainers.registry import METRICS, scores
from fixtures import training

TABLES = Path(__file__).resolve().parents[1] / "docs" / "tables"
PARTS = ("scenes", "birds", "photographs")
TUNE_SEED, HELD_OUT_SEED = 11, 12  # series of pictures that nothing else is drawn from
RIDGES = (0.3, 1.0, 3.0, 10.0)
LEAST_PX = {"scenes": 300, "birds": 100}  # of evidence in a picture of 240 × 240
SCENE_THRESHOLD = 0.37  # of cat and horse, as in fixtures/scenes/explain.toml
PAPERS, OPEN = "five trees", "five trees, open root"
REFERENCES = {PAPERS: partial(trees, prune_root=True), OPEN: trees}
VARIANTS = {
    "all trees, open root": partial(trees, n_best="all"),
    "density": partial(density, ridge=3.0),
}
HIGHER = {"deletion": False, "road": True, "iou": True, "pointing_game": True, "mass": True}


class Part(NamedTuple):
    model: torch.nn.Module
    output: str
    images: torch.Tensor
    targets: torch.Tensor  # (N, 1)
    evidence: torch.Tensor | None  # (N, H, W), bool


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.occlusion", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all when left out")
    parser.add_argument("--tune", action="store_true", help="compare ridges, on the other series")
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=40, help="in each part; 40")
    parser.add_argument("--fills", nargs="+", default=["neighbours", "grey"])
    parser.add_argument("--out", type=Path, default=TABLES, help="the tables' folder; docs/tables when left out")
    options = parser.parse_args()
    tuned = {f"density, ridge {r:g}": partial(density, ridge=r) for r in RIDGES}
    variants = REFERENCES | (tuned if options.tune else VARIANTS)
    for name in options.parts or PARTS:
        if name not in PARTS:
            parser.error(f"there is no part {name!r}; expected {', '.join(PARTS)}")
        part = globals()[name](TUNE_SEED if options.tune else HELD_OUT_SEED, options.pictures)
        if part is None:
            print(f"{name}: left out, the real weights and photographs are not there (HEATWISE_REALDATA)")
            continue
        values = values_of(part, options.depth, options.fills, variants, name)
        path = options.out / f"occlusion-{name}{'-tuning' if options.tune else ''}"
        write_table(path, differences(values))
        print(f"\n{name}, {len(part.images)} pictures, depth {options.depth}\n\n{path.with_suffix('.md').read_text()}")


def values_of(part: Part, depth: int, fills, variants, title: str) -> dict:
    """Return each picture's value of every metric, {(fill, variant): {metric: (N,)}}."""
    grid, size, found = lattice(depth), part.images.shape[-2:], {}
    options = {"output": part.output, "mean": IMAGENET_MEAN, "std": IMAGENET_STD}
    for fill in fills:
        importance = [
            measured(part.model, part.images[[n]], part.targets[[n]], grid, fill=fill, **options)[:, 0]
            for n in tqdm(range(len(part.images)), desc=f"{title}, {fill}", unit=" pictures")
        ]
        for name, combined in variants.items():
            maps = combined(grid, torch.cat(importance), size).float()
            found[fill, name] = metrics_of(part, maps)
    return found


def metrics_of(part: Part, maps: torch.Tensor) -> dict[str, torch.Tensor]:
    given = (part.model, part.images, part.targets[:, 0].tolist(), maps)
    found = scores(METRICS["road"], *given, output=part.output)
    found |= scores(METRICS["deletion"], *given, output=part.output)
    if part.evidence is not None:
        found |= scores(METRICS["iou"], *given, masks=part.evidence)
        positive = maps.clamp(min=0)
        found["mass"] = (positive * part.evidence).sum((1, 2)) / positive.sum((1, 2)).clamp(min=1e-12)
    return {name: found[name].double() for name in HIGHER if name in found}


def differences(found: dict) -> list[dict]:
    """Return a row per fill, variant and metric: its mean, and its gain over the paper's trees and over the open ones.

    A gain is the mean of paired differences, positive where the variant is better; both references have the first fill.
    """
    first, rows = next(iter(found))[0], []
    for (fill, variant), values in found.items():
        for metric, value in values.items():
            row = {"fill": fill, "combine": variant, "metric": metric, "n": len(value), "mean": float(value.mean())}
            for title, reference in (("gain", PAPERS), ("gain over open", OPEN)):
                better = (value - found[first, reference][metric]) * (1 if HIGHER[metric] else -1)
                row |= gain_of(title, better.numpy() if (fill, variant) != (first, reference) else None)
            rows.append(row)
    return rows


def gain_of(title: str, better: np.ndarray | None) -> dict:
    """Return the mean of paired differences and its 95 % limits by Student's t."""
    names = (title, f"{title}: low", f"{title}: high")
    if better is None or np.ptp(better) == 0:
        return dict.fromkeys(names, None if better is None else float(better[0]))
    low, high = stats.t.interval(0.95, len(better) - 1, better.mean(), stats.sem(better))
    return dict(zip(names, (float(better.mean()), float(low), float(high)), strict=True))


def scenes(seed: int, n: int) -> Part:
    """Scenes in which the classifier sees the cat or the horse that is there; evidence: the animal and its cue."""
    from fixtures.scenes.layout import CLASSES, CUES, layout, render
    from fixtures.scenes.train import load

    model, rows, index = load(), [], 0
    while len(rows) < n:
        scene, index = render(layout(seed, index)), index + 1
        for animal, cue in CUES.items():
            k, shown = CLASSES.index(animal), scene.evidence.mask(animal)
            image = as_input(scene.image)
            if shown.sum() >= LEAST_PX["scenes"] and logits(model, image)[k].sigmoid() > SCENE_THRESHOLD:
                rows.append((image, k, small(shown | scene.evidence.mask(cue))))
                break
    return part_of(model, "sigmoid", rows)


def birds(seed: int, n: int) -> Part:
    """Gulls of two pairs that the classifier names rightly; evidence: the part that decides within the pair."""
    from fixtures.birds.bundle import load
    from fixtures.birds.plumage import CLASSES, CONFUSABLE, DECIDING, draw

    model, rows, index = load(), [], 0
    while len(rows) < n:
        portrait, index = draw(seed, index), index + 1
        pair = next(pair for pair in CONFUSABLE if CLASSES[portrait.label] in pair)
        image, shown = as_input(portrait.image), portrait.evidence.mask("gull", DECIDING[pair])
        if shown.sum() >= LEAST_PX["birds"] and logits(model, image).argmax() == portrait.label:
            rows.append((image, portrait.label, small(shown)))
    return part_of(model, "softmax", rows)


def photographs(_seed: int, n: int) -> Part | None:
    """ImageNet's photographs and the class that SqueezeNet scores highest; the evidence is not known."""
    weights = REAL / "weights" / "squeezenet1_0.pth"
    if not weights.exists():
        return None
    model, _ = load_model(ModelConfig(arch="squeezenet1_0", weights=weights.name), weights.parent, 1000)
    chosen = sorted((REAL / "imagenet_sample").glob("*.[jJ][pP]*"))
    images = [whole(open_picture(path)) for path in chosen[:: max(1, len(chosen) // n)][:n]]
    return part_of(model, "softmax", [(image, int(logits(model, image).argmax()), None) for image in images])


def part_of(model, output, rows) -> Part:
    images, targets, evidence = zip(*rows, strict=True)
    known = None if evidence[0] is None else torch.stack(evidence)
    return Part(model, output, torch.stack(images), torch.tensor(targets)[:, None], known)


def as_input(picture: np.ndarray) -> torch.Tensor:
    return training.inputs(training.shrink(picture)[None].copy())[0]


@torch.inference_mode()
def logits(model, image):
    return model(image[None])[0]


def small(mask: np.ndarray) -> torch.Tensor:
    """Return a mask at the model's size: pixels that it covers by half or more."""
    size = (training.INPUT_PX, training.INPUT_PX)
    shrunk = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(shrunk)) > 127


if __name__ == "__main__":
    main()
