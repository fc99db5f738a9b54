"""Do the answers to a question depend on the condition? Pearson's χ² with Cramér's V, one answer per participant."""

import math

import pandas as pd
from scipy import stats

from analysis.errors import NotDefined

COLUMNS = ("term", "n", "chi2", "df", "p", "cramers_v")
LEAST_EXPECTED = 5
FEW = f"an expected count is below {LEAST_EXPECTED}, so p is rough"


def association(table: pd.DataFrame, term: str) -> pd.DataFrame:
    """Return χ² of a table of counts, without continuity correction (R `chisq.test(correct = FALSE)`), and V.

    Rows and columns without any count are left out.

    >>> table = pd.DataFrame({"yes": [30, 10], "no": [10, 30]}, index=["with", "without"])
    >>> association(table, "helped").round(6)[["term", "n", "chi2", "df", "cramers_v"]]
         term   n  chi2  df  cramers_v
    0  helped  80  20.0   1        0.5
    """
    counts = table.loc[table.sum(axis=1) > 0, table.sum() > 0].to_numpy(float)
    if min(counts.shape) < 2:
        raise NotDefined("there is only one condition or everybody answered alike", (term,))
    test = stats.chi2_contingency(counts, correction=False)
    v = math.sqrt(test.statistic / (counts.sum() * (min(counts.shape) - 1)))
    row = (term, int(counts.sum()), float(test.statistic), int(test.dof), float(test.pvalue), v)
    few = (test.expected_freq < LEAST_EXPECTED).any()
    return pd.DataFrame([(*row, FEW if few else "")], columns=(*COLUMNS, "reason"))
