"""A published study through `--csv --map`: Taesiri, Nguyen & Nguyen (2022), Visual correspondence-based explanations.

360 people, six explanation methods between subjects, 30 ImageNet trials each. The source reports for ResNet-50 a mean
accuracy of 81.56 and a standard deviation of 5.54 percent per participant.
"""

import json
import os
from pathlib import Path

import pytest

from analysis.cli import main

DATA = Path(os.environ.get("HEATWISE_REALDATA", Path(__file__).parents[3] / "shared" / "realdata"))
CSV = DATA / "human_studies" / "taesiri2022_imagenet.csv"
MAP = """
participant = "UID"
between = ["Method"]
[[outcomes]]
column = "Correctness"
name = "accuracy"
kind = "binary"
chance = 0.5
[[outcomes]]
column = "ConfidenceScore"
name = "confidence"
kind = "ratio"
"""
pytestmark = [pytest.mark.real, pytest.mark.skipif(not CSV.exists(), reason=f"{CSV} is not here (HEATWISE_REALDATA)")]


@pytest.fixture(scope="module")
def analyses(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taesiri")
    (folder / "map.toml").write_text(MAP)
    arguments = ["report", "--csv", str(CSV), "--map", str(folder / "map.toml"), "--out", str(folder / "report")]
    assert main(arguments) == 0
    results = json.loads((folder / "report" / "results.json").read_text())
    return {found["id"]: found for found in results["analyses"]}


def test_the_source_s_figures_come_out(analyses):
    terms = {term["level"]: term for term in analyses["accuracy.descriptives"]["terms"] if term["term"] == "Method"}
    assert len(terms) == 6
    assert {term["n"] for term in terms.values()} == {60}
    assert 100 * terms["ResNet-50"]["mean"] == pytest.approx(81.56, abs=0.005)
    assert 100 * terms["ResNet-50"]["sd"] == pytest.approx(5.54, abs=0.005)


def test_every_analysis_of_the_study_is_defined(analyses):
    for suffix in ("anova", "anova_hc3", "kruskal", "dunn", "tukey.Method", "normality", "levene", "logistic", "gee"):
        assert analyses[f"accuracy.{suffix}"]["defined"], suffix
    for suffix in ("descriptives", "anova", "kruskal", "tukey.Method", "mixed"):
        assert analyses[f"confidence.{suffix}"]["defined"], suffix


def test_participants_are_averaged_before_they_are_compared(analyses):
    anova = {term["term"]: term for term in analyses["accuracy.anova"]["terms"]}
    assert (anova["Method"]["df"], anova["Residuals"]["df"]) == (5, 354)
    assert anova["Method"]["p"] < 0.001
    assert analyses["accuracy.logistic"]["n"] == 10800


def test_the_mixed_logistic_model_agrees_with_the_means_about_the_best_method(analyses):
    terms = {term["term"]: term["estimate"] for term in analyses["accuracy.logistic"]["terms"]}
    assert terms["Method[ResNet-50]"] == max(value for name, value in terms.items() if name.startswith("Method["))
