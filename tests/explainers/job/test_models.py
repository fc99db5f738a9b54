import json
import subprocess
import sys

import pytest
import torch

from explainers.bundles.bundle import sha256_of
from explainers.config import ModelConfig
from explainers.errors import UserError
from explainers.models.building import class_names, load_model
from tests.explainers.sample_networks import materialised, small_cnn, untrained

FACTORY = "tests.explainers.sample_networks:small_cnn"


def save(tmp_path, state):
    torch.save(state, tmp_path / "w.pth")
    return "w.pth"


def load(tmp_path, arch, n_classes=3, **fields):
    return load_model(ModelConfig(arch=arch, **fields), tmp_path, n_classes)


def test_a_factory_gets_the_number_of_classes_it_asks_for_or_options(tmp_path):
    model, _ = load(tmp_path, FACTORY, options={"n_classes": 7})
    assert model[-1].out_features == 7


@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"state_dict": s}, lambda s: {f"module.{k}": v for k, v in s.items()}]
)
def test_weights_come_from_plain_or_wrapped_state_dicts(tmp_path, wrap):
    weights = small_cnn(seed=9).state_dict()
    model, sha256 = load(tmp_path, FACTORY, weights=save(tmp_path, wrap(weights)))
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())
    assert sha256 == sha256_of(tmp_path / "w.pth")
    assert not model.training


def test_half_precision_weights_are_read(tmp_path):
    weights = {key: value.half() for key, value in small_cnn().state_dict().items()}
    model, _ = load(tmp_path, FACTORY, weights=save(tmp_path, weights))
    assert model[0].weight.dtype == torch.float32


def test_googlenets_published_weights_come_with_side_outputs_and_a_shifted_input(tmp_path):
    state = materialised(untrained("googlenet")).state_dict()
    model, _ = load(tmp_path, "googlenet", 5, weights=save(tmp_path, state))
    assert model.transform_input
    assert model.aux1 is None


def test_densenets_published_weights_number_their_parts_differently(tmp_path):
    state = materialised(untrained("densenet121")).state_dict()
    old = {key.replace(".norm1.", ".norm.1.").replace(".conv2.", ".conv.2."): value for key, value in state.items()}
    model, _ = load(tmp_path, "densenet121", 5, weights=save(tmp_path, old))
    assert torch.equal(
        model.state_dict()["features.denseblock1.denselayer1.conv2.weight"],
        state["features.denseblock1.denselayer1.conv2.weight"],
    )


def test_weights_of_another_architecture_name_the_first_keys_that_differ(tmp_path):
    weights = save(tmp_path, small_cnn().state_dict())
    with pytest.raises(
        UserError, match=r"does not belong to resnet18.*missing: conv1\.weight.*not in the model: 0\.weight"
    ):
        load(tmp_path, "resnet18", weights=weights)


def test_weights_for_another_number_of_classes_name_the_shapes(tmp_path):
    weights = save(tmp_path, small_cnn(4).state_dict())
    with pytest.raises(UserError, match=r"with 3 classes.*of another shape: 11\.weight \(4, 16\) instead of \(3, 16\)"):
        load(tmp_path, FACTORY, weights=weights)


@pytest.mark.parametrize(
    ("arch", "message"),
    [
        ("resnet19", r"torchvision has no classifier 'resnet19'\. Did you mean resnet1"),
        ("tests.nowhere:model", "cannot import 'tests.nowhere:model'"),
        ("tests.explainers.sample_networks:nothing", "cannot import"),
        ("tests.explainers.sample_networks:pictures", "returned Tensor, expected a torch.nn.Module"),
    ],
)
def test_an_unknown_architecture_is_refused(tmp_path, arch, message):
    with pytest.raises(UserError, match=message):
        load(tmp_path, arch)


def test_a_missing_or_unsafe_weight_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"there is no file .*nowhere\.pth"):
        load(tmp_path, FACTORY, weights="nowhere.pth")
    torch.save(small_cnn(), tmp_path / "whole.pth")
    with pytest.raises(UserError, match=r"whole\.pth is not a file of plain tensors"):
        load(tmp_path, FACTORY, weights="whole.pth")
    with pytest.raises(UserError, match="neither a file nor torchvision weights of 'resnet18'"):
        load(tmp_path, "resnet18", weights="IMAGENET9K")


def test_options_the_architecture_does_not_take_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"\[model\] options: resnet18 could not be built"):
        load(tmp_path, "resnet18", options={"depth": 3})


def test_class_names_come_from_imagenet_a_list_a_file_or_its_index(tmp_path):
    def names(classes):
        return class_names(ModelConfig(arch="x", classes=classes), tmp_path)

    (tmp_path / "names.txt").write_text("cat\n\nhorse\n")
    (tmp_path / "index.json").write_text(json.dumps({"0": ["n1", "tench"], "1": ["n2", "goldfish"]}))
    assert len(names("imagenet")) == 1000
    assert names(["a", "b"]) == ["a", "b"]
    assert names("names.txt") == ["cat", "horse"]
    assert names("index.json") == ["tench", "goldfish"]
    index = {"0": ["n02012849", "crane"], "1": ["n01443537", "goldfish"], "2": ["n03126707", "crane"]}
    (tmp_path / "index.json").write_text(json.dumps(index))
    assert names("index.json") == ["crane (n02012849)", "goldfish", "crane (n03126707)"]
    with pytest.raises(UserError, match="'a' stands twice"):
        names(["a", "a"])
    with pytest.raises(UserError, match="cannot read"):
        names("nowhere.txt")


def test_models_are_there_without_pytorchs_compiler_which_takes_seconds_and_who_wants_it_gets_the_real_one():
    code = (
        "import sys; from explainers._torchvision import torchvision; torchvision.models.resnet18; "
        "assert not {name for name in sys.modules if name.startswith('torch._dynamo')}; "
        "from torch._dynamo.utils import counters, is_compile_supported"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
