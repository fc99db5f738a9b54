"""p values adjusted for testing many hypotheses at once."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

CORRECTIONS = {"holm": "Holm", "fdr": "Benjamini-Hochberg", "bonferroni": "Bonferroni"}


def adjust(p_values: ArrayLike, correction: str = "holm") -> np.ndarray:
    """Return one family's adjusted p values, by Holm (1979) or Benjamini-Hochberg (FDR); NaN is no member.

    Not by statsmodels' `multipletests`, which collects garbage at every call and takes longer than the tests.

    >>> adjust([0.01, 0.04, 0.03, np.nan])
    array([0.03, 0.06, 0.06,  nan])
    """
    if correction not in CORRECTIONS:
        raise ValueError(f"correction: found {correction!r}, expected one of {', '.join(CORRECTIONS)}")
    family = np.asarray(p_values, float)
    adjusted = np.full_like(family, np.nan)
    known = ~np.isnan(family)
    by = {"holm": _holm, "fdr": stats.false_discovery_control, "bonferroni": _bonferroni}[correction]
    if known.any():
        adjusted[known] = by(family[known])
    return adjusted


def _holm(p_values: np.ndarray) -> np.ndarray:
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    adjusted: np.ndarray = np.minimum(1, stepped)[np.argsort(order)]
    return adjusted


def _bonferroni(p_values: np.ndarray) -> np.ndarray:
    return np.asarray(np.minimum(1, p_values * len(p_values)))
