"""What networks return, and in what state they are explained: outputs, one logit, hooks, threads, channels."""

from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import explainers
from explainers.errors import UserError
from explainers.networks.internals.features import penultimate
from explainers.registry import scores
from tests.explainers.methods.test_every_method import state_of
from tests.explainers.metrics.test_every_metric import supplied
from tests.explainers.sample_networks import of_any_network, pictures, quick, small_cnn

METHODS = of_any_network()
every_method = pytest.mark.parametrize("name", METHODS)
SIDE = 32
Named = namedtuple("Named", "logits features")


@dataclass
class Answer:
    scores: torch.Tensor
    maps: torch.Tensor


class Returning(nn.Module):
    """A small network that wraps its logits."""

    def __init__(self, wrap, n_outputs=3, channels=3):
        super().__init__()
        self.network, self.wrap = small_cnn(n_outputs), wrap
        if channels != 3:
            torch.manual_seed(1)
            self.network[0] = nn.Conv2d(channels, 8, 3, padding=1)

    def forward(self, x):
        return self.wrap(self.network(x), x)


def explained(name, model, targets, images=None):
    images = pictures(2, SIDE) if images is None else images
    parameters = {"window": 8, "stride": 8} if name == "occlusion" else quick(name)
    return explainers.explain(name, model, images, targets, **parameters)


WRAPS = {
    "tuple": lambda logits, x: (logits, x),
    "dictionary": lambda logits, x: {"logits": logits, "embedding": logits * 2},
    "named tuple": lambda logits, x: Named(logits, logits * 3),
    "data class": lambda logits, x: Answer(logits, x),
    "softmax": lambda logits, x: F.softmax(logits, dim=1),
    "log softmax": lambda logits, x: torch.log_softmax(logits, 1),
    "pixels": lambda logits, x: logits[:, :, None, None],
}


@pytest.mark.parametrize(
    ("name", "wrap"),
    [*((name, wrap) for name in METHODS for wrap in ("tuple", "softmax")), *(("grad_cam", wrap) for wrap in WRAPS)],
)
def test_logits_are_found_whatever_they_are_wrapped_in(name, wrap):
    wrapped, plain = Returning(WRAPS[wrap]), Returning(lambda logits, _x: logits)
    ours, theirs = (explained(name, model, [1, 2]) for model in (wrapped, plain))
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("wrap", [lambda y, x: (y, y * 2), lambda y, x: {"a": y, "b": y}, lambda y, x: "logits"])
def test_outputs_that_nothing_tells_apart_are_refused(wrap):
    with pytest.raises(UserError, match="expected one tensor of logits"):
        explained("grad_cam", Returning(wrap), [1, 2])


def test_probabilities_that_no_softmax_made_are_recognised(caplog):
    model = Returning(lambda logits, _x: logits.exp() / logits.exp().sum(1, keepdim=True))
    ours = explained("occlusion", model, [1, 2])
    torch.testing.assert_close(ours, explained("occlusion", Returning(lambda y, _x: y), [1, 2]), atol=1e-5, rtol=1e-3)
    assert "returns probabilities; their logarithms are explained" in caplog.text


def test_what_is_assumed_is_said_once(caplog):
    model = Returning(WRAPS["softmax"])
    for _ in range(2):
        explained("grad_cam", model, [1, 2])
    assert caplog.text.count("what went into its last softmax or sigmoid is explained") == 1


ONE_OUTPUT = {
    "one": lambda logits, _x: logits,
    "vector": lambda logits, _x: logits.squeeze(1),
    "scalar of one image": lambda logits, _x: logits.squeeze(),
    "sigmoid": lambda logits, _x: logits.sigmoid(),
    "sigmoid of a vector": lambda logits, _x: torch.sigmoid(logits).squeeze(1),
}


class Pair(Returning):
    """The same with two outputs: softmax([0, z]) is a sigmoid's probability of z."""

    def forward(self, x):
        logits = self.network(x)
        return torch.cat([torch.zeros_like(logits), logits], dim=1)


@pytest.mark.parametrize("name", [name for name in METHODS if "perturbs" in explainers.METHODS[name].needs])
@pytest.mark.parametrize("wrap", ONE_OUTPUT)
def test_one_output_tells_two_classes_apart_by_its_sigmoid(name, wrap):
    ours = explained(name, Returning(ONE_OUTPUT[wrap], 1), [[0, 1]] * 2)
    torch.testing.assert_close(ours, explained(name, Pair(None, 1), [[0, 1]] * 2), atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("name", ["grad_cam", "lrp", "deeplift", "gradient_shap", "mwp", "c_mwp"])
def test_the_other_class_of_one_output_is_that_of_the_opposite_weights(name):
    """Of −z: as if the last layer's weights and bias were negated."""
    model, opposite = Returning(ONE_OUTPUT["one"], 1), Returning(ONE_OUTPUT["vector"], 1)
    with torch.no_grad():
        for parameter in opposite.network[11].parameters():
            parameter.neg_()
    torch.testing.assert_close(explained(name, model, [0, 1]), explained(name, opposite, [1, 0]), atol=1e-6, rtol=1e-4)


def test_one_output_has_no_third_class_and_is_a_regression_by_its_logit():
    model = Returning(ONE_OUTPUT["one"], 1)
    with pytest.raises(UserError, match=r"class indices must be 0 … 1, found 2"):
        explained("lrp", model, [2, 0])
    options = {"output": "logit", "window": 16, "relative": False}
    maps = explainers.explain("occlusion", model, pictures(1, SIDE), [[0, 1]], **options)
    assert torch.equal(maps[:, 0], maps[:, 1])


@pytest.mark.parametrize("metric", [m for m in sorted(explainers.METRICS) if m not in ("cauc", "iou")])
def test_metrics_take_one_output(metric):
    images, maps = pictures(2, SIDE), pictures(2, SIDE, seed=8).sum(dim=1)
    found = [
        scores(explainers.METRICS[metric], model, images, [1, 0], maps, **supplied(metric, 2))
        for model in (Returning(ONE_OUTPUT["vector"], 1), Pair(None, 1))
    ]
    if metric not in ("sanity", "max_sensitivity"):  # whose maps are of other gradients
        for value in found[0]:
            torch.testing.assert_close(found[0][value], found[1][value], atol=1e-4, rtol=1e-3)


@every_method
def test_outputs_that_are_not_finite_are_refused(name):
    def broken(logits, x):
        return torch.where(torch.arange(len(x))[:, None] == len(x) - 1, torch.nan, logits)

    with pytest.raises(UserError, match=r"outputs for picture \d+ of the batch are NaN or infinite"):
        explained(name, Returning(broken), [1, 2])


@every_method
def test_a_hook_that_changes_activations_is_part_of_the_network(name):
    hooked, masked = small_cnn(), small_cnn()
    mask = torch.tensor([1.0, 0.0] * 6)[:, None, None]
    hooked[4].register_forward_hook(lambda _module, _inputs, output: output * mask)
    with torch.no_grad():
        masked[4].weight.mul_(mask[..., None])
        masked[4].bias.mul_(mask.flatten())
    before = state_of(hooked)
    torch.testing.assert_close(explained(name, hooked, [1, 2]), explained(name, masked, [1, 2]), atol=1e-6, rtol=1e-4)
    assert state_of(hooked) == before


@every_method
@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_gradients_that_the_caller_switched_off_are_taken(name, off):
    model = small_cnn()
    expected = explained(name, model, [1, 2])
    with off():
        torch.testing.assert_close(explained(name, model, [1, 2]), expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", ["grad_cam", "lrp", "mwp", "deeplift", "occlusion"])
def test_threads_that_share_a_model_get_the_maps_of_one_after_the_other(name):
    model, images = small_cnn(), pictures(6, SIDE)

    def alone(n):
        return explained(name, model, [n % 3], images[n : n + 1])

    expected = [alone(n) for n in range(6)]
    with ThreadPoolExecutor(3) as pool:
        for ours, theirs in zip(pool.map(alone, range(6)), expected, strict=True):
            torch.testing.assert_close(ours, theirs)


class NormalisingInPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = small_cnn()

    def forward(self, x):
        x -= 0.5
        x /= 2
        return self.network(x)


@every_method
def test_a_network_may_write_into_its_input(name):
    images = pictures(2, SIDE)
    before = images.clone()
    plain = Returning(lambda y, _x: y)
    with torch.no_grad():  # the same by its first layer, away from the border that is padded with other zeros
        torch.testing.assert_close(NormalisingInPlace().eval()(images.clone()), plain.eval()((images - 0.5) / 2))
    assert torch.isfinite(explained(name, NormalisingInPlace(), [1, 2], images)).all()
    assert torch.equal(images, before)


@every_method
@pytest.mark.parametrize("channels", [1, 4])
def test_images_may_have_one_channel_or_four(name, channels):
    images = pictures(2, SIDE).mean(dim=1, keepdim=True).repeat(1, channels, 1, 1)
    maps = explained(name, Returning(lambda y, _x: y, channels=channels), [1, 2], images)
    assert maps.shape == (2, 1, SIDE, SIDE)
    assert maps.abs().max() > 0


def test_colours_are_not_translated_for_another_number_of_channels():
    images = pictures(1, SIDE)[:, :1]
    model = Returning(lambda y, _x: y, channels=1)
    with pytest.raises(UserError, match="expected one value per channel of the images, 1, found 3"):
        explainers.explain("occlusion", model, images, [1], fill="grey")
    grey = explainers.explain("occlusion", model, images, [1], fill="grey", mean=(0.5,), std=(0.2,))
    assert torch.isfinite(grey).all()


@pytest.mark.parametrize("metric", [m for m in sorted(explainers.METRICS) if m not in ("cauc", "iou", "sanity")])
def test_metrics_take_one_channel(metric):
    model, images = Returning(lambda y, _x: y, channels=1), pictures(2, SIDE)[:, :1]
    found = scores(explainers.METRICS[metric], model, images, [1, 0], images[:, 0], **supplied(metric, 2))
    assert all(torch.isfinite(value).all() for value in found.values())


class Switching(nn.Module):
    """Switches gradients off on its way."""

    def __init__(self):
        super().__init__()
        self.network = small_cnn()

    def forward(self, x):
        with torch.no_grad():
            return self.network(x)


@pytest.mark.parametrize("name", ["grad_cam", "lrp", "mwp", "deeplift"])
def test_networks_that_cannot_be_followed_are_refused_in_words(name):
    with pytest.raises(UserError, match="no gradients come out of Switching"):
        explained(name, Switching(), [1, 2])


def test_grad_cam_goes_back_through_steps_that_cannot_be_batched():
    torch.manual_seed(0)
    normed = nn.Sequential(nn.GroupNorm(2, 8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), normed)
    both = explained("grad_cam", model, [[0, 1], [2, 0]])
    for t, targets in enumerate(([0, 2], [1, 0])):
        torch.testing.assert_close(both[:, t : t + 1], explained("grad_cam", model, targets), atol=1e-6, rtol=1e-4)


class HeadByName(nn.Module):
    def __init__(self):
        super().__init__()
        self.network, self.head = small_cnn(), nn.Linear(3, 2)

    def forward(self, x):
        return self.head(input=self.network(x))


def test_features_are_found_where_the_last_layer_is_given_them_by_name():
    model, images = HeadByName().eval(), pictures(2)
    found = penultimate(model, images)
    torch.testing.assert_close(found.features, model.network(images))
    torch.testing.assert_close(found.logits, model.head(found.features))
