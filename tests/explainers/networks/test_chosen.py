import pytest
import torch
from torch import nn

from explainers.networks.convolution import Convolution
from explainers.networks.rewriting.optimised import optimised
from explainers.targets import pick
from tests.explainers.sample_networks import FUSED, family, pictures

pytestmark = FUSED
HEADS = {
    "pooled": nn.Sequential(nn.Conv2d(4, 6, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "relu, then pooled": nn.Sequential(nn.Conv2d(4, 6, 3), nn.ReLU(), nn.AvgPool2d(6), nn.Dropout(), nn.Flatten()),
    "no bias": nn.Sequential(nn.Conv2d(4, 6, 8, bias=False), nn.Flatten()),
}
OTHERS = {
    "normed over channels": nn.Sequential(nn.Conv2d(4, 6, 8), nn.Flatten(), nn.LayerNorm(6)),
    "softmax": nn.Sequential(nn.Conv2d(4, 6, 8), nn.Flatten(), nn.Softmax(1)),
    "shuffled": nn.Sequential(nn.Conv2d(4, 6, 8), nn.ChannelShuffle(2), nn.Flatten()),
    "in groups": nn.Sequential(nn.Conv2d(4, 6, 8, groups=2), nn.Flatten()),
    "more outputs than channels": nn.Sequential(nn.Conv2d(4, 3, (8, 7)), nn.Flatten()),
    "one output": nn.Sequential(nn.Conv2d(4, 1, 8), nn.Flatten()),
    "linear": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 6)),
}


class Headed(nn.Module):
    def __init__(self, head):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.mean = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(8)), head

    def forward(self, x):
        return self.mean(self.stem(x))


def scores_and_gradients(images, scores):
    leaf = images.clone().requires_grad_()
    found = scores(leaf)
    return found.detach(), torch.autograd.grad(found.sin().sum(), leaf)[0]


def given_channels(copied, images, targets):
    """How many channels the last convolution gives while these targets' scores are asked for."""
    last = []
    hook = nn.modules.module.register_module_forward_hook(
        lambda module, _inputs, output: last.append(output.shape[1]) if isinstance(module, Convolution) else None
    )
    try:
        copied.scores(images, targets)
    finally:
        hook.remove()
    return last[-1]


@pytest.mark.parametrize("targets", [[[0], [0]], [[3], [1]], [[5, 2], [2, 4]], [[0, 1, 2, 3, 4, 5]] * 2])
@pytest.mark.parametrize("head", [*HEADS, *OTHERS])
def test_chosen_logits_and_their_gradients_are_those_of_all(head, targets):
    model, images = Headed((HEADS | OTHERS)[head]).eval(), pictures(2)
    copied, targets = optimised(model), torch.tensor(targets)
    targets = targets % copied(images).shape[1]
    found = scores_and_gradients(images, lambda leaf: copied.scores(leaf, targets))
    expected = scores_and_gradients(images, lambda leaf: pick(copied(leaf), targets))
    for ours, all_of_them in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, all_of_them, atol=1e-6, rtol=1e-4)
    if head in HEADS:
        assert given_channels(copied, images, targets) == len(targets.unique())


@pytest.mark.parametrize("head", OTHERS)
def test_networks_whose_logits_are_no_channels_are_run_whole(head):
    copied, images = optimised(Headed(OTHERS[head]).eval()), pictures(1)
    n_channels = given_channels(copied, images, torch.tensor([[0]]))
    assert n_channels == next(m.out_channels if isinstance(m, nn.Conv2d) else 4 for m in OTHERS[head])


@pytest.mark.parametrize("network", ["squeezenet1_1", "mobilenet_v2"])
def test_chosen_logits_of_torchvisions_networks_are_theirs(network):
    model, images, targets = family(network), pictures(2), torch.tensor([[1], [0]])
    with torch.inference_mode():
        torch.testing.assert_close(optimised(model).scores(images, targets), pick(model(images), targets))


def test_images_of_a_size_with_more_outputs_are_refused_as_ever_or_run_whole():
    copied = optimised(Headed(nn.Sequential(nn.Conv2d(4, 6, 8), nn.Flatten())).eval())
    copied(pictures(1))
    larger, targets = pictures(1, side=80), torch.tensor([[17]])
    with torch.inference_mode():
        torch.testing.assert_close(copied.scores(larger, targets % 6), pick(copied(larger), targets % 6))
