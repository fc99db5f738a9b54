"""The agreement that coders see at once is the one that the report gives."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from studyapp.core.coding.agreement import alpha, kappa

pandas = pytest.importorskip("pandas")
TABLES = st.integers(1, 4).flatmap(
    lambda n_coders: st.lists(
        st.lists(st.sampled_from([0.0, 1.0, math.nan]), min_size=n_coders, max_size=n_coders), min_size=1, max_size=12
    )
)


def _analysed(function, *arguments) -> float:
    from analysis.errors import NotDefined

    try:
        return function(*arguments)
    except NotDefined:
        return math.nan


@given(TABLES)
def test_alpha_is_the_reports_alpha(table):
    from analysis.statistics.agreement import coders as agreement

    assume(not np.isnan(table).all())  # a report has at least one code
    *_, estimate, _, _, _ = agreement.alpha_interval(pandas.DataFrame(table), seed=1)
    assert alpha(np.array(table)) == pytest.approx(estimate, nan_ok=True)


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, math.nan]), st.sampled_from([0.0, 1.0, math.nan])), min_size=1))
def test_kappa_is_the_reports_kappa(pairs):
    from analysis.statistics.agreement import coders as agreement

    a, b = np.array(pairs).T
    assert kappa(a, b) == pytest.approx(_analysed(agreement.kappa, a, b), nan_ok=True)


def test_both_are_1_where_all_agree_on_two_values_and_undefined_on_one():
    same = np.array([[0.0, 0.0], [1.0, 1.0]])
    assert (alpha(same), kappa(*same.T)) == (1.0, 1.0)
    assert math.isnan(alpha(same[:1]))
    assert math.isnan(kappa(*same[:1].T))
