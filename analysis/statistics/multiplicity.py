"""p values adjusted for testing many hypotheses at once."""

import numpy as np
from statsmodels.stats.multitest import multipletests

NAMES = {"holm": "holm", "fdr": "fdr_bh", "bonferroni": "bonferroni"}


def adjust(p_values, correction: str = "holm") -> np.ndarray:
    """Return one family's adjusted p values, by Holm (1979) or Benjamini-Hochberg (FDR); NaN is no member."""
    if correction not in NAMES:
        raise ValueError(f"correction: found {correction!r}, expected one of {', '.join(NAMES)}")
    p_values = np.asarray(p_values, float)
    adjusted = np.full_like(p_values, np.nan)
    known = ~np.isnan(p_values)
    if known.any():
        adjusted[known] = multipletests(p_values[known], method=NAMES[correction])[1]
    return adjusted
