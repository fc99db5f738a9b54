"""The comparison on real photographs with PASCAL VOC's masks and SqueezeNet's real weights."""

import csv
import shutil

import pytest

from explainers.bundles.bundle import read_bundle
from explainers.cli import main
from tests.real.realdata import real

pytestmark = pytest.mark.real

COMPARISON = """
[[models]]
name = "SqueezeNet"
arch = "squeezenet1_0"
weights = "{weights}"
[images]
folder = "photographs"
masks = "masks"
[[methods]]
name = "grad_cam"
[[methods]]
name = "occlusion"
window = 56
stride = 28
"""


def test_vocs_masks_give_iou_and_the_pointing_game_of_real_photographs(tmp_path):
    segmentation, weights = real("segmentation/voc2011_labelme"), real("weights/squeezenet1_0.pth")
    for folder in ("photographs", "masks"):
        (tmp_path / folder).mkdir()
    photographs = sorted(segmentation.glob("*.jpg"))
    for path in photographs:
        shutil.copy(path, tmp_path / "photographs")
        shutil.copy(path.with_name(f"{path.stem}_class.png"), tmp_path / "masks" / f"{path.stem}.png")
    (tmp_path / "comparison.toml").write_text(COMPARISON.format(weights=weights))
    out = tmp_path / "out"
    assert main(["compare", str(tmp_path / "comparison.toml"), "--out", str(out), "--metrics", "iou"]) == 0
    with open(out / "comparison.csv", newline="") as file:
        rows = {(row["method"], row["metric"]): row for row in csv.DictReader(file)}
    assert rows["occlusion", "pointing_game"]["n"] == str(len(photographs))
    assert float(rows["occlusion", "pointing_game"]["value"]) > 0.5
    assert 0.1 < float(rows["occlusion", "iou"]["value"]) < 1
    manifest, _ = read_bundle(out / "bundles" / "SqueezeNet")
    assert sum(name.startswith("masks/") for name in manifest["files"]) == len(photographs)
