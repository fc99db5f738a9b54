import pytest
import torch

from explainers.config import ModelConfig
from explainers.errors import UserError
from explainers.models.building import load_model
from tests.explainers.sample_networks import small_cnn

WEIGHTS = small_cnn(seed=9).state_dict()
OTHERS = small_cnn(seed=8).state_dict()
BESIDE = {"epoch": 7, "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1}]}}


def load(tmp_path, content):
    torch.save(content, tmp_path / "w.pth")
    return load_model(ModelConfig(arch="tests.explainers.sample_networks:small_cnn", weights="w.pth"), tmp_path, 3)[0]


def prefixed(*prefixes, weights=WEIGHTS):
    return {"".join(prefixes) + key: value for key, value in weights.items()}


@pytest.mark.parametrize(
    "place", ["state_dict", "model_state_dict", "model", "net", "state_dict_ema", "a_name_of_its_own"]
)
@pytest.mark.parametrize("prefixes", [(), ("module.",), ("_orig_mod.",), ("module.", "_orig_mod."), ("net.", "model.")])
def test_weights_are_found_where_training_scripts_leave_them(tmp_path, place, prefixes):
    model = load(tmp_path, {place: prefixed(*prefixes), **BESIDE})
    assert all(torch.equal(value, WEIGHTS[key]) for key, value in model.state_dict().items())


def test_a_wrappers_other_tensors_are_left_out_and_said(tmp_path, caplog):
    model = load(tmp_path, {"state_dict": {**prefixed("model."), "loss.weight": torch.ones(3)}, **BESIDE})
    assert all(torch.equal(value, WEIGHTS[key]) for key, value in model.state_dict().items())
    assert "loss.weight … are left out; the model is what is called model.*" in caplog.text


def test_averaged_weights_give_way_to_the_plain_ones_and_it_is_said(tmp_path, caplog):
    model = load(tmp_path, {"state_dict_ema": OTHERS, "state_dict": WEIGHTS, **BESIDE})
    assert torch.equal(model.state_dict()["0.weight"], WEIGHTS["0.weight"])
    assert "'state_dict' is taken, of state_dict_ema, state_dict" in caplog.text


@pytest.mark.parametrize(
    "content",
    [{**prefixed("student."), **prefixed("teacher.", weights=OTHERS)}, {"student": WEIGHTS, "teacher": OTHERS}],
)
def test_two_networks_in_one_file_are_refused(tmp_path, content):
    with pytest.raises(UserError, match=r"holds weights under student\.?, teacher\.?; save those of one"):
        load(tmp_path, content)


def test_counters_that_pytorch_loads_without_may_be_missing(tmp_path):
    without = {key: value for key, value in prefixed("module.").items() if "num_batches" not in key}
    model = load(tmp_path, without)
    assert torch.equal(model.state_dict()["1.running_mean"], WEIGHTS["1.running_mean"])


def test_what_else_is_missing_is_named_as_the_model_names_it(tmp_path):
    broken = {key: value for key, value in prefixed("module.").items() if "11.bias" not in key}
    with pytest.raises(UserError, match=r"missing: 11\.bias\."):
        load(tmp_path, broken)
    with pytest.raises(UserError, match=r"expected a state_dict \(names and tensors\), found dict"):
        load(tmp_path, {"epoch": 3})
