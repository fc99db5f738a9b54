import numpy as np
import pytest

from explainers.bundles.predictions import (
    best_f1_threshold,
    classes_to_explain,
    outcome,
    prediction_rows,
    scores_of,
    thresholds_of,
)


def f1(scores, truth, threshold):
    predicted = scores > threshold
    return 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum())


def test_the_threshold_has_the_best_f1_of_all():
    random = np.random.default_rng(0)
    for _ in range(50):
        scores, truth = (random.random(30) + 0.1).round(1), random.random(30) < 0.4
        best = max(f1(scores, truth, t) for t in np.linspace(0, 1.2, 121))
        assert truth.any()
        assert f1(scores, truth, best_f1_threshold(scores, truth)) == pytest.approx(best)


def test_a_separable_class_gets_the_threshold_between():
    scores, truth = np.array([0.1, 0.2, 0.6, 0.9]), np.array([False, False, True, True])
    assert best_f1_threshold(scores, truth) == pytest.approx(0.4)


def test_a_class_without_positives_keeps_one_half():
    assert best_f1_threshold(np.array([0.1, 0.9]), np.array([False, False])) == 0.5
    assert thresholds_of(np.array([[0.2, 0.8]]), [None]) == [0.5, 0.5]


@pytest.mark.parametrize(
    ("truth", "predicted", "expected"),
    [(True, True, "TP"), (False, True, "FP"), (True, False, "FN"), (False, False, "TN"), (None, True, None)],
)
def test_outcomes(truth, predicted, expected):
    assert outcome(truth, predicted) == expected


def test_scores_are_probabilities_even_for_huge_logits():
    logits = np.array([[1000.0, -1000.0, 0.0]])
    np.testing.assert_allclose(scores_of(logits, multilabel=False), [[1, 0, 0]])
    np.testing.assert_allclose(scores_of(logits, multilabel=True), [[1, 0, 0.5]])


def test_a_multilabel_image_has_a_row_per_class_with_its_outcome():
    rows = prediction_rows("a", np.array([0.9, 0.2, 0.6]), (0, 1), ["x", "y", "z"], [0.5, 0.5, 0.5], [0])
    assert [row["outcome"] for row in rows] == ["TP", "FN", "FP"]
    assert [row["predicted"] for row in rows] == [True, False, True]


def test_of_many_classes_the_highest_the_true_and_the_explained_are_kept():
    scores = np.linspace(0, 1, 1000) / 500
    rows = prediction_rows("a", scores, (3,), [str(k) for k in range(1000)], None, [7])
    assert [row["class_index"] for row in rows] == [3, 7, *range(990, 1000)]
    assert [row["class_index"] for row in rows if row["predicted"]] == [999]
    assert rows[0]["outcome"] == "FN"
    assert rows[-1]["outcome"] == "FP"


def test_explained_are_the_fixed_the_true_and_the_highest_classes_each_once():
    scores = np.array([0.1, 0.5, 0.3, 0.2])
    assert classes_to_explain(scores, (3, 1), [2], truth=True, top=2) == [2, 3, 1]
    assert classes_to_explain(scores, None, [], truth=True, top=1) == [1]


def test_a_score_at_its_threshold_is_not_predicted():
    rows = prediction_rows("a", np.array([0.5, 0.51]), None, ["x", "y"], [0.5, 0.5], [])
    assert [row["predicted"] for row in rows] == [False, True]
    assert [row["outcome"] for row in rows] == [None, None]


@pytest.mark.parametrize(("n_classes", "n_rows"), [(100, 100), (101, 10)])
def test_up_to_100_classes_all_are_kept(n_classes, n_rows):
    rows = prediction_rows("a", np.linspace(1, 0, n_classes), None, ["x"] * n_classes, None, [])
    assert [row["class_index"] for row in rows] == list(range(n_rows))


def test_of_equally_high_classes_the_first_is_the_prediction():
    rows = prediction_rows("a", np.array([0.2, 0.4, 0.4]), (2,), ["x", "y", "z"], None, [])
    assert [row["outcome"] for row in rows] == ["TN", "FP", "FN"]
    assert [row["threshold"] for row in rows] == [None] * 3


def test_where_all_are_positive_the_threshold_is_half_the_lowest_score():
    assert best_f1_threshold(np.array([0.4, 0.8]), np.array([True, True])) == pytest.approx(0.2)


def test_of_equally_good_thresholds_the_nearest_to_one_half_is_taken():
    """At 0.05 and at 0.85 F1 is ⅔."""
    scores, truth = np.array([0.1, 0.2, 0.8, 0.9]), np.array([True, False, False, True])
    assert best_f1_threshold(scores, truth) == pytest.approx(0.85)
    assert best_f1_threshold(scores / 2 + 0.3, truth) == pytest.approx(0.725)


def test_thresholds_come_from_the_labelled_images_alone():
    scores = np.array([[0.2, 0.9], [0.6, 0.1], [0.99, 0.5], [0.01, 0.5]])
    assert thresholds_of(scores, [(1,), (0,), None, None]) == pytest.approx([0.4, 0.5])


def test_without_a_number_of_highest_classes_only_what_is_named_is_explained():
    scores = np.array([0.1, 0.5])
    assert classes_to_explain(scores, (0,), [1], truth=False, top=None) == [1]
    assert classes_to_explain(scores, (0,), [], truth=True, top=None) == [0]
