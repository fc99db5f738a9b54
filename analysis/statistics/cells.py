"""The cells of a factorial design: who is in which, what is empty, what does not vary.

Every between-subjects statistic here starts from the same tidy frame: one row per participant, one column per
factor, one numeric column for the outcome.
"""

import numpy as np
import pandas as pd

from analysis.errors import NotDefined

ROUNDING = 1e-12


def complete(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return the rows without a missing value, factors as categories in their order, unused levels dropped."""
    used = data[[outcome, *factors]].dropna().reset_index(drop=True)
    for factor in factors:
        values = used[factor]
        categorical = (
            values if isinstance(values.dtype, pd.CategoricalDtype) else pd.Categorical(values, pd.unique(values))
        )
        used[factor] = pd.Series(categorical).cat.remove_unused_categories()
    return used


def alike(values) -> bool:
    """Return whether values differ by no more than the rounding of the arithmetic that made them."""
    values = np.asarray(values, float)
    return bool(np.ptp(values) <= ROUNDING * np.abs(values).max())


def tied(values) -> np.ndarray:
    """Return the values with those made equal that differ by rounding alone: 0.8 − 0.7 and 0.7 − 0.6 are not.

    Rank tests, R's and ours, rank such values apart; where that happens, ours say so.
    """
    values = np.asarray(values, float)
    largest = np.abs(values).max(initial=0)
    return np.round(values / largest, 12) * largest if largest else values


def varying(data: pd.DataFrame, factors: list[str]) -> list[str]:
    """Return the factors with at least two observed levels."""
    return [factor for factor in factors if data[factor].nunique() > 1]


def groups(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.Series:
    """Return each observed cell's values as arrays, indexed by the cell's label in the factors' order."""
    if not factors:
        return pd.Series({"all": data[outcome].to_numpy(float)}, dtype=object)
    keys = factors if len(factors) > 1 else factors[0]
    found = {key: values.to_numpy(float) for key, values in data.groupby(keys, observed=True, sort=True)[outcome]}
    return pd.Series({cell_label(key): values for key, values in found.items()}, dtype=object)


def splits(factors: list[str]) -> dict[str, list[str]]:
    """Return the groupings of descriptives and rank tests: all cells of the design, then each factor by itself."""
    return ({"cells": factors} if len(factors) > 1 else {}) | {factor: [factor] for factor in factors}


def cell_label(key) -> str:
    """Return `none × shown` for a cell's key."""
    return " × ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def terms_of(factors: list[str]) -> list[str]:
    """Return the terms of the full factorial model, main effects first: `a, b, a:b`."""
    terms = [[]]
    for factor in factors:
        terms += [[*term, factor] for term in terms]
    return [
        ":".join(term) for term in sorted(terms[1:], key=lambda term: (len(term), [factors.index(f) for f in term]))
    ]


def check_cells(data: pd.DataFrame, outcome: str, factors: list[str], at_least: int = 1) -> None:
    """Refuse a design with an empty cell, a cell below `at_least`, or no variation inside any cell."""
    terms = tuple(terms_of(factors))
    if data.empty:
        raise NotDefined(f"no participant has a value of {outcome}", terms)
    if not factors:
        raise NotDefined("no factor has two observed levels", terms)
    sizes = data.groupby(factors, observed=False)[outcome].size()
    small = [f"{cell_label(key)} (n = {size})" for key, size in sizes.items() if size < at_least]
    if small:
        need = "at least one participant" if at_least == 1 else f"at least {at_least} participants"
        raise NotDefined(f"every cell needs {need}; too few in {', '.join(small)}", terms)
    if alike(data[outcome]):
        raise NotDefined(f"every value of {outcome} is {data[outcome].iloc[0]:g}: there is no variation", terms)
    within = groups(data, outcome, factors)
    if len(data) <= len(within):
        raise NotDefined("one participant per cell leaves nothing to estimate the error from", terms)
    if all(alike(values) for values in within):
        raise NotDefined(f"{outcome} does not vary inside any cell, so its error variance is zero", terms)
