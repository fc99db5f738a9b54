import pytest
import torch
from torch import nn

from explainers import explain
from explainers.errors import UserError
from explainers.networks.propagation.excitation import excite
from tests.explainers.sample_networks import FAMILIES, family, pictures, small_cnn, without_biases


@pytest.mark.parametrize("layer", ["input", None])
@pytest.mark.parametrize("network", FAMILIES)
def test_without_biases_all_probability_arrives(network, layer):
    # MobileNetV2's bottlenecks have negative units without any positive contribution: there a little is lost
    tolerance = 5e-3 if network == "mobilenet_v2" else 1e-4
    starts = torch.eye(5)[torch.tensor([[0, 1], [2, 3]])]
    found, lost = excite(without_biases(family(network)), pictures(2), starts, layer)
    assert float(found.min()) >= 0
    torch.testing.assert_close(found.flatten(2).sum(dim=2), torch.ones(2, 2), atol=tolerance, rtol=0)
    torch.testing.assert_close(lost, torch.zeros(2, 2), atol=tolerance, rtol=0)


def test_what_biases_swallow_is_reported():
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]))
        model[1].bias.copy_(torch.tensor([0.0, 5.0]))
        model[3].weight.copy_(torch.tensor([[1.0, 1.0]]))
    image = torch.tensor([3.0, 0.0, 0.0]).reshape(1, 3, 1, 1)  # hidden units: 3 from the input, 2 = 5 − 3 by the bias
    found, lost = excite(model, image, torch.ones(1, 1, 1), "input")
    assert found.flatten().tolist() == pytest.approx([0.6, 0, 0])
    assert lost.item() == pytest.approx(0.4)


def hand_made():
    """Two hidden units h = relu(Ax) and two outputs; all positive, so every probability can be worked out by hand."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False), nn.ReLU(), nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[1.0, 1.0, 0.0], [0.0, 1.0, 2.0]]))
        model[3].weight.copy_(torch.tensor([[3.0, -1.0], [1.0, 1.0]]))
    return model, torch.tensor([1.0, 2.0, 1.0]).reshape(1, 3, 1, 1)  # h = (3, 4)


def test_probabilities_of_a_network_worked_by_hand():
    model, image = hand_made()
    found, _ = excite(model, image, torch.eye(2)[None], "input")
    # output 0 wins by h0 alone: inputs share 1 : 2; output 1 by h0 : h1 = 3 : 4, h1's inputs share 2 : 2
    expected = torch.tensor([[1 / 3, 2 / 3, 0], [1 / 7, 2 / 7 + 2 / 7, 2 / 7]])
    torch.testing.assert_close(found.reshape(2, 3), expected)


def test_the_contrast_worked_by_hand():
    model, image = hand_made()
    found, _ = excite(model, image, torch.eye(2)[None], "input", contrastive=True)
    # output 0: (1, 0) − (0, 1) at h; output 1: (3, 4)/7 − nothing, as its opposite has no positive weight
    expected = torch.tensor([[1 / 3, 2 / 3 - 1 / 2, -1 / 2], [1 / 7, 4 / 7, 2 / 7]])
    torch.testing.assert_close(found.reshape(2, 3), expected)


def test_the_contrast_of_a_class_and_its_exact_opposite_is_odd():
    model, images = without_biases(small_cnn()).eval(), pictures(1)
    with torch.no_grad():
        model[11].weight[1] = -model[11].weight[0]
    found, _ = excite(model, images, torch.eye(3)[None, :2], contrastive=True)
    torch.testing.assert_close(found[:, 0], -found[:, 1])


def test_the_layer_can_be_named_or_given():
    model, images = family("resnet18"), pictures(1)
    by_name = explain("mwp", model, images, [0], layer="layer2")
    torch.testing.assert_close(by_name, explain("mwp", model, images, [0], layer=model.layer2))
    assert not torch.allclose(by_name, explain("mwp", model, images, [0]))
    with pytest.raises(UserError, match=r"no layer 'layer9'.*layer"):
        explain("mwp", model, images, [0], layer="layer9")


@pytest.mark.parametrize("network", ["vgg11", "squeezenet1_1"])
def test_the_probabilities_are_zennits_where_it_conserves_mass(network):
    """zennit's ε costs mass on deep or branching networks; on these, without biases, next to nothing is lost."""
    from zennit.attribution import Gradient
    from zennit.composites import ExcitationBackprop

    model, images = without_biases(family(network)), pictures(2).abs()
    ours, _ = excite(model, images, torch.eye(5)[torch.tensor([[1], [3]])], "input")
    with Gradient(model=model, composite=ExcitationBackprop()) as attributor:
        _, theirs = attributor(images.clone(), torch.eye(5)[[1, 3]])
    torch.testing.assert_close(theirs.flatten(1).sum(dim=1), torch.ones(2), atol=2e-2, rtol=0)
    torch.testing.assert_close(ours[:, 0], theirs, atol=2e-2 * float(theirs.max()), rtol=0)
