"""The command line on SqueezeNet's real ImageNet weights and real photographs."""

import csv
import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import explainers
from explainers.bundles.bundle import read_bundle
from explainers.cli import main
from explainers.datasets import cut_out, open_picture
from explainers.models.building import load_model
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
EVERY = 5  # of the hundred photographs in the order of their names, the first of each five


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder of the hundred photographs' bundle, explained by Grad-CAM."""
    folder = tmp_path_factory.mktemp("real")
    weights, photographs = real("weights/squeezenet1_0.pth"), real("imagenet_sample")
    index = json.loads(real("labels/imagenet_class_index.json").read_text())
    by_synset = {synset: int(number) for number, (synset, _) in index.items()}
    with open(folder / "labels.csv", "w", newline="") as file:
        rows = [(path.name, by_synset[path.name.split("_")[0]]) for path in sorted(photographs.iterdir())]
        csv.writer(file).writerows([("file", "label"), *rows])
    (folder / "config.toml").write_text(CONFIG.format(weights=weights, photographs=photographs))
    assert main(["explain", str(folder / "config.toml")]) == 0
    return folder / "bundle"


@pytest.fixture(scope="module")
def bundle(written):
    return read_bundle(written)


@pytest.fixture(scope="module")
def model():
    from explainers.config import ModelConfig

    weights = real("weights/squeezenet1_0.pth")
    return load_model(ModelConfig(arch="squeezenet1_0", weights=weights.name), weights.parent, 1000)[0]


@pytest.fixture(scope="module")
def photographs(model):
    """Every fifth photograph, as far as the network gets it right: inputs (N, 3, 224, 224) and classes (N,)."""
    index = json.loads(real("labels/imagenet_class_index.json").read_text())
    by_synset = {synset: int(number) for number, (synset, _) in index.items()}
    paths = sorted(real("imagenet_sample").iterdir())[::EVERY]
    pictures = [cut_out(open_picture(path), 256, (224, 224)) for path in paths]
    images = torch.stack([input_tensor(picture, IMAGENET_MEAN, IMAGENET_STD) for picture in pictures])
    classes = torch.tensor([by_synset[path.name.split("_")[0]] for path in paths])
    with torch.inference_mode():
        right = model(images).argmax(dim=1) == classes
    return images[right], classes[right]


@pytest.fixture(scope="module")
def images(photographs):
    return photographs[0][:2]


def test_top_1_accuracy_is_the_published_one(bundle):
    _, tables = bundle
    right = [row for row in tables["predictions"] if row["outcome"] == "TP"]
    assert len(tables["images"]) == 100
    assert 67 <= len(right) <= 71


def test_grad_cam_equals_pytorch_grad_cam(model, images):
    from tests.explainers.methods.test_grad_cam import unscaled_pytorch_grad_cam

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
    "multiscale_occlusion": {"depth": 1, "n_best": 4},
}
SIDE = 56


@torch.inference_mode()
def falls_without(model, image, target, corners):
    """Return how far the class's score falls when the square at each (top, left) takes the image's mean colour."""
    hidden = image.repeat(1 + len(corners), 1, 1, 1)
    for one, (y, x) in zip(hidden[1:], corners, strict=True):
        one[:, y : y + SIDE, x : x + SIDE] = image.mean(dim=(1, 2))[:, None, None]
    before, *after = model(hidden).softmax(dim=1)[:, target].tolist()
    return before - np.array(after)


@pytest.fixture(scope="module")
def random_falls(model, photographs):
    """How far hiding a random square lowers the class's score, for each photograph the mean of twelve squares."""
    corners = np.random.default_rng(0).integers(0, 224 - SIDE, (12, 2))
    falls = [falls_without(model, *photograph, corners) for photograph in zip(*photographs, strict=True)]
    return np.mean(falls, axis=1)


@pytest.mark.parametrize("method", PARAMETERS)
def test_hiding_the_top_region_costs_more_than_hiding_a_random_one(model, photographs, random_falls, method):
    """The square with most of the map's mass against random squares of its size, in the mean and for most images."""
    images, targets = photographs
    maps = explainers.explain(method, model, images, targets, **PARAMETERS[method])
    mass = F.avg_pool2d(maps.clamp(min=0), SIDE, stride=8)[:, 0]
    falls = []
    for image, target, sums in zip(images, targets, mass, strict=True):
        row, column = divmod(int(sums.argmax()), sums.shape[1])
        falls.extend(falls_without(model, image, target, [(8 * row, 8 * column)]))
    assert len(falls) >= 10
    assert np.mean(falls) > np.mean(random_falls)
    assert np.mean(np.array(falls) > random_falls) > 0.5


@pytest.mark.django_db
def test_a_hundred_photographs_become_a_study_on_the_first_try(written, settings, tmp_path):
    """One photograph per class: enough to sort, by the methods that there are; the other kinds say why not."""
    from django.contrib.auth.models import User
    from django.urls import reverse

    from studyapp import models, publishing
    from studyapp.bundles import stimuli
    from tests.studyapp.researcher import signed_in

    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    record, desk = stimuli.load_bundle(written, "photographs"), signed_in(User.objects.create_superuser("ada"))
    for number, start in enumerate(("clustering:main", "forward_simulation:paper", "label_matching:asked")):
        data = {"title": "New", "slug": f"new-{number}", "kind": start, "bundle": record.pk}
        desk.post(reverse("admin:studyapp_study_add"), data)
    study, forward, matching = models.Study.objects.order_by("slug")
    assert publishing.problems(study) == []
    assert study.parameters["stages"] == [["NoVis", "none"], ["Grad-CAM", "grad_cam"]]
    publishing.publish(study)
    with pytest.raises(ValueError, match="No two classes of the bundle have a decision threshold"):
        publishing.fitting(forward)
    with pytest.raises(ValueError, match="a method that explains the whole output"):
        publishing.fitting(matching)
    assert all(len(" ".join(publishing.problems(one))) < 1500 for one in (forward, matching))
