"""Activations and gradients at a layer, against autograd asked directly; the model stays as it was."""

import pytest
import torch

from explainers.errors import UserError
from explainers.networks.internals.activations import Activations, activations_and_gradients, enlarged
from tests.explainers.methods.test_every_method import state_of
from tests.explainers.sample_networks import pictures, small_cnn

TARGETS = torch.tensor([[0, 2], [1, 1]])


def directly(model, images, layer, score):
    """Activations of the layer (a place in the sequence), and the gradient of a score of all logits (N, K)."""
    below = model[: layer + 1](images).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(score(model[layer + 1 :](below.clone())), below)
    return below.detach(), gradient


def test_both_equal_autograd_asked_directly():
    model, images = small_cnn().eval(), pictures(2)
    activations, gradients = activations_and_gradients(model, images, TARGETS, "4")
    assert gradients.shape == (2, 2, 12, 32, 32)
    for t in range(2):
        chosen = TARGETS[:, t : t + 1]
        expected = directly(model, images, 4, lambda logits, chosen=chosen: logits.gather(1, chosen).sum())
        torch.testing.assert_close((activations, gradients[:, t]), expected)


def test_weightings_weigh_the_logits():
    model, images, weightings = small_cnn().eval(), pictures(2), torch.randn(2, 1, 3)
    activations, gradients = activations_and_gradients(model, images, weightings, model[4])
    expected = directly(model, images, 4, lambda logits: (logits * weightings[:, 0]).sum())
    torch.testing.assert_close((activations, gradients[:, 0]), expected)


def test_one_pass_serves_several_layers_and_can_be_asked_twice():
    model, images = small_cnn().eval(), pictures(1)
    both = Activations(model, images, [model[5], "1"])
    for weightings in (torch.eye(3)[None], torch.randn(1, 2, 3)):
        for layer, gradients in zip(("5", "1"), both.gradients(weightings), strict=True):
            _, alone = activations_and_gradients(model, images, weightings, layer)
            torch.testing.assert_close(gradients, alone)


@pytest.mark.parametrize(
    ("layer", "targets", "message"),
    [
        ("8", [[0]], r"needs activations \(N, C, H, W\); 8 gives \(1, 16\)"),
        ("4", [[3]], "class indices must be 0 … 2, found 3"),
        ("conv", [[0]], "no layer 'conv'"),
    ],
)
def test_the_model_is_as_before_also_after_a_refusal(layer, targets, message):
    model = small_cnn().eval()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    before = state_of(model)
    with pytest.raises(UserError, match=message):
        activations_and_gradients(model, pictures(1), torch.tensor(targets), layer)
    assert state_of(model) == before
    activations_and_gradients(model, pictures(1), torch.tensor([[0]]), "4")
    assert state_of(model) == before


def test_a_layer_that_takes_no_part_is_refused():
    model = small_cnn().eval()
    model.unused = torch.nn.Conv2d(3, 3, 1)
    model.forward = model[:12].forward
    with pytest.raises(UserError, match="unused takes no part in the forward pass"):
        activations_and_gradients(model, pictures(1), torch.tensor([[0]]), "unused")


def test_maps_are_enlarged_bilinearly():
    maps, images = torch.tensor([[[[0.0, 4.0]]]]), torch.zeros(1, 3, 2, 4)
    torch.testing.assert_close(enlarged(maps, images), torch.tensor([[[[0.0, 1, 3, 4], [0, 1, 3, 4]]]]))
