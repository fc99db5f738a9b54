"""The cells of a factorial design: who is in which, what is empty, what does not vary.

Every between-subjects statistic here starts from the same tidy frame: one row per participant, one column per
factor, one numeric column for the outcome.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import NotDefined

ROUNDING = 1e-12
OPERAND_ROUNDING = 1e-14  # some tens of units in the last place: what averaging and one subtraction leave


def complete(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return the rows without a missing value, factors as categories in their order, unused levels dropped.

    >>> complete(pd.DataFrame({"method": ["b", "a", "b"], "y": [1.0, None, 3.0]}), "y", ["method"])
         y method
    0  1.0      b
    1  3.0      b
    """
    used = data[[outcome, *factors]].dropna().reset_index(drop=True)
    for factor in factors:
        values = used[factor]
        categorical = (
            values if isinstance(values.dtype, pd.CategoricalDtype) else pd.Categorical(values, pd.unique(values))
        )
        used[factor] = pd.Series(categorical).cat.remove_unused_categories()
    return used


def alike(values: ArrayLike, operands: float = 0.0) -> bool:
    """Return whether values differ by no more than the rounding of the arithmetic that made them.

    `operands` is the largest number that they were computed from: differences of numbers near 1e7 carry the rounding
    of 1e7. One value is like itself, and none are alike.

    >>> alike([0.1 + 0.2, 0.3]), alike([0.1, 0.3])
    (True, False)
    >>> alike([5e7 + 0.3 - 5e7, 0.3], operands=5e7)
    True
    """
    known = np.asarray(values, float)
    return bool(not len(known) or np.ptp(known) <= _tolerance(known, operands))


def tied(values: ArrayLike, operands: float = 0.0) -> np.ndarray:
    """Return the values with those made equal that differ by rounding alone: 0.8 − 0.7 and 0.7 − 0.6 are not.

    Rank tests, R's and ours, rank such values apart; where that happens, ours say so. Equal become values that follow
    each other, in order of size, within the tolerance of `alike`; each becomes the smallest of them.

    >>> len(set(tied([0.8 - 0.7, 0.7 - 0.6])))
    1
    >>> tied([1, 2, 2 + 1e-15, 3])
    array([1., 2., 2., 3.])
    """
    known = np.asarray(values, float)
    order = np.argsort(known, kind="stable")
    ascending = known[order]
    new = np.diff(ascending, prepend=-np.inf) > _tolerance(known, operands)
    result = np.empty_like(known)
    result[order] = ascending[np.flatnonzero(new)][np.cumsum(new) - 1] if len(known) else ascending
    return result


def _tolerance(values: np.ndarray, operands: float) -> float:
    """Return the difference up to which values count as equal: relative to them, and to what they were made from."""
    return max(ROUNDING * float(np.abs(values).max(initial=0)), OPERAND_ROUNDING * abs(operands))


def varying(data: pd.DataFrame, factors: list[str]) -> list[str]:
    """Return the factors with at least two observed levels.

    >>> varying(pd.DataFrame({"a": [1, 2], "b": [1, 1]}), ["a", "b"])
    ['a']
    """
    return [factor for factor in factors if data[factor].nunique() > 1]


def groups(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.Series:
    """Return each observed cell's values as arrays, indexed by the cell's label in the factors' order.

    >>> groups(pd.DataFrame({"method": ["a", "b", "a"], "y": [1, 2, 3]}), "y", ["method"])
    a    [1.0, 3.0]
    b         [2.0]
    dtype: object
    """
    if not factors:
        return pd.Series({"all": data[outcome].to_numpy(float)}, dtype=object)
    keys = factors if len(factors) > 1 else factors[0]
    by_level = {key: values.to_numpy(float) for key, values in data.groupby(keys, observed=True, sort=True)[outcome]}
    return pd.Series({cell_label(key): values for key, values in by_level.items()}, dtype=object)


def splits(factors: list[str]) -> dict[str, list[str]]:
    """Return the groupings of descriptives and rank tests: all cells of the design, then each factor by itself.

    >>> splits(["heatmap", "scores"])
    {'cells': ['heatmap', 'scores'], 'heatmap': ['heatmap'], 'scores': ['scores']}
    """
    return ({"cells": factors} if len(factors) > 1 else {}) | {factor: [factor] for factor in factors}


def cell_label(key: object) -> str:
    """Return `none × shown` for a cell's key.

    >>> cell_label(("none", "shown"))
    'none × shown'
    """
    return " × ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def terms_of(factors: list[str]) -> list[str]:
    """Return the terms of the full factorial model, main effects first: `a, b, a:b`.

    >>> terms_of(["a", "b", "c"])
    ['a', 'b', 'c', 'a:b', 'a:c', 'b:c', 'a:b:c']
    """
    terms: list[list[str]] = [[]]
    for factor in factors:
        terms += [[*term, factor] for term in terms]
    return [
        ":".join(term) for term in sorted(terms[1:], key=lambda term: (len(term), [factors.index(f) for f in term]))
    ]


def check_cells(data: pd.DataFrame, outcome: str, factors: list[str], at_least: int = 1) -> None:
    """Refuse a design with an empty cell, a cell below `at_least`, or no variation inside any cell.

    >>> check_cells(pd.DataFrame({"method": ["a", "a", "b"], "y": [1, 2, 3]}), "y", ["method"], at_least=2)
    Traceback (most recent call last):
        ...
    analysis.errors.NotDefined: every cell needs at least 2 participants; too few in b (n = 1)
    """
    terms = tuple(terms_of(factors))
    if data.empty:
        raise NotDefined("no participant has a value", terms)
    if not factors:
        raise NotDefined("no factor has two observed levels", terms)
    sizes = data.groupby(factors, observed=False)[outcome].size()
    small = {cell_label(key): f"{{}} (n = {size})" for key, size in sizes.items() if size < at_least}
    if small:
        need = "at least one participant" if at_least == 1 else f"at least {at_least} participants"
        raise NotDefined(f"every cell needs {need}; too few in {', '.join(small.values())}", terms, tuple(small))
    if alike(data[outcome]):
        raise NotDefined(f"every value is {data[outcome].iloc[0]:g}: there is no variation", terms)
    within = groups(data, outcome, factors)
    if len(data) <= len(within):
        raise NotDefined("one participant per cell leaves nothing to estimate the error from", terms)
    if all(alike(values) for values in within):
        raise NotDefined("nothing varies inside any cell, so the error variance is zero", terms)
