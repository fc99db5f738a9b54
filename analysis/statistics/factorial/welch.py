"""Groups of unequal variance compared without pooling them: Welch's F, which Games-Howell's comparisons follow."""

import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import check_cells, complete

COLUMNS = ("term", "F", "df1", "df2", "p")


def welch(data: pd.DataFrame, outcome: str, factor: str) -> pd.DataFrame:
    """Return Welch's (1951) one-way F of one factor's raw means (R `oneway.test(var.equal = FALSE)`).

    >>> data = pd.DataFrame({"method": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "y": [1, 2, 3, 2, 4, 6, 7, 8, 9]})
    >>> welch(data, "y", "method").round(4)
         term        F  df1     df2       p
    0  method  23.2441    2  3.7895  0.0075
    """
    used = complete(data, outcome, [factor])
    check_cells(used, outcome, [factor], at_least=2)
    summary = used.groupby(factor, observed=True)[outcome].agg(["mean", "var", "size"])
    if (summary["var"] == 0).any():
        constant = ", ".join(map(str, summary.index[summary["var"] == 0]))
        raise NotDefined("nothing varies in {}, so it cannot be weighed by its variance", (factor,), (constant,))
    k, weights = len(summary), summary["size"] / summary["var"]
    shares = weights / weights.sum()
    uneven = ((1 - shares) ** 2 / (summary["size"] - 1)).sum() / (k**2 - 1)
    between = (weights * (summary["mean"] - (shares * summary["mean"]).sum()) ** 2).sum() / (k - 1)
    f_value, df2 = between / (1 + 2 * (k - 2) * uneven), 1 / (3 * uneven)
    row = (factor, f_value, k - 1, df2, float(stats.f.sf(f_value, k - 1, df2)))
    return pd.DataFrame([row], columns=COLUMNS)
