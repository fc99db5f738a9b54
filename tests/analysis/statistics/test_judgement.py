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
    data = trials()
    found = judgement.auroc2(*(data[column].to_numpy() for column in ("method", "correct", "rating")))
    assert found.to_dict() == pytest.approx(MODELS["auroc2"], abs=1e-12)


def test_the_area_is_that_of_each_participant_and_none_of_who_was_always_right():
    people = np.array(["a", "b"] * 4)
    correct, confidence = np.array([1, 1, 0, 1, 1, 1, 0, 1]), np.array([3, 1, 2, 2, 2, 3, 1, 4])
    found = judgement.auroc2(people, correct, confidence)
    assert found["a"] == pytest.approx(np.mean([1, 1, 0.5, 1]))  # 3 and 2 against 2 and 1
    assert np.isnan(found["b"])


def test_d_prime_and_criterion_are_the_normal_quantiles_of_corrected_rates():
    signal, said = np.array([1] * 10 + [0] * 6), np.array([1] * 8 + [0] * 2 + [1] * 1 + [0] * 5)
    people = np.array(["one"] * 16 + ["turned"] * 16 + ["lacking"] * 2)
    found = judgement.detection(people, np.r_[signal, signal, 1, 1], np.r_[said, 1 - said, 1, 0])
    hits, alarms = stats.norm.ppf([8.5 / 11, 1.5 / 7])
    assert found.loc["one"].tolist() == pytest.approx([hits - alarms, -(hits + alarms) / 2])
    assert found.loc["turned"].tolist() == pytest.approx((-found.loc["one"]).tolist())
    assert found.loc["lacking"].isna().all()


def test_one_trial_of_each_sort_is_enough_for_d_prime():
    found = judgement.detection(np.array(["anna", "anna"]), np.array([1, 0]), np.array([1, 0])).loc["anna"]
    assert found.tolist() == pytest.approx([2 * 0.674490, 0], abs=1e-6)  # rates 3/4 and 1/4


def test_a_scales_points_claim_from_guessing_to_certain():
    assert judgement.as_probability(np.array([1, 2, 5]), 5, 0.2).tolist() == pytest.approx([0.2, 0.4, 1.0])


def test_calibration_is_zero_where_claims_come_true():
    correct = np.array([1, 0, 1, 1, 1, 0, 1, 1])
    claimed = np.array([0.5, 0.5] + [0.75] * 4 + [1, 1])
    correct[2:6] = [1, 1, 1, 0]
    assert judgement.ece(correct, claimed) == 0
    assert judgement.brier(correct, claimed) == pytest.approx((2 * 0.25 + 3 * 0.0625 + 0.5625) / 8)


def test_a_report_of_forward_simulation_holds_them(tmp_path):
    folder = factory.forward_simulation(tmp_path / "export", n=24, codes=False)
    found = analysed(folder, "confidence", "reliance", "d_prime", "criterion", "calibration")
    for id in ("reliance.anova_within", "d_prime.anova", "criterion.anova", "auroc2.anova", "confidence.calibration"):
        assert found[id]["defined"], (id, found[id]["reason"])
    terms = {term["term"]: term for term in found["confidence.calibration"]["terms"]}
    assert terms["all"]["n"] == 24 * 14
    for term in terms.values():
        assert term["ece_low"] <= term["ece"] <= term["ece_high"]


def test_who_had_one_sort_of_trial_alone_or_one_sort_of_answer_has_no_value():
    people, one = np.array(["signal", "signal", "none", "none"]), np.array([1, 1, 0, 0])
    assert judgement.detection(people, one, np.array([1, 0, 1, 0])).isna().all(axis=None)
    found = judgement.auroc2(people, one, np.array([1.0, 2, 3, 4]))
    assert found.isna().all()


def test_the_smallest_scale_claims_guessing_and_certainty_and_one_point_nothing():
    assert judgement.as_probability(np.array([1, 2]), 2, 0.5).tolist() == [0.5, 1]
    with pytest.raises(NotDefined, match="one point claims nothing"):
        judgement.as_probability(np.array([1]), 1, 0.5)


def test_calibration_weighs_each_claim_by_its_answers():
    # three claims of .9, one in three right; one of .5, wrong: (3 · |1/3 − .9| + 1 · .5) / 4
    found = judgement.ece(np.array([1, 0, 0, 0]), np.array([0.9, 0.9, 0.9, 0.5]))
    assert found == pytest.approx((3 * (0.9 - 1 / 3) + 0.5) / 4)
