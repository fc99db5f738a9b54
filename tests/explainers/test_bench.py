import json

import pytest

import explainers
from explainers import bench
from explainers.cli import main


def test_every_comparison_names_a_method_and_parameters_there_are():
    for case in bench.cases(224):
        assert case.parameters.keys() <= explainers.METHODS[case.method].defaults.keys()


@pytest.fixture
def quick(monkeypatch):
    """Two comparisons only, one with a peer that fails."""
    several = bench.cases(56)
    chosen = [case for case in several if case.method in ("lrp", "mwp")]

    def fail(*_):
        raise RuntimeError("not on this model")

    chosen.append(bench.Case("grad_cam", {"layer": "features"}, None, "someone", fail))
    monkeypatch.setattr(bench, "cases", lambda _side: chosen)
    monkeypatch.setattr(bench, "BATCHES", (1, 2))


def test_rows_hold_both_times_and_the_difference_of_the_maps(quick, capsys):
    assert main(["bench", "--size", "56", "--images", "1", "--device", "cpu", "--json"]) == 0
    rows = {row["method"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["lrp"]["ratio"] == pytest.approx(rows["lrp"]["peer_seconds"] / rows["lrp"]["seconds"])
    assert rows["lrp"]["difference"] < 1e-3
    assert rows["mwp"]["peer_seconds"] is None
    assert rows["grad_cam"]["peer"] == "someone: RuntimeError: not on this model"


def test_the_table_has_a_line_per_method(quick, capsys):
    assert main(["bench", "--size", "56", "--images", "1", "--device", "cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["method", "lrp", "mwp", "grad_cam"]
    assert "threads" in lines[-1]
