import json

import pytest
import torch

from explainers import registry
from explainers.bench import measuring, timing
from explainers.bench.cases import Case, cases
from explainers.cli import main
from explainers.record import Peer


def test_every_comparison_names_a_method_and_parameters_there_are():
    for case in cases(224):
        assert case.parameters.keys() <= registry.explainer(case.method).defaults.keys()


def test_a_tree_of_maps_takes_one_forward_pass_where_the_published_code_takes_34(monkeypatch):
    chosen = [case for case in cases(64) if case.parameters.get("base") in ("grad_cam", "mwp", "rise")]
    monkeypatch.setattr(timing, "cases", lambda _side: chosen)
    monkeypatch.setattr(measuring, "BATCHES", (1,))
    monkeypatch.setattr(timing, "ROUNDS", 1)
    rows = timing.bench("squeezenet1_1", 64, 1, torch.device("cpu"), lambda _row: None)
    by_method = {row["method"]: row for row in rows}
    assert by_method["cwox_2s (grad_cam)"]["passes"] == by_method["cwox_2s (mwp)"]["passes"] == 1
    assert by_method["cwox_2s (grad_cam)"]["peer_passes"] == 34
    assert by_method["cwox_2s (rise)"]["passes"] == 1000 + 600 + 1


@pytest.fixture
def quick(monkeypatch):
    """A few comparisons, one with a peer that fails."""
    several = cases(56)
    chosen = [case for case in several if case.method in ("lrp", "mwp")]

    def fail(*_, **__):
        raise RuntimeError("not on this model")

    chosen.append(Case("grad_cam", {"layer": "features"}, (Peer("someone", fail),)))
    chosen.append(Case("occlusion", {"window": 28, "stride": 28}))
    monkeypatch.setattr(timing, "cases", lambda _side: chosen)
    monkeypatch.setattr(measuring, "BATCHES", (1, 2))
    monkeypatch.setattr(measuring, "REPEATS", 1)
    monkeypatch.setattr(timing, "ROUNDS", 1)


def test_rows_hold_both_times_and_the_difference_of_the_maps(quick, capsys):
    assert main(["bench", "--size", "56", "--images", "1", "--device", "cpu", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["rows"]
    rows = {row["method"]: row for row in found[:-1]}
    assert rows["lrp"]["ratio"] == pytest.approx(rows["lrp"]["peer_seconds"] / rows["lrp"]["seconds"])
    assert rows["lrp"]["difference"] < 1e-3
    assert rows["mwp"]["peer_seconds"] is None
    assert rows["grad_cam"]["peer"] == "someone: RuntimeError: not on this model"
    assert {rows[name]["passes"] for name in ("lrp", "grad_cam")} == {1}
    assert rows["occlusion"]["passes"] == 4 + 1
    assert rows["occlusion"]["overhead_optimised"] > 0
    assert rows["occlusion"]["once"] > 0 < rows["lrp"]["once"]
    assert rows["lrp"]["peer_passes"] == 1
    assert found[-1]["peer"] == "bfloat16"
    assert found[-1]["difference"] > 0


@pytest.mark.parametrize("network", ["resnet18", "mobilenet_v2"])
def test_each_family_is_explained_at_its_own_layer_by_both(network, monkeypatch):
    chosen = [case for case in cases(64) if case.method == "grad_cam"]
    monkeypatch.setattr(timing, "cases", lambda _side: chosen)
    monkeypatch.setattr(measuring, "BATCHES", (1,))
    (row,) = timing.bench(network, 64, 1, torch.device("cpu"), lambda _row: None, profiled=True)
    assert row["ratio"] > 0
    assert row["difference"] < 1e-3
    assert row["kernels"] > 0.05  # both run the network's convolutions
    assert row["peer_kernels"] > 0.05
    assert row["limit"] == pytest.approx(row["ratio"] / row["kernels"])
    shares = [float(one.rpartition(" ")[2]) for one in row["rest"].split(", ")]
    assert row["kernels"] + sum(shares) == pytest.approx(1, abs=0.05)
    assert "no operator" in row["rest"]


@pytest.mark.filterwarnings("ignore")  # of what the peers import
def test_what_maps_lose_of_the_change_they_share_out_is_told_of_both(monkeypatch):
    chosen = [case for case in cases(64) if case.method == "deeplift"]
    monkeypatch.setattr(timing, "cases", lambda _side: chosen)
    monkeypatch.setattr(measuring, "BATCHES", (1,))
    (row,) = timing.bench("mobilenet_v2", 64, 1, torch.device("cpu"), lambda _row: None, enough_s=0)
    assert row["lost"] < 1e-3
    assert row["peer_lost"] > 0.05  # captum has no rule for ReLU6
    assert row["rounds"] == 1


def test_the_table_has_a_line_per_method(quick, capsys):
    assert main(["bench", "--size", "56", "--images", "1", "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:6]] == ["method", "lrp", "mwp", "grad_cam", "occlusion", "occlusion"]
    assert "threads" in lines[-1]


def test_the_table_can_be_put_into_a_document(quick, capsys):
    options = ["--size", "56", "--images", "1", "--device", "cpu", "--markdown", "--clock", "cpu", "--threads", "1"]
    assert main(["bench", *options]) == 0
    table = capsys.readouterr().out.splitlines()[:7]
    assert {line.count("|") for line in table} == {len(timing.COLUMNS) + 1}
    assert set(table[1]) <= set("| -")


@pytest.mark.filterwarnings("ignore")  # of what the peers import
@pytest.mark.parametrize("method", ["gradient_shap", "lime"])
def test_shap_and_lime_run_beside_ours(method):
    import torch

    from tests.explainers.sample_networks import pictures, small_cnn

    model, images = small_cnn().eval(), pictures(1)
    case = next(case for case in cases(64) if case.method == method)
    subject = measuring.Subject(model, images, torch.tensor([1]), lambda: 0.0, profiled=False, enough_s=0)
    for peer in case.peers:
        passes, _, _ = measuring.counted(subject, lambda peer=peer: timing._quietly(peer, subject, case))
        assert passes >= case.parameters["n_samples"]


def test_only_the_methods_that_are_asked_for_are_timed(quick, capsys):
    options = ["bench", "--size", "56", "--images", "1", "--device", "cpu", "--json", "--methods"]
    assert main([*options, "mwp,grad_cam"]) == 0
    assert [row["method"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["mwp", "grad_cam"]
    assert main([*options, "mwp,gradcam"]) == 2
    assert "There is no method 'gradcam'" in capsys.readouterr().err
