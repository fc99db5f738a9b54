"""Answers to a question by condition: Pearson's χ² and Cramér's V."""

import pandas as pd
import pytest

from analysis.errors import NotDefined
from analysis.statistics.association.contingency import FEW, association
from tests.analysis.reference_data import R


def test_equals_r():
    # chisq.test(rbind(c(9, 18, 20), c(23, 14, 12)), correct = FALSE); effectsize::cramers_v
    found = association(pd.DataFrame([[9, 18, 20], [23, 14, 12]]), "question").iloc[0]
    expected = R["chisq_fisher"]
    assert (found["chi2"], found["p"]) == pytest.approx((expected["chisq"], expected["chisq_p"]), abs=1e-10)
    assert found["cramers_v"] == pytest.approx(expected["cramers_v"][0]["Cramers_v"], abs=1e-10)
    assert (found["n"], found["df"], found["reason"]) == (96, 2, "")


def test_empty_rows_and_columns_do_not_count():
    table = pd.DataFrame([[9, 18, 0], [0, 0, 0], [23, 14, 0]])
    assert association(table, "question")["df"].item() == 1


def test_few_expected_answers_are_said():
    assert association(pd.DataFrame([[1, 3], [4, 2]]), "question")["reason"].item() == FEW


@pytest.mark.parametrize("table", [[[3, 4]], [[3], [4]], [[3, 0], [4, 0]], [[0, 0], [0, 0]]])
def test_nothing_to_compare_is_not_defined(table):
    with pytest.raises(NotDefined, match="answered alike"):
        association(pd.DataFrame(table), "question")


def test_five_expected_answers_are_enough_and_one_count_below_them_is_said():
    assert association(pd.DataFrame([[5, 5], [5, 5]]), "question")["reason"].item() == ""
    assert association(pd.DataFrame([[2, 18], [10, 70]]), "question")["reason"].item() == FEW  # 20 · 12 / 100 = 2.4


def test_cramer_s_v_is_of_the_smaller_side():
    # χ² = n (k − 1) where each row has a column of its own
    found = association(pd.DataFrame([[4, 0, 0], [0, 4, 0], [0, 0, 4]]), "question").iloc[0]
    assert (found["chi2"], found["cramers_v"]) == pytest.approx((24, 1))
    assert association(pd.DataFrame([[9, 0, 0], [0, 6, 3]]), "question")["cramers_v"].item() == pytest.approx(1)
