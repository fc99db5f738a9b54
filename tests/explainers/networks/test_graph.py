import copy

import pytest
import torch
from torch import nn

from explainers import explain
from explainers.errors import UserError
from explainers.networks.rewriting.optimised import Optimised, optimised
from tests.explainers.sample_networks import FAMILIES, family, of_any_network, pictures, quick, small_cnn


def relative_difference(copied, model):
    images = pictures(2)
    with torch.inference_mode():
        expected = model(images)
        return float((copied(images) - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize("network", FAMILIES)
def test_copies_give_the_models_outputs(network):
    assert relative_difference(optimised(family(network)), family(network)) < 1e-5


def test_making_a_copy_leaves_the_model_alone():
    model = small_cnn().eval()
    before = copy.deepcopy(model.state_dict())
    optimised(model)(pictures(1))
    assert isinstance(model[1], nn.BatchNorm2d)
    assert model[2].inplace
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_batch_norm_is_folded_where_it_alone_follows_a_convolution():
    norms = [m for m in optimised(family("resnet18")).modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms == []
    norms = [m for m in optimised(family("densenet121")).modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 62  # those before a convolution: 58 in the layers, 3 in the transitions, the last one


class Shared(nn.Module):
    """Batch norm's convolution is used twice, so folding it would change the other use."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.norm = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)
        self.head = nn.Linear(3, 2)
        nn.init.uniform_(self.norm.running_mean)

    def forward(self, x):
        x = self.convolution(x)
        return self.head((x + self.norm(x)).mean([2, 3]))


def test_a_convolution_that_others_use_is_not_folded():
    assert relative_difference(optimised(Shared().eval()), Shared().eval()) < 1e-5


class Untraceable(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return self.head(x.mean([2, 3]) * (2 if x.mean() > 0 else 1))


def test_a_network_that_cannot_be_traced_is_still_copied():
    model = Untraceable().eval()
    assert relative_difference(optimised(model), model) < 1e-6


class Viewing(nn.Module):
    """Flattens its activations by `view`, which refuses activations whose channels come last."""

    def __init__(self, depends_on_values=False):
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.head = nn.Conv2d(3, 4, 3, stride=8), nn.Linear(4 * 64, 2)
        self.depends_on_values = depends_on_values

    def forward(self, x):
        x = self.convolution(x).relu()
        x = self.head(x.view(x.size(0), -1))
        return x if not self.depends_on_values or x.sum() > 0 else x * 1


@pytest.mark.parametrize("depends_on_values", [False, True])
def test_a_network_that_views_its_activations_is_optimised(depends_on_values):
    model = Viewing(depends_on_values).eval()
    assert relative_difference(optimised(model), model) < 1e-6


@pytest.mark.parametrize("method", of_any_network())
def test_a_network_that_views_its_activations_is_explained(method):
    maps = explain(method, Viewing().eval(), pictures(1), [1], **quick(method))
    assert maps.shape == (1, 1, 64, 64)


def test_a_copy_in_another_precision_is_made_once_and_knows_the_full_one():
    full = optimised(small_cnn().eval())
    reduced = optimised(full, "bfloat16")
    assert {p.dtype for p in reduced.parameters()} == {torch.bfloat16}
    assert optimised(full, "bfloat16") is reduced
    assert optimised(reduced) is full
    assert 0 < relative_difference(reduced, small_cnn().eval()) < 0.05
    with pytest.raises(UserError, match=r"precision: there is no 'bfloat'\. Did you mean bfloat16"):
        optimised(full, "bfloat")


def test_an_optimised_model_is_not_optimised_again():
    first = optimised(small_cnn().eval())
    assert isinstance(first, Optimised)
    assert optimised(first) is first
