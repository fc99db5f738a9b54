"""The cells of a design: who is in which, what is empty, what does not vary. Worked by hand."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotDefined
from analysis.statistics.cells import alike, check_cells, complete, groups, splits, terms_of, tied, varying


def table(*rows):
    return pd.DataFrame(rows, columns=["a", "b", "y"])


def test_rows_without_a_value_are_left_out_and_counted_anew():
    used = complete(table(("x", "u", 1.0), ("x", "u", None), ("z", "v", 3.0)), "y", ["a", "b"])
    assert used["y"].tolist() == [1, 3]
    assert used.index.tolist() == [0, 1]
    assert list(used.columns) == ["y", "a", "b"]


def test_levels_keep_their_order_and_unused_ones_go():
    given = pd.Categorical(["low", "high", "low"], ["none", "low", "high"])
    used = complete(pd.DataFrame({"a": given, "y": [1, 2, 3]}), "y", ["a"])
    assert list(used["a"].cat.categories) == ["low", "high"]
    plain = complete(table(("z", "u", 1), ("x", "u", 2)), "y", ["a"])
    assert list(plain["a"].cat.categories) == ["z", "x"]  # of appearance


ALIKE = [([3, 3], True), ([0.1 + 0.2, 0.3], True), ([0, 0], True), ([1, 1 + 1e-9], False), ([-2, 2], False),
         ([-1e6, -1e6 - 1e-3], False), ([1e-15, 2e-15], False), ([5], True), ([], True)]  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), ALIKE)
def test_values_that_differ_by_rounding_alone_are_alike(values, expected):
    assert alike(values) is expected


def test_rounding_is_taken_off_relative_to_the_largest_value():
    assert len(np.unique(tied([0.8 - 0.7, 0.7 - 0.6]))) == 1
    assert tied([2e-7, 3e-7, 1e6]).tolist() == [2e-7, 2e-7, 1e6]
    assert tied([2.0, -4.0]).tolist() == [2, -4]
    assert tied([0.0, 0.0]).tolist() == [0, 0]
    assert tied([]).tolist() == []
    assert tied([1e-15, 2e-15]).tolist() == [1e-15, 2e-15]


def test_a_factor_varies_from_two_observed_levels():
    assert varying(table(("x", "u", 1), ("z", "u", 2)), ["a", "b"]) == ["a"]


def test_cells_hold_their_values_in_the_factors_order():
    data = table(("x", "v", 1), ("x", "u", 2), ("z", "u", 3), ("x", "u", 4))
    data = data.assign(a=pd.Categorical(data["a"], ["z", "x", "never"]))
    assert {name: values.tolist() for name, values in groups(data, "y", ["a", "b"]).items()} == {
        "z × u": [3], "x × u": [2, 4], "x × v": [1]}  # fmt: skip
    assert list(groups(data, "y", ["a"]).index) == ["z", "x"]
    assert groups(data, "y", [])["all"].tolist() == [1, 2, 3, 4]


def test_groupings_and_terms():
    assert splits(["a"]) == {"a": ["a"]}
    assert splits(["a", "b"]) == {"cells": ["a", "b"], "a": ["a"], "b": ["b"]}
    assert terms_of(["b", "a"]) == ["b", "a", "b:a"]
    assert terms_of(["c", "a", "b"]) == ["c", "a", "b", "c:a", "c:b", "a:b", "c:a:b"]


FULL = [(a, b, y + 10 * (a == "z")) for a in "xz" for b in "uv" for y in (1, 2)]
REFUSED = {
    "no participant has a value": ([], ["a"], 1),
    "no factor has two observed levels": (FULL, [], 1),
    "every cell needs at least one participant; too few in z × v (n = 0)": (FULL[:-2], ["a", "b"], 1),
    "every cell needs at least 2 participants; too few in z × v (n = 1)": (FULL[:-1], ["a", "b"], 2),
    "every value is 7: there is no variation": ([(a, b, 7) for a, b, _ in FULL], ["a", "b"], 1),
    "one participant per cell leaves nothing to estimate the error from": (FULL[::2], ["a", "b"], 1),
    "nothing varies inside any cell, so the error variance is zero":
        ([(a, b, 1 + (a == "z")) for a, b, _ in FULL], ["a", "b"], 2),
}  # fmt: skip


@pytest.mark.parametrize("reason", REFUSED)
def test_a_design_that_cannot_be_analysed_is_refused_with_its_terms(reason):
    rows, factors, at_least = REFUSED[reason]
    data = table(*rows).astype({"y": float})
    for factor in factors:
        data[factor] = pd.Categorical(data[factor], sorted({row["ab".index(factor)] for row in FULL}))
    with pytest.raises(NotDefined) as refusal:
        check_cells(data, "y", factors, at_least)
    assert refusal.value.reason == reason
    assert refusal.value.terms == tuple(terms_of(factors))


def test_a_full_design_is_accepted_up_to_its_smallest_cell():
    data = complete(table(*FULL), "y", ["a", "b"])
    assert check_cells(data, "y", ["a", "b"], at_least=2) is None
    uneven = complete(table(*FULL[:-1]), "y", ["a", "b"])
    assert check_cells(uneven, "y", ["a", "b"]) is None  # one value in a cell, others to estimate the error from


def test_rounding_is_also_that_of_the_numbers_which_values_were_computed_from():
    assert alike([0.3, 0.3 + 1e-7], operands=5e7)
    assert not alike([0.3, 0.3 + 1e-6], operands=5e7)
    assert not alike([0.3, 0.3 + 1e-7])
    assert tied([0.3 + 1e-7, 0.3], operands=-5e7).tolist() == [0.3, 0.3]
    assert tied([0.3 + 1e-6, 0.3], operands=5e7).tolist() == [0.3 + 1e-6, 0.3]
