import pytest
import torch
import torch.nn.functional as F
from captum.attr import DeepLift
from torch import nn

from explainers import explain
from explainers.errors import UserError
from explainers.methods.deeplift import deeplift
from tests.explainers.sample_networks import FAMILIES, family, pictures, small_cnn


@pytest.mark.parametrize("network", FAMILIES)
def test_maps_sum_to_the_change_of_the_logit_on_every_family(network):
    model, images = family(network), pictures(1).double()
    baseline, targets = pictures(1, seed=1).double()[0], torch.tensor([[0, 3]])
    model.double()
    try:
        maps = deeplift(model, images, targets, baseline=baseline)
        change = (model(images) - model(baseline[None])).detach()[:, [0, 3]]
    finally:
        model.float()
    torch.testing.assert_close(maps.sum(dim=(2, 3)), change, rtol=1e-10, atol=1e-12)


def captums(model, images, targets):
    plain = nn.Sequential(*(nn.ReLU() if isinstance(module, nn.ReLU) else module for module in model))
    with pytest.warns(UserWarning, match="Setting forward, backward hooks"):
        attribution = DeepLift(plain).attribute(images.requires_grad_(), torch.zeros_like(images), target=targets)
    return attribution.sum(dim=1).detach()


def test_maps_equal_captums_without_max_pooling():
    model, images = small_cnn().eval(), pictures(2)
    model[3] = nn.AvgPool2d(2)
    theirs = captums(model, images, [0, 2])
    torch.testing.assert_close(explain("deeplift", model, images, [0, 2])[:, 0], theirs, atol=1e-9, rtol=1e-3)


@pytest.mark.filterwarnings("ignore")  # of what shap imports, and that it has no rule for Flatten and Dropout
def test_maps_equal_shaps_deep_explainer_with_max_pooling():
    from shap import DeepExplainer

    model, images = small_cnn().eval(), pictures(2)
    plain = nn.Sequential(*(nn.ReLU() if isinstance(module, nn.ReLU) else module for module in model))
    values = DeepExplainer(plain, torch.zeros_like(images[:1])).shap_values(images, check_additivity=False)
    theirs = torch.from_numpy(values).float().sum(dim=1).permute(0, 3, 1, 2)
    ours = explain("deeplift", model, images, [[0, 1, 2]] * 2)
    torch.testing.assert_close(ours, theirs, atol=1e-5 * float(theirs.abs().max()), rtol=1e-4)


def test_max_pooling_after_a_relu_keeps_the_sum_that_captum_loses():
    """max(relu(x)) at (3, 1), from (1, 2): a rise of 1, brought by the first input's change of 2."""
    model = nn.Sequential(nn.ReLU(), nn.MaxPool2d((1, 2)), nn.Flatten())
    image, baseline = torch.tensor([[[[3.0, 1.0]]]]), torch.tensor([[[1.0, 2.0]]])
    ours = explain("deeplift", model, image, [1], baseline=baseline)
    assert ours.flatten().tolist() == [1, 0]
    with pytest.warns(UserWarning, match="Setting forward, backward hooks"):
        theirs = DeepLift(model).attribute(image.requires_grad_(), baseline[None], target=0)
    assert theirs.flatten().tolist() == [2, 0]


def test_each_image_may_have_its_own_baseline():
    model, images, baselines = small_cnn().eval(), pictures(2), pictures(2, seed=1)
    both = explain("deeplift", model, images, [0, 1], baseline=baselines)
    for n in range(2):
        alone = explain("deeplift", model, images[n : n + 1], [n], baseline=baselines[n])
        torch.testing.assert_close(both[n : n + 1], alone, atol=1e-6, rtol=1e-4)


class DependsOnBrightness(nn.Module):
    def forward(self, x):
        return (x.relu() if x.sum() > 0 else x).sum(dim=(2, 3))


def test_a_network_that_takes_other_steps_for_the_baseline_is_refused():
    with pytest.raises(UserError, match="takes other steps for the image than for the baseline"):
        explain("deeplift", DependsOnBrightness(), torch.ones(1, 3, 4, 4), [0])


def test_a_unit_that_switches_shares_its_change_by_the_secant():
    """y = relu(2·a − b) with a: 0 → 3, b: 0 → 2: the unit changes by 4 for an input change of 4, so a gives 6, b −2."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 1, bias=False), nn.ReLU())
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[2.0, -1.0, 0.0]]))
    image = torch.tensor([3.0, 2.0, 5.0]).reshape(1, 3, 1, 1)
    maps = explain("deeplift", model, image, [1])
    assert maps.item() == pytest.approx(4)
    image[0, 0] = 0.5  # 2·0.5 − 2 = −1 → relu 0, as at the baseline
    assert explain("deeplift", model, image, [1]).item() == pytest.approx(0)


def test_max_pooling_credits_a_rise_to_the_new_maximum_and_a_fall_to_the_old_one():
    model = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3, 1, bias=False))
    nn.init.ones_(model[2].weight)
    image, baseline = torch.zeros(1, 3, 2, 2), torch.zeros(3, 2, 2)
    image[0, 0, 0, 0] = 2
    baseline[1, 1, 1] = 5
    maps = explain("deeplift", model, image, [1], baseline=baseline)[0, 0]
    torch.testing.assert_close(maps, torch.tensor([[2.0, 0.0], [0.0, -5.0]]))


class HowCalled(nn.Module):
    """The same network with its activations called in different ways."""

    def __init__(self, activation, pool):
        super().__init__()
        torch.manual_seed(2)
        self.first, self.second, self.head = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Linear(4, 2)
        self.activation, self.pool = activation, pool

    def forward(self, x):
        x = self.pool(self.activation(self.first(x)))
        return self.head(self.activation(self.second(x)).mean((2, 3)))


def test_it_does_not_matter_how_activations_are_called():
    images, relu, pool = pictures(1, side=20), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
    expected = explain("deeplift", HowCalled(relu, pool), images, [1])
    for other in (F.relu, torch.relu, torch.Tensor.relu_, nn.ReLU(inplace=True), lambda x: F.relu(x, True)):
        torch.testing.assert_close(explain("deeplift", HowCalled(other, pool), images, [1]), expected)
    for other in (lambda x: F.max_pool2d(x, 3, 2, padding=1), lambda x: F.max_pool2d(x, 3, 2, 1, 1, False)):
        torch.testing.assert_close(explain("deeplift", HowCalled(relu, other), images, [1]), expected)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body, self.gate, self.head = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x):
        return self.head((self.body(x) * self.gate(x).sigmoid()).mean((2, 3)))


def test_networks_with_gates_are_refused():
    with pytest.raises(UserError, match=r"on Gated the map misses .*\(gates"):
        explain("deeplift", Gated(), 3 * pictures(1), [0])
