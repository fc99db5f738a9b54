"""Models whose maps would show something else than the model, or nothing, are refused in words by every method."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

import explainers
from explainers import METHODS
from explainers.errors import UserError
from tests.explainers.sample_networks import QUICK, small_cnn

SIDE = 16


class Stepping(nn.Module):
    """A small network with one step of the test's own between its convolutions and its head."""

    def __init__(self, step):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last, self.step = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 3), step

    def forward(self, x):
        return self.last(self.step(self.first(x).relu()).mean((2, 3)))


def batch_norm_of_the_batch():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False), *head())


def head():
    return nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)


def made_in_inference_mode():
    with torch.inference_mode():
        return small_cnn()


MODELS = {
    "dropout that is always on": (lambda: Stepping(lambda h: F.dropout(h, 0.5)), "change from call to call"),
    "noise": (lambda: Stepping(lambda h: h + 0.1 * torch.randn_like(h)), "change from call to call"),
    "batch norm of the batch": (batch_norm_of_the_batch, "depend on the other images"),
    "less the batch's mean": (lambda: Stepping(lambda h: h - h.mean(0, keepdim=True)), "depend on the other images"),
    "float16": (lambda: small_cnn().half(), "float16"),
    "bfloat16": (lambda: small_cnn().bfloat16(), "bfloat16"),
    "uninitialised": (lambda: nn.Sequential(nn.LazyConv2d(4, 3), *head()), "size from a first image"),
    "exported": (
        lambda: torch.export.export(small_cnn().eval(), (torch.randn(2, 3, SIDE, SIDE),)).module(),
        "exported program",
    ),
    "TorchScript": (lambda: torch.jit.trace(small_cnn().eval(), torch.randn(1, 3, SIDE, SIDE)), "TorchScript"),
    "a map for each class": (lambda: nn.Sequential(nn.Conv2d(3, 3, 3)), r"\(N, classes\), found \(2, 3, 14, 14\)"),
    "a function": (lambda: lambda x: x.mean((2, 3)), "expected a torch.nn.Module"),
}
OF_CLASSES = [name for name in METHODS if "attention" not in METHODS[name].needs]


def explained(name, model, images):
    return explainers.explain(
        name, model, images, [1] * len(images), **{**QUICK, "occlusion": {"window": 8}}.get(name, {})
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("model", MODELS)
def test_every_method_refuses_it_in_the_same_words(model):
    make, words = MODELS[model]
    given = make()
    for name in OF_CLASSES:
        with pytest.raises(UserError, match=words):
            explained(name, given, torch.rand(2, 3, SIDE, SIDE))
    with pytest.raises(UserError, match=words):
        explainers.score("confidence_s_drop", given, torch.rand(1, 3, SIDE, SIDE), [1], torch.rand(1, SIDE, SIDE))
    with pytest.raises(UserError, match=words):
        explainers.explain_output("swox", given, torch.rand(3, SIDE, SIDE), tree=[[0], [1], [2]], base="rise")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", [name for name in OF_CLASSES if "gradients" in METHODS[name].needs])
def test_quantised_layers_have_no_gradients(name):
    quantised = torch.ao.quantization.quantize_dynamic(Stepping(lambda h: h).eval(), {nn.Linear})
    with pytest.raises(UserError, match=r"no gradients come|no relevance rule|no layer of this model"):
        explained(name, quantised, torch.rand(1, 3, SIDE, SIDE))


@pytest.mark.parametrize("name", OF_CLASSES)
def test_weights_made_in_inference_mode_are_refused_where_gradients_are_taken(name):
    images = torch.rand(1, 3, SIDE, SIDE)
    if not {"gradients", "layer"} & set(METHODS[name].needs):
        assert torch.isfinite(explained(name, made_in_inference_mode(), images)).all()
        return
    with pytest.raises(UserError, match="inference_mode"):
        explained(name, made_in_inference_mode(), images)


@pytest.mark.parametrize("name", ["grad_cam", "hires_cam", "layer_cam"])
def test_activations_that_are_computed_again_are_refused(name):
    convolution = nn.Conv2d(4, 4, 3, padding=1)
    network = Stepping(lambda h: checkpoint(lambda x: convolution(x).relu(), h, use_reentrant=False))
    network.inner = convolution
    with pytest.raises(UserError, match="gradient checkpointing"):
        explained(name, network, torch.rand(1, 3, SIDE, SIDE))


@pytest.mark.parametrize("name", OF_CLASSES)
def test_images_come_in_the_models_precision(name):
    images = torch.rand(2, 3, SIDE, SIDE)
    double = explained(name, small_cnn().double(), images)
    assert double.dtype == torch.float32
    torch.testing.assert_close(double, explained(name, small_cnn(), images.double()), atol=1e-5, rtol=1e-2)
    with pytest.raises(UserError, match="floating-point values, found uint8"):
        explained(name, small_cnn(), (images * 255).byte())
    with pytest.raises(UserError, match="there are none"):
        explained(name, small_cnn(), images[:0])


@pytest.mark.parametrize("shape", [(3, 1, 1), (1, 3), (1, 1, 3)])
def test_axes_of_length_one_around_the_classes_are_no_matter(shape):
    class Shaped(nn.Sequential):
        def forward(self, x):
            return super().forward(x).reshape(-1, *shape)

    images = torch.rand(2, 3, SIDE, SIDE)
    torch.testing.assert_close(
        explained("vanilla_gradient", Shaped(*small_cnn()), images), explained("vanilla_gradient", small_cnn(), images)
    )


def test_volumes_within_the_network_are_explained():
    volume = nn.Conv3d(1, 1, 3, padding=1)
    network = Stepping(lambda h: volume(h[:, None])[:, 0])
    network.volume = volume
    images = torch.rand(1, 3, SIDE, SIDE)
    with torch.no_grad():
        hidden = torch.cat([images, images])
        hidden[1, :, :8, :8] = 0
        whole, without = network(hidden).softmax(1)[:, 1]
    maps = explainers.explain(
        "occlusion", network, images, [1], window=8, stride=8, fill=(0.0, 0.0, 0.0), relative=False
    )
    torch.testing.assert_close(maps[0, 0, 0, 0], whole - without, atol=1e-6, rtol=1e-3)
