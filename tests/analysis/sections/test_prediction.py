"""Automatic metrics against people: rank correlation over stimuli, intervals over participants."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.cli import main
from analysis.errors import NotDefined
from analysis.statistics.association.rank_correlation import _correlations, spearman
from analysis.statistics.multiplicity import adjust
from tests.analysis import factory
from tests.analysis.analysed import analysed
from tests.analysis.reference_data import MORE, frame


def answers(n_people=60, n_stimuli=12, seed=1):
    """Return answers whose stimuli get easier from the first to the last; everybody sees a random half."""
    rng = np.random.default_rng(seed)
    rows = [(f"p{i}", f"s{j:02d}", float(rng.random() < 0.2 + 0.6 * j / n_stimuli))
            for i in range(n_people) for j in rng.choice(n_stimuli, n_stimuli // 2, replace=False)]  # fmt: skip
    return pd.DataFrame(rows, columns=["participant", "stimulus", "correct"])


def test_rho_is_spearman_s_over_stimuli():
    data = answers()
    metric = pd.Series(np.arange(12.0), [f"s{j:02d}" for j in range(12)])
    n, people, rho, low, high, p = spearman(data, metric, seed=1)
    expected = stats.spearmanr(data.groupby("stimulus")["correct"].mean(), metric)
    assert (n, people) == (12, 60)
    assert (rho, p) == pytest.approx((expected.statistic, expected.pvalue))
    assert low < rho <= high <= 1
    assert low > 0


def test_ties_share_their_ranks_as_in_r():
    # cor.test(fraction_correct, saliency_ratio, method = "spearman"): one answer per person and stimulus, by rank
    data = frame("unbalanced71")
    ten_times = (data["fraction_correct"] * 14).round().astype(int)
    seen = [(f"p{k}", f"s{i:02d}", float(k < right)) for i, right in enumerate(ten_times) for k in range(14)]
    metric = pd.Series(data["saliency_ratio"].to_numpy(), [f"s{i:02d}" for i in range(len(data))])
    rho = spearman(pd.DataFrame(seen, columns=["participant", "stimulus", "correct"]), metric, seed=1)[2]
    assert rho == pytest.approx(MORE["spearman"]["rho"], abs=1e-10)


def test_the_interval_follows_the_seed_and_the_sign_follows_the_metric():
    data = answers()
    metric = pd.Series(np.arange(12.0), [f"s{j:02d}" for j in range(12)])
    assert spearman(data, metric, seed=1) == spearman(data, metric, seed=1)
    assert spearman(data, -metric, seed=1)[2] == pytest.approx(-spearman(data, metric, seed=1)[2])


def test_few_people_leave_stimuli_unseen_in_some_resamples():
    found = spearman(answers(n_people=5), pd.Series(np.arange(12.0), [f"s{j:02d}" for j in range(12)]), seed=1)
    assert np.isfinite(found).all()


def test_too_few_stimuli_and_constant_metrics_are_not_defined():
    with pytest.raises(NotDefined, match="4 stimuli"):
        spearman(answers(), pd.Series([1.0, 2.0], ["s00", "s01"]), seed=1)
    with pytest.raises(NotDefined, match="same metric value"):
        spearman(answers(), pd.Series(1.0, [f"s{j:02d}" for j in range(12)]), seed=1)


def test_each_resample_s_rho_is_that_of_the_stimuli_it_saw():
    right = np.array([[1.0, 2, 3, 1, 0], [1, 0, 3, 2, 4], [1, 0, 3, 0, 4], [2, 2, 2, 2, 2]])
    seen = np.array([[2.0, 3, 3, 4, 1], [2, 0, 3, 3, 4], [2, 0, 3, 0, 4], [4, 4, 4, 4, 4]])
    metric = np.array([0.3, 0.1, 0.2, 0.5, 0.4])
    found = _correlations(right, seen, metric)
    there = [0, 2, 3, 4]
    assert found[0] == pytest.approx(stats.spearmanr(right[0] / seen[0], metric).statistic)
    assert found[1] == pytest.approx(stats.spearmanr(right[1, there] / seen[1, there], metric[there]).statistic)
    assert np.isnan(found[2:]).all()  # of three stimuli, and of shares that do not vary


def test_four_stimuli_are_enough_and_shares_that_are_all_alike_are_not():
    rows = [(p, s, int((p * s) % 3 == 0 or s == 3)) for p in range(1, 6) for s in range(4)]
    data = pd.DataFrame([*rows, (1, 9, 1), (2, 0, np.nan)], columns=["participant", "stimulus", "correct"])
    metric = pd.Series([1.0, 2, 3, 4, np.nan], index=[0, 1, 2, 3, 9])
    n, people, rho, *_ = spearman(data, metric, seed=1)
    shares = data[data["stimulus"] < 9].groupby("stimulus")["correct"].mean()
    assert (n, people, rho) == (4, 5, pytest.approx(stats.spearmanr(shares, metric[:4]).statistic))
    with pytest.raises(NotDefined, match="same accuracy"):
        spearman(data.assign(correct=1), metric, seed=1)
    with pytest.raises(NotDefined, match="ρ needs 4 methods, there are 3"):
        spearman(data, metric[1:], seed=1, unit="methods")


def test_a_bundle_s_metrics_are_compared_per_method(tmp_path):
    folder = factory.forward_simulation(tmp_path / "export", n=24, codes=False)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    rows = [(f"img{j:02d}", method, "cat", metric, (j * 7 % 14) / 14) for j in range(14)
            for method in ("lrp", "multiscale_occlusion") for metric in ("road", "iou")]  # fmt: skip
    pd.DataFrame(rows, columns=["image_id", "method", "target", "metric", "value"]).to_csv(
        bundle / "metrics.csv", index=False
    )
    out = tmp_path / "report"
    assert main(["report", str(folder), "--out", str(out), "--bundle", str(bundle)]) == 0
    results = json.loads((out / "results.json").read_text())
    found = next(analysis for analysis in results["analyses"] if analysis["id"] == "metrics.spearman")
    assert [(term["metric"], term["method"]) for term in found["terms"]] == [
        ("iou", "lrp"), ("iou", "multiscale_occlusion"), ("road", "lrp"), ("road", "multiscale_occlusion")]  # fmt: skip
    assert found["terms"][0]["n_stimuli"] == 14
    assert found["method"]["family"] == "all metrics and methods"
    p_values = [term["p"] for term in found["terms"]]
    assert [term["p_adjusted"] for term in found["terms"]] == pytest.approx(adjust(p_values))
    assert found["terms"][0]["n_participants"] == 8
    assert "metrics.csv" in results["data"]["sha256"]


def scored(tmp_path, rows, classes=()) -> dict:
    """Return the analyses of an export with a bundle of these metrics: image, method, target, metric, value."""
    folder = factory.forward_simulation(tmp_path / "export", n=24, codes=False)
    table = pd.DataFrame(rows, columns=["image_id", "method", "target", "metric", "value"])
    (tmp_path / "bundle").mkdir()
    table.to_csv(tmp_path / "bundle" / "metrics.csv", index=False)
    if classes:
        (tmp_path / "bundle" / "manifest.json").write_text(json.dumps({"model": {"classes": classes}}))
    return analysed(folder, "metrics", bundle=tmp_path / "bundle")


def test_the_metric_is_that_of_the_class_the_trial_was_about(tmp_path):
    # trials 0-6 ask about the cat (class 1), the others about the horse (class 0); other classes are noise
    rows = [(f"img{j:02d}", "lrp", target, "road", j if target == (j < 7) else 1000 * ((j * 5) % 7))
            for j in range(14) for target in (0, 1)]  # fmt: skip
    found = scored(tmp_path, rows, ["horse", "cat"])
    (mean,) = found["metrics.methods"]["terms"]
    assert mean["metric_mean"] == pytest.approx(np.mean(range(14)))
    assert (mean["n_stimuli"], mean["n_participants"]) == (14, 8)


def test_methods_are_compared_by_their_means(tmp_path):
    rows = [(f"img{j:02d}", method, "cat", "road", j + shift) for j in range(14)
            for shift, method in enumerate(("lrp", "multiscale_occlusion", "never_shown"))]  # fmt: skip
    found = scored(tmp_path, rows)
    means = {term["method"]: term for term in found["metrics.methods"]["terms"]}
    assert set(means) == {"lrp", "multiscale_occlusion"}
    assert means["multiscale_occlusion"]["metric_mean"] == means["lrp"]["metric_mean"] + 1
    for term in means.values():
        assert term["ci_low"] < term["accuracy"] < term["ci_high"]
    (over,) = found["metrics.spearman_methods"]["terms"]
    assert over["rho"] is None
    assert over["reason"] == "ρ needs 4 methods, there are 2"


def test_a_bundle_without_metrics_is_named(tmp_path, capsys):
    folder = factory.forward_simulation(tmp_path / "export", n=6, codes=False)
    assert main(["report", str(folder), "--out", str(tmp_path / "report"), "--bundle", str(tmp_path)]) == 2
    assert "metrics.csv: no such file" in capsys.readouterr().err
