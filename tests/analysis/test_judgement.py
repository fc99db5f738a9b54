"""Signal detection, reliance and calibration of confidence."""

import numpy as np
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics import judgement
from tests.analysis import factory
from tests.analysis.analysed import analysed
from tests.analysis.reference_data import MODELS, trials


def test_the_area_equals_proc():
    # pROC::auc(roc(correct, rating, direction = "<"))
    for method, rows in trials().groupby("method", observed=True):
        found = judgement.auroc2(rows["correct"].to_numpy(), rows["rating"].to_numpy())
        assert found == pytest.approx(MODELS["auroc2"][method], abs=1e-12)


def test_d_prime_and_criterion_are_the_normal_quantiles_of_corrected_rates():
    signal, said = np.array([1] * 10 + [0] * 6), np.array([1] * 8 + [0] * 2 + [1] * 1 + [0] * 5)
    d_prime, criterion = judgement.detection(signal, said)
    hits, alarms = stats.norm.ppf([8.5 / 11, 1.5 / 7])
    assert (d_prime, criterion) == pytest.approx((hits - alarms, -(hits + alarms) / 2))
    assert judgement.detection(signal, 1 - said) == pytest.approx((-d_prime, -criterion))
    with pytest.raises(NotDefined, match="with the signal"):
        judgement.detection(np.ones(4), np.ones(4))


def test_calibration_is_zero_where_claims_come_true():
    correct = np.array([1, 0, 1, 1, 1, 0, 1, 1])
    claimed = np.array([0.5, 0.5] + [0.75] * 4 + [1, 1])
    correct[2:6] = [1, 1, 1, 0]
    assert judgement.ece(correct, claimed) == 0
    assert judgement.brier(correct, claimed) == pytest.approx((2 * 0.25 + 3 * 0.0625 + 0.5625) / 8)


def test_a_report_of_forward_simulation_holds_them(tmp_path):
    found = analysed(factory.forward_simulation(tmp_path / "export", n=24, codes=False))
    for id in ("reliance.anova_within", "d_prime.anova", "criterion.anova", "auroc2.anova", "confidence.calibration"):
        assert found[id]["defined"], (id, found[id]["reason"])
    terms = {term["term"]: term for term in found["confidence.calibration"]["terms"]}
    assert terms["all"]["n"] == 24 * 14
    for term in terms.values():
        assert term["ece_low"] <= term["ece"] <= term["ece_high"]
