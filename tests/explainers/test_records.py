"""What stands on the records, and that the engine goes by it."""

import inspect

import pytest
import torch

import explainers
from explainers import registry
from explainers.base_explainers import BASES
from explainers.bench.cases import cases
from explainers.networks.rewriting.optimised import Optimised
from explainers.record import Record
from tests.explainers.sample_networks import pictures, quick, small_cnn, small_network

ASKED = {"approximations", "logits", "classes", "thresholds", "maps", "weights"}


def test_pixelwise_methods_are_those_that_attribute_pixels_one_by_one():
    assert {name for name, record in explainers.METHODS.items() if record.pixelwise} == {
        "deeplift", "gradient_shap", "integrated_gradients", "lrp", "smooth_grad", "vanilla_gradient",
    }  # fmt: skip


def test_axes_call_every_method_by_a_name_that_fits_them_and_is_its_own():
    records = {**explainers.METHODS, **explainers.OUTPUTS}
    said = [record.short or record.title for record in records.values()]
    assert [text for text in said if len(text) > 24] == []
    assert len(set(said)) == len(said)


def test_methods_explained_together_draw_nothing_and_pass_each_image_once_or_twice():
    together = {name for name, record in explainers.METHODS.items() if record.together}
    assert together == {
        "attention_rollout", "gradient_attention",
        "c_mwp", "deeplift", "eigen_cam", "grad_cam", "grad_cam_plus_plus", "hires_cam", "layer_cam", "lrp",
        "mwp", "vanilla_gradient",
    }  # fmt: skip
    for name in together:
        assert not {"generator", "batch_size"} & explainers.METHODS[name].defaults.keys()


@pytest.mark.parametrize("name", sorted(explainers.METHODS))
def test_a_prepared_model_gives_the_same_maps(name):
    model, images, parameters = small_network(name).eval(), pictures(1), explainers.METHODS[name].defaults
    expected = explainers.explain(name, model, images, [1], **quick(name))
    prepared = registry.prepared(name, model, parameters)
    torch.testing.assert_close(explainers.explain(name, prepared, images, [1], **quick(name)), expected)


def test_models_are_prepared_for_the_method_that_makes_the_maps():
    model = small_cnn().eval()
    kinds = {"occlusion": Optimised, "rise": Optimised, "mwp": type(model), "deeplift": type(model)}
    for name, kind in kinds.items():
        assert isinstance(registry.prepared(name, model, {}), kind)
    for base, kind in (("rise", Optimised), ("mwp", type(model)), ("grad_cam", type(model)), ("risen", type(model))):
        assert isinstance(registry.prepared("cwox_2s", model, {"base": base}), kind)
    assert registry.prepared("xnn", model, {}) is model
    assert registry.prepared("gradient_shap", model, {"layer": "5"}) is model
    assert isinstance(registry.prepared("gradient_shap", model, {"layer": None}), Optimised)
    assert isinstance(registry.prepared("lrp", model, {"composite": "epsilon_plus"}), Optimised)
    assert registry.prepared("lrp", model, {"composite": "attnlrp"}) is model


def test_base_explainers_stand_in_the_order_of_their_percentiles():
    assert {name: base.percentile for name, base in BASES.items()} == {
        "grad_cam": 50, "mwp": 60, "rise": 70, "lime": 85,
    }  # fmt: skip
    assert list(BASES) == ["grad_cam", "mwp", "rise", "lime"]


def test_every_method_is_timed_and_its_peers_take_the_parameters_of_the_trial():
    timed = cases(224)
    assert {case.method for case in timed} == {*explainers.METHODS, "cwox_2s"}
    for case in timed:
        for peer in case.peers:
            inspect.signature(peer.attribute).bind("model", "images", "targets", **case.parameters)


def test_metrics_of_a_data_set_ask_only_what_a_bundle_can_give():
    for metric in explainers.DATASET_METRICS.values():
        assert set(metric.asks) <= ASKED


def test_of_what_is_offered_a_function_takes_what_it_has_a_parameter_for():
    def function(model, images, *, depth, fill="grey"):
        return model, images, depth, fill

    record = Record(function=function, title="", paper="")
    assert record.taken({"fill": 1, "model": 2, "stride": 3}) == {"fill": 1}
    assert record.defaults == {"depth": None, "fill": "grey"}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("swox", "tree base stage_1 mass most generator mean std batch_size progress"),
        ("cwox_1s", "tree base stage_1 mass most scale generator mean std batch_size progress"),
        (
            "cwox_2s",
            "tree base stage_1 stage_2 percentile level mass most scale generator mean std batch_size progress",
        ),
    ],
)
def test_whole_output_methods_share_their_parameters(name, parameters):
    """In this order: manifests and the names of a bundle's files depend on it."""
    assert list(explainers.OUTPUTS[name].defaults) == parameters.split()
    assert explainers.OUTPUTS[name].defaults["base"] == "grad_cam"
    described = explainers.OUTPUTS[name].describe()["parameters"]
    assert all(fact["description"] for fact in described.values())
