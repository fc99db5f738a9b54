"""A small project as a user has it: weights, photographs, labels, configurations; and the commands run on it."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from explainers.cli import main
from tests.explainers.sample_networks import small_cnn

MODEL = """
[model]
arch = "tests.explainers.sample_networks:small_cnn"
weights = "weights.pth"
multilabel = true
size = 32
resize = 32
classes = ["cat", "horse", "boat"]
[images]
folder = "photos"
labels = "labels.csv"
"""
CONFIG = f"""{MODEL}
[targets]
classes = ["horse", "cat"]
[[methods]]
name = "grad_cam"
[[methods]]
name = "multiscale_occlusion"
depth = 2
fill = "grey"
[output]
bundle = "bundle"
size = 48
"""
XNN_CONFIG = f"""{MODEL}
[targets]
classes = ["horse", "boat"]
[xnn]
layer = "9"
features = 2
hidden = [8, 4]
epochs = 4
[output]
network = "small.xnn"
holdout = 0.34
"""
N_IMAGES = 6


def make_project(folder: Path) -> Path:
    """Put weights, six photographs, their labels and a configuration into the folder."""
    torch.save(small_cnn(seed=4).state_dict(), folder / "weights.pth")
    rows = ["file,cat,horse,boat,split"]
    for i, name in enumerate(draw_photographs(folder, "horse", N_IMAGES)):
        rows.append(f"{name},{i % 2},{int(i > 2)},0,train")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    (folder / "config.toml").write_text(CONFIG)
    return folder


def draw_photographs(folder: Path, subject: str, n: int, seed: int = 0) -> list[str]:
    """Draw noise of 70 × 50 pixels into the folder's `photos`; return the files' names."""
    (folder / "photos").mkdir(exist_ok=True)
    random, names = np.random.default_rng(seed), [f"{subject}_{i}.png" for i in range(n)]
    for name in names:
        pixels = random.integers(0, 255, (5, 7, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((70, 50)).save(folder / "photos" / name)
    return names


def explain(project: Path, *options: str) -> int:
    return main(["explain", str(project / "config.toml"), "--device", "cpu", *options])


def xnn(project: Path) -> int:
    return main(["xnn", str(project / "xnn.toml"), "--device", "cpu"])


def change(project: Path, old: str, new: str, name: str = "config.toml") -> None:
    """Replace text that must be in the configuration, or in another file."""
    text = (project / name).read_text()
    assert old in text
    (project / name).write_text(text.replace(old, new))


def contents(bundle: Path) -> dict[str, bytes]:
    """Return every file but the manifest, which holds times."""
    paths = [path for path in bundle.rglob("*.*") if path.name != "manifest.json"]
    return {path.relative_to(bundle).as_posix(): path.read_bytes() for path in paths}
