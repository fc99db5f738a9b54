"""AttnLRP: each rule by hand, conservation where the paper states it, and whole transformers."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explainers import explain
from explainers.errors import UserError
from tests.explainers.methods.test_attention import SIDE, Transformer
from tests.explainers.sample_networks import pictures, small_cnn, vision_transformer


class Steps(nn.Module):
    """Pixels through some steps to two outputs, all with a weight of 1."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def forward(self, x):
        return self.steps(x.flatten(1))


def relevance(steps, values, target=0):
    image = torch.tensor(values).reshape(1, 1, 1, -1)
    return explain("lrp", Steps(steps).eval(), image, [target], composite="attnlrp").flatten()


def test_a_product_of_two_shares_what_comes_equally():
    """y = x₀ x₁ = 6: half of it each."""
    found = relevance(lambda x: (x[:, :1] * x[:, 1:2]).expand(-1, 2), [2.0, 3.0])
    torch.testing.assert_close(found, torch.tensor([3.0, 3.0]))


def test_a_matrix_product_shares_half_in_proportion_to_its_terms():
    """y = x₀ x₂ + x₁ x₃ = 2 + 12: of 7 to the left 1 and 6, and the same to the right."""
    found = relevance(lambda x: (x[:, None, :2] @ x[:, 2:, None])[:, 0].expand(-1, 2), [1.0, 3.0, 2.0, 4.0])
    torch.testing.assert_close(found, torch.tensor([1.0, 6.0, 1.0, 6.0]), atol=1e-4, rtol=1e-4)


def test_softmax_hands_back_its_taylor_expansion():
    """x (R − s ΣR), R = 2 s of the class and 0 elsewhere, as y = 2 s₀."""
    values = [0.5, -1.0, 2.0]
    s = torch.tensor(values).softmax(0)
    expected = torch.tensor(values) * (torch.tensor([2 * s[0], 0, 0]) - 2 * s * s[0])
    found = relevance(lambda x: x.softmax(-1) * torch.tensor([2.0, 3, 4]), values)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_layer_norm_passes_on_what_comes():
    values = [0.5, -1.0, 2.0]
    found = relevance(lambda x: F.layer_norm(x, (3,)), values, target=2)
    torch.testing.assert_close(found, torch.tensor([0.0, 0.0, float(F.layer_norm(torch.tensor(values), (3,))[2])]))


class Gated(nn.Module):
    """Squeeze-and-excitation without biases, its gate a ReLU."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.gate, self.head = (
            nn.Conv2d(3, 4, 3, bias=False),
            nn.Linear(4, 4, bias=False),
            nn.Linear(4, 3, bias=False),
        )

    def forward(self, x):
        h = self.conv(x).relu()
        h = h * self.gate(h.mean((2, 3))).relu()[:, :, None, None]
        return self.head(h.mean((2, 3)))


def test_gates_are_refused_by_other_composites_which_name_this_one_that_keeps_the_sum():
    model, images = Gated().double().eval(), pictures(2, 16).double()
    with pytest.raises(UserError, match='The composite "attnlrp" has rules'):
        explain("lrp", model, images, [0, 1])
    with pytest.raises(UserError, match="no relevance rule") as refused:
        explain("mwp", model, images, [0, 1], layer="input")
    assert "attnlrp" not in str(refused.value)
    found = explain("lrp", model, images, [0, 1], composite="attnlrp").sum(dim=(1, 2, 3))
    logits = model(images)[[0, 1], [0, 1]].float().detach()
    torch.testing.assert_close(found, logits, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("reads", ["class token", "all patches"])
def test_maps_are_the_same_however_attention_is_computed(reads):
    images = pictures(2, SIDE)
    maps = [
        explain("lrp", Transformer(way, reads).eval(), images, [[0, 2], [1, 0]], composite="attnlrp")
        for way in ("by hand", "fused", "module")
    ]
    assert maps[0].abs().max() > 0
    for others in maps[1:]:
        torch.testing.assert_close(others, maps[0], atol=1e-4 * float(maps[0].abs().max()), rtol=1e-3)


def test_vision_transformers_are_explained():
    import timm

    torch.manual_seed(0)
    timms = timm.create_model("test_vit", img_size=64, num_classes=5).eval()
    nn.init.normal_(timms.head.weight)
    for model in (vision_transformer(), timms):
        maps = explain("lrp", model, pictures(1), [[1, 3]], composite="attnlrp")
        assert maps.shape == (1, 2, 64, 64)
        assert torch.isfinite(maps).all()
        assert (maps.abs().amax(dim=(2, 3)) > 0).all()


def test_without_attention_or_gates_it_is_the_epsilon_rule():
    model, images = small_cnn().eval(), pictures(2)
    maps = [explain("lrp", model, images, [0, 2], composite=composite) for composite in ("attnlrp", "epsilon")]
    torch.testing.assert_close(*maps)
