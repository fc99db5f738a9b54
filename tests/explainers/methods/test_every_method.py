"""What every registered method must keep to; a new one is tested by being registered."""

import copy

import pytest
import torch

import explainers
from explainers.errors import UserError
from tests.explainers.sample_networks import (
    FAMILIES,
    LARGE_FAMILIES,
    family,
    of_any_network,
    pictures,
    quick,
    small_cnn,
    small_network,
    vision_transformer,
)

METHODS = sorted(explainers.METHODS)
every_method = pytest.mark.parametrize("name", METHODS)
of_convolutional_networks = pytest.mark.parametrize("name", of_any_network())


def state_of(model):
    return [
        *(
            (m.training, len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks))
            for m in model.modules()
        ),
        *((p.requires_grad, p.grad, id(p), p._version) for p in model.parameters()),
        *((id(b), b._version) for b in model.buffers()),
    ]


@every_method
def test_maps_are_finite_floats_of_the_images_size(name):
    maps = explainers.explain(
        name, small_network(name), pictures(2), torch.tensor([[0, 1, 2], [2, 0, 1]]), **quick(name)
    )
    assert maps.shape == (2, 3, 64, 64)
    assert maps.dtype == torch.float32
    assert not maps.requires_grad
    assert torch.isfinite(maps).all()
    assert maps.abs().max() > 0


@every_method
def test_the_same_seed_gives_the_same_map(name):
    first, second = (explainers.explain(name, small_network(name), pictures(1), [1], **quick(name)) for _ in range(2))
    assert torch.equal(first, second)


@every_method
def test_a_batch_equals_a_loop(name):
    model, images, targets = small_network(name), pictures(3), torch.tensor([[0, 1], [2, 2], [1, 0]])
    batched = explainers.explain(name, model, images, targets, **quick(name))
    for n in range(3):
        for t in range(2):
            alone = explainers.explain(name, model, images[n : n + 1], targets[n : n + 1, t], **quick(name))
            torch.testing.assert_close(batched[n, t], alone[0, 0], atol=2e-5, rtol=1e-4)


@every_method
def test_a_one_hot_weighting_is_its_class(name):
    model, images = small_network(name), pictures(2)
    by_index = explainers.explain(name, model, images, [1, 2], **quick(name))
    weightings = torch.eye(3)[[1, 2]][:, None]
    torch.testing.assert_close(explainers.explain(name, model, images, weightings, **quick(name)), by_index)


@every_method
@pytest.mark.parametrize("training", [True, False])
def test_the_model_comes_back_as_it_was(name, training):
    model = small_network(name).train(training)
    first, *_, last = [module for module in model.modules() if getattr(module, "weight", None) is not None]
    last.eval()
    last.weight.requires_grad_(False)
    first.weight.grad = torch.ones_like(first.weight)
    before, weights = state_of(model), copy.deepcopy(model.state_dict())
    explainers.explain(name, model, pictures(1), [0], **quick(name))
    assert state_of(model) == before
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())


@every_method
def test_the_model_comes_back_as_it_was_after_an_error(name):
    model = small_network(name).train()
    before = state_of(model)
    with pytest.raises(UserError, match=r"class indices must be 0 … 2, found 3"):
        explainers.explain(name, model, pictures(1), [3], **quick(name))
    assert state_of(model) == before


@of_convolutional_networks
@pytest.mark.parametrize("network", FAMILIES)
def test_every_family_is_explained(name, network):
    maps = explainers.explain(name, family(network), pictures(1), [[1, 3]], **quick(name))
    assert maps.shape == (1, 2, 64, 64)
    assert torch.isfinite(maps).all()
    assert maps.abs().amax(dim=(2, 3)).max() > 0


@of_convolutional_networks
@pytest.mark.parametrize("network", LARGE_FAMILIES)
def test_every_deep_network_is_explained(name, network):
    maps = explainers.explain(name, family(network), pictures(1), [1], **quick(name))
    assert maps.shape == (1, 1, 64, 64)
    assert torch.isfinite(maps).all()
    assert maps.abs().max() > 0


@of_convolutional_networks
def test_padding_by_name_is_padding_in_numbers(name):
    named, numbered = small_cnn().eval(), small_cnn().eval()
    named[0].padding = "same"
    maps = [explainers.explain(name, model, pictures(1), [1], **quick(name)) for model in (named, numbered)]
    torch.testing.assert_close(*maps, atol=1e-5, rtol=1e-4)


REFUSED_ON_TRANSFORMERS = {
    "lrp": "no relevance rule is known for .*'(LayerNorm|MultiheadAttention)'",
    "mwp": "no relevance rule is known for .*'(LayerNorm|MultiheadAttention)'",
    "c_mwp": "no relevance rule is known for .*'(LayerNorm|MultiheadAttention)'",
    "deeplift": r"units that multiply each other \(gates, attention, layer norm\) have no Rescale rule",
}


@every_method
def test_a_vision_transformer_gets_what_is_defined_and_a_clear_refusal_for_the_rest(name):
    model = vision_transformer()
    if name in REFUSED_ON_TRANSFORMERS:
        before = state_of(model)
        with pytest.raises(UserError, match=REFUSED_ON_TRANSFORMERS[name]):
            explainers.explain(name, model, pictures(1), [1], **quick(name))
        assert state_of(model) == before
    else:
        maps = explainers.explain(name, model, pictures(1), [1], **quick(name))
        assert maps.shape == (1, 1, 64, 64)
        assert maps.abs().max() > 0


@every_method
def test_every_parameter_is_described(name):
    record = explainers.METHODS[name].describe()
    assert record["title"]
    assert record["paper"]
    for parameter, described in record["parameters"].items():
        assert described["description"], parameter


@every_method
def test_images_and_targets_may_come_from_inference_mode(name):
    model = small_network(name).eval()
    with torch.inference_mode():
        images = pictures(1)
        targets = model(images).argmax(dim=1)
    assert torch.isfinite(explainers.explain(name, model, images, targets, **quick(name))).all()


def test_an_unknown_method_lists_near_names():
    with pytest.raises(UserError, match=r"no method 'gradcam'.*Did you mean grad_cam"):
        explainers.explain("gradcam", small_cnn(), pictures(1), [0])


def test_an_unknown_parameter_lists_near_names():
    with pytest.raises(UserError, match=r"no parameter 'layers'.*Did you mean layer"):
        explainers.explain("grad_cam", small_cnn(), pictures(1), [0], layers="4")


@pytest.mark.parametrize("targets", ["mammal", ["mammal"], [["mammal", "boat"]]])
def test_classes_by_name_are_refused_with_what_to_give(targets):
    with pytest.raises(UserError, match=r"found 'mammal'.*\[classes\.index\('mammal'\)\]"):
        explainers.explain("grad_cam", small_cnn(), pictures(1), targets)


def test_images_that_are_no_tensor_are_refused():
    with pytest.raises(UserError, match=r"a tensor \(N, 3, H, W\), found str"):
        explainers.explain("grad_cam", small_cnn(), "photo.jpg", [0])


@pytest.mark.parametrize("targets", [[0, 1], [0.5], [[[1.0, 0.0]]]])
def test_targets_of_another_shape_are_refused(targets):
    with pytest.raises(UserError, match="targets: "):
        explainers.explain("grad_cam", small_cnn(), pictures(1), targets)
