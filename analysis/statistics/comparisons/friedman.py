"""Three or more conditions of the same participants: Friedman's rank test with Kendall's W."""

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike, tied

COLUMNS = ("term", "n", "chi2", "df", "p", "kendall_w")


def friedman(table: pd.DataFrame, term: str) -> pd.DataFrame:
    """Return the test over a wide table's columns, on the participants who have all of them; corrected for ties.

    >>> friedman(pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6], "c": [7, 8, 9]}), "stage").round(3)
        term  n  chi2  df     p  kendall_w
    0  stage  3   6.0   2  0.05        1.0
    """
    complete = table.dropna()
    n, k = complete.shape
    if k < 3:
        raise NotDefined("Friedman's test needs three conditions", (term,))
    if n < 2:
        raise NotDefined("fewer than two participants have all conditions", (term,))
    if all(alike(row) for row in complete.to_numpy(float)):
        raise NotDefined("every participant has the same value in all conditions", (term,))
    chi2, p = stats.friedmanchisquare(*(complete[column] for column in complete.columns))
    row = (term, n, float(chi2), k - 1, float(p), float(chi2) / (n * (k - 1)))
    return pd.DataFrame([row], columns=COLUMNS)


def broken_ties(table: pd.DataFrame) -> str:
    """Return in words what the test would give if a participant's values that are equal but for rounding were tied.

    Nothing where there are none. R ranks such values apart as well.

    >>> broken_ties(pd.DataFrame({"a": [0.1 + 0.2, 1], "b": [0.3, 2], "c": [2, 3]}))
    'values that differ by rounding alone are ranked apart, as in R; tied they give χ² = 3.71, p = 0.156'
    """
    rows = table.dropna().to_numpy(float)
    if rows.shape[0] < 2 or rows.shape[1] < 3:
        return ""
    equal = np.array([tied(row) for row in rows])
    if all(len(np.unique(row)) == len(np.unique(made)) for row, made in zip(rows, equal, strict=True)):
        return ""
    if all(alike(row) for row in rows):
        return ""
    chi2, p = stats.friedmanchisquare(*equal.T)
    return (
        f"values that differ by rounding alone are ranked apart, as in R; tied they give χ² = {chi2:.3g}, p = {p:.3g}"
    )
