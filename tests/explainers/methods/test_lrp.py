import pytest
import torch
from torch import nn

from explainers import explain
from explainers.errors import UserError
from explainers.methods.lrp import _OFFERED as COMPOSITES
from tests.explainers.sample_networks import FAMILIES, family, pictures, small_cnn, without_biases

from zennit.attribution import Gradient  # isort: skip
from zennit.composites import COMPOSITES as ZENNITS  # isort: skip
from zennit.torchvision import ResNetCanonizer  # isort: skip


@pytest.mark.parametrize("composite", COMPOSITES)
@pytest.mark.parametrize("network", FAMILIES)
def test_without_biases_relevance_is_conserved(network, composite):
    model, images, targets = without_biases(family(network)), pictures(2), torch.tensor([[0, 1], [2, 3]])
    maps = explain("lrp", model, images, targets, composite=composite)
    logits = model(images).detach().gather(1, targets)
    torch.testing.assert_close(maps.sum(dim=(2, 3)) / logits, torch.ones(2, 2), atol=5e-3, rtol=0)  # zennit's ε


@pytest.mark.parametrize("composite", ["epsilon_plus", "epsilon_plus_flat"])
@pytest.mark.parametrize("network", ["vgg11", "squeezenet1_1"])
def test_maps_equal_plain_zennits_on_networks_it_knows(network, composite):
    assert_equals_zennit(family(network), composite, [])


def test_maps_equal_zennits_with_its_resnet_canonizer():
    assert_equals_zennit(family("resnet18"), "epsilon_plus", [ResNetCanonizer()])


def assert_equals_zennit(model, composite, canonizers):
    images, classes = pictures(2), torch.tensor([1, 3])
    start = nn.functional.one_hot(classes, 5)
    with Gradient(model=model, composite=ZENNITS[composite](canonizers=canonizers)) as attributor:
        _, relevance = attributor(images, lambda logits: logits.detach() * start)
    ours = explain("lrp", model, images, classes, composite=composite)[:, 0]
    theirs = relevance.sum(dim=1)
    torch.testing.assert_close(ours, theirs, atol=1e-4 * float(theirs.abs().max()), rtol=1e-3)


class Residual(nn.Module):
    """A sum of a layer's input and output, as in MobileNetV2's blocks, without biases and without negative values."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3, bias=False), nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.pool, self.head = nn.AdaptiveAvgPool2d(1), nn.Linear(4, 2, bias=False)
        for weight in self.parameters():
            nn.init.uniform_(weight)

    def forward(self, x):
        x = self.first(x)
        return self.head(self.pool(x + self.second(x)).flatten(1))


def test_a_sum_shares_relevance_which_zennit_hands_to_both_whole():
    """zennit meets modules, and no addition: without a canonizer for the network each part gets all of it."""
    model, image = Residual(), torch.rand(1, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    logit = model(image)[0, 0].detach()
    torch.testing.assert_close(explain("lrp", model, image, [0]).sum(), logit, atol=0, rtol=1e-4)
    with Gradient(model=model, composite=ZENNITS["epsilon_plus"]()) as attributor:
        _, relevance = attributor(image, lambda logits: logits.detach() * torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(relevance.sum(), 2 * logit, atol=0, rtol=1e-4)


def test_relevance_of_a_linear_model_is_weight_times_input():
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 2, bias=False))
    image = torch.randn(1, 3, 4, 4)
    maps = explain("lrp", model, image, [[0, 1]], composite="epsilon")
    expected = (model[1].weight.reshape(2, 3, 4, 4) * image).sum(dim=1)
    torch.testing.assert_close(maps[0], expected.detach(), atol=1e-4, rtol=1e-4)


class Functional(nn.Module):
    """The same network twice: activations, pooling and addition as modules or as functions."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 6, 3, padding=1)
        self.relu, self.head = nn.ReLU(inplace=True), nn.Linear(6, 3)

    def forward(self, x):
        x = torch.relu(self.first(x))
        x = self.relu(x + self.relu(self.second(x)))
        return self.head(x.mean([2, 3]))


def test_functional_steps_and_reused_modules_conserve_relevance():
    model, images = without_biases(Functional()), pictures(2)
    maps = explain("lrp", model, images, [0, 1])[:, 0]
    logits = model(images).detach()[[0, 1], [0, 1]]
    torch.testing.assert_close(maps.sum(dim=(1, 2)), logits, atol=1e-4, rtol=1e-3)


class DependsOnValues(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(48, 2, bias=False)

    def forward(self, x):
        return self.head(x.flatten(1)) if x.sum() > 0 else self.head(-x.flatten(1))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_network_whose_way_depends_on_the_image_is_explained_on_its_way(sign):
    model, image = DependsOnValues(), sign * torch.rand(1, 3, 4, 4)
    maps = explain("lrp", model, image, [0], composite="epsilon")
    expected = (model.head.weight[0].reshape(1, 3, 4, 4) * image.abs()).sum(dim=1)
    torch.testing.assert_close(maps[:, 0], expected.detach(), atol=1e-4, rtol=1e-4)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(48, 2)

    def forward(self, x):
        return self.head((x * torch.sigmoid(x)).flatten(1))


def test_a_network_without_rules_is_refused_with_the_reason():
    with pytest.raises(UserError, match="no relevance rule is known for 'mul' in Gated"):
        explain("lrp", Gated(), torch.randn(1, 3, 4, 4), [0])


def test_an_unknown_composite_is_refused():
    with pytest.raises(UserError, match=r"no 'epsilonplus'\. Did you mean epsilon_plus"):
        explain("lrp", small_cnn(), pictures(1), [0], composite="epsilonplus")


class Cancelling(nn.Module):
    """A sum of two parts of which one takes a share of the other away: nothing of it is above zero for the z⁺ rule."""

    def __init__(self, share):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.less = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1, groups=4, bias=False)
        self.less.weight.data.fill_(-share)
        self.head = nn.Linear(4, 2, bias=False)

    def forward(self, x):
        part = self.first(x).relu()
        return self.head((part + self.less(part)).mean((2, 3)))


@pytest.mark.parametrize(("share", "is_told"), [(0.5, False), (0.999, True)])
def test_relevance_that_grew_out_of_sums_near_zero_is_told(share, is_told, caplog):
    explain("lrp", Cancelling(share), pictures(1), [0])
    assert ("times the logit, as shares of sums near zero do" in caplog.text) == is_told
