"""On an accelerator every method and metric gives what it gives on a CPU; `benchmarks/cuda.sh` runs these."""

import pytest
import torch

import explainers
from explainers.networks.rewriting.optimised import optimised
from explainers.registry import scores
from tests.explainers.metrics.test_every_metric import supplied
from tests.explainers.sample_networks import family, pictures, quick, small_network

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator that PyTorch can use"),
]


@pytest.fixture(autouse=True)
def whole_precision(monkeypatch):
    """Convolutions and products in 32 bits: TF32, PyTorch's usual way there, has 10 bits of mantissa."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)


def on_both(name, network, targets, **parameters):
    found = []
    for device in ("cpu", "cuda"):
        model = network().eval().to(device)
        maps = explainers.explain(name, model, pictures(2), targets, **{**quick(name), **parameters})
        assert maps.device.type == device
        found.append(maps.cpu())
        model.cpu()  # networks are shared among tests
    return found


def close(found, expected):
    torch.testing.assert_close(found, expected, atol=2e-3 * float(expected.abs().max()), rtol=1e-2)


@pytest.mark.parametrize("name", sorted(explainers.METHODS))
def test_maps_are_those_of_the_cpu(name):
    expected, found = on_both(name, lambda: small_network(name), [[0, 1], [2, 1]])
    close(found, expected)


@pytest.mark.parametrize("name", ["deeplift", "grad_cam", "lrp", "mwp", "occlusion", "integrated_gradients"])
@pytest.mark.parametrize("network", ["resnet18", "mobilenet_v2", "densenet121"])
def test_maps_of_real_architectures_are_those_of_the_cpu(name, network):
    expected, found = on_both(name, lambda: family(network), [1, 3])
    close(found, expected)


@pytest.mark.parametrize("name", sorted(explainers.METRICS))
def test_values_are_those_of_the_cpu(name):
    found = []
    for device in ("cpu", "cuda"):
        model, maps = small_network("grad_cam").eval().to(device), pictures(2, 32, seed=8).sum(dim=1)
        parameters = supplied(name, 2)
        if "others" in explainers.METRICS[name].defaults:
            parameters["others"] = [[1], [0]]
        found.append(scores(explainers.METRICS[name], model, pictures(2, 32), [0, 1], maps, **parameters))
    for value, expected in found[0].items():
        torch.testing.assert_close(found[1][value].cpu(), expected, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("precision", ["full", "bfloat16", "float16"])
def test_optimised_copies_give_the_models_probabilities(precision):
    model, images = family("resnet18").cuda(), pictures(8).cuda()
    with torch.inference_mode():
        difference = (optimised(model, precision)(images).softmax(1) - model(images).softmax(1)).abs().max()
    model.cpu()
    assert float(difference) < (1e-4 if precision == "full" else 0.05)
