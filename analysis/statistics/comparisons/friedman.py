"""Three or more conditions of the same participants: Friedman's rank test with Kendall's W."""

import pandas as pd
from scipy import stats

from analysis.errors import NotDefined

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
    if (complete.nunique(axis=1) == 1).all():
        raise NotDefined("every participant has the same value in all conditions", (term,))
    chi2, p = stats.friedmanchisquare(*(complete[column] for column in complete.columns))
    row = (term, n, float(chi2), k - 1, float(p), float(chi2) / (n * (k - 1)))
    return pd.DataFrame([row], columns=COLUMNS)
