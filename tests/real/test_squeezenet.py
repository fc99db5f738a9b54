"""The command line on SqueezeNet's real ImageNet weights and real photographs."""

import csv
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import explainers
from explainers.bundle import read_bundle
from explainers.cli import main
from explainers.datasets import cut_out, open_picture
from explainers.models import load_model
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD, input_tensor
from tests.real.realdata import real

pytestmark = pytest.mark.real

CONFIG = """
[model]
arch = "squeezenet1_0"
weights = "{weights}"
[images]
folder = "{photographs}"
labels = "labels.csv"
[targets]
top = 1
[[methods]]
name = "grad_cam"
[output]
bundle = "bundle"
"""
CLEAR = ("n01558993_robin", "n01843065_jacamar")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The bundle of the hundred photographs, explained by Grad-CAM."""
    folder = tmp_path_factory.mktemp("real")
    weights, photographs = real("weights/squeezenet1_0.pth"), real("imagenet_sample")
    index = json.loads(real("labels/imagenet_class_index.json").read_text())
    by_synset = {synset: int(number) for number, (synset, _) in index.items()}
    with open(folder / "labels.csv", "w", newline="") as file:
        rows = [(path.name, by_synset[path.name.split("_")[0]]) for path in sorted(photographs.iterdir())]
        csv.writer(file).writerows([("file", "label"), *rows])
    (folder / "config.toml").write_text(CONFIG.format(weights=weights, photographs=photographs))
    assert main(["explain", str(folder / "config.toml")]) == 0
    return read_bundle(folder / "bundle")


@pytest.fixture(scope="module")
def model():
    from explainers.config import ModelConfig

    weights = real("weights/squeezenet1_0.pth")
    return load_model(ModelConfig(arch="squeezenet1_0", weights=weights.name), weights.parent, 1000)[0]


@pytest.fixture(scope="module")
def images():
    folder = real("imagenet_sample")
    pictures = [cut_out(open_picture(folder / f"{name}.JPEG"), 256, (224, 224)) for name in CLEAR]
    return torch.stack([input_tensor(picture, IMAGENET_MEAN, IMAGENET_STD) for picture in pictures])


def test_top_1_accuracy_is_the_published_one(bundle):
    _, tables = bundle
    right = [row for row in tables["predictions"] if row["outcome"] == "TP"]
    assert len(tables["images"]) == 100
    assert 67 <= len(right) <= 71


def test_grad_cam_equals_pytorch_grad_cam(model, images):
    from tests.explainers.test_grad_cam import unscaled_pytorch_grad_cam

    targets = model(images).argmax(dim=1)
    ours = explainers.explain("grad_cam", model, images, targets, layer="features")
    theirs = unscaled_pytorch_grad_cam(model, images, targets.tolist(), "features")
    torch.testing.assert_close(ours, theirs, atol=1e-4 * float(theirs.max()), rtol=1e-3)


def test_lrp_equals_plain_zennit(model, images):
    from zennit.attribution import Gradient
    from zennit.composites import EpsilonPlus

    targets = model(images).argmax(dim=1)
    start = F.one_hot(targets, 1000)
    with Gradient(model=model, composite=EpsilonPlus()) as attributor:
        _, relevance = attributor(images, lambda logits: logits.detach() * start)
    ours, theirs = explainers.explain("lrp", model, images, targets)[:, 0], relevance.sum(dim=1)
    torch.testing.assert_close(ours, theirs, atol=1e-4 * float(theirs.abs().max()), rtol=1e-3)


PARAMETERS = {
    "grad_cam": {},
    "lrp": {},
    "occlusion": {"window": 56, "stride": 56},
    "multiscale_occlusion": {"depth": 2, "n_best": 2},
}
SIDE = 56


@pytest.fixture(scope="module")
def random_fall(model, images):
    """How far hiding a random square lowers each image's highest logit, in the mean of twelve."""
    corners = np.random.default_rng(0).integers(0, 224 - SIDE, (12, 2))
    return [np.mean([fall_without(model, image, corner) for corner in corners]) for image in images]


@torch.inference_mode()
def fall_without(model, image, corner):
    """Return how far the highest logit falls when the square at (top, left) takes the image's mean colour."""
    (y, x), hidden = corner, image.clone()
    hidden[:, y : y + SIDE, x : x + SIDE] = image.mean(dim=(1, 2))[:, None, None]
    before, after = model(torch.stack([image, hidden]))
    return float(before.max() - after[before.argmax()])


@pytest.mark.parametrize("method", PARAMETERS)
def test_hiding_the_top_region_costs_more_than_hiding_a_random_one(model, images, random_fall, method):
    """The square with most of the map's mass against random squares of its size."""
    targets = model(images).argmax(dim=1)
    maps = explainers.explain(method, model, images, targets, **PARAMETERS[method])
    mass = F.avg_pool2d(maps.clamp(min=0), SIDE, stride=8)[:, 0]
    for image, sums, expected in zip(images, mass, random_fall, strict=True):
        row, column = divmod(int(sums.argmax()), sums.shape[1])
        assert fall_without(model, image, (8 * row, 8 * column)) > expected
