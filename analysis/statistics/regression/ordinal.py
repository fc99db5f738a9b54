"""Ordered answers: the proportional-odds model (R `ordinal::clm`), with errors that allow for repeated answers."""

import math
import warnings

import numpy as np
import pandas as pd
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning

from analysis.errors import NotDefined
from analysis.statistics.regression import odds
from analysis.statistics.regression.design import trials_design
from analysis.statistics.regression.odds import COLUMNS


def ordinal(
    data: pd.DataFrame, outcome: str, factors: list[str], participant: str = "participant", clustered: bool = True
) -> pd.DataFrame:
    """Return one row per coefficient (log odds of a higher answer, treatment contrasts), then the thresholds.

    `clustered` gives standard errors that are robust to the dependence of one participant's answers.

    >>> rows = [(f"p{i}", method, 1 + (i + j + 2 * (method == "b")) % 4)
    ...         for i in range(6) for method in "ab" for j in range(3)]
    >>> data = pd.DataFrame(rows, columns=["participant", "method", "rating"])
    >>> ordinal(data, "rating", ["method"]).round(2)[["term", "estimate"]]
            term  estimate
    0  method[b]       0.0
    1        1|2      -1.1
    2        2|3       0.0
    3        3|4       1.1
    """
    trials = trials_design(data, outcome, factors, participant)
    y, design, names, people = trials.y, trials.design, trials.names, trials.groups.first
    levels = np.unique(y)
    if len(levels) < 2:
        raise NotDefined("all answers are equal", tuple(names))
    if len(y) <= design.shape[1] + len(levels) - 2:
        raise NotDefined("there are no more answers than coefficients", tuple(names))
    if design.shape[1] < 2:
        raise NotDefined("no factor has two observed levels", tuple(names))
    model = OrderedModel(pd.Series(pd.Categorical(y, levels, ordered=True)), design[:, 1:], distr="logit")
    robust = {"cov_type": "cluster", "cov_kwds": {"groups": people}} if clustered else {}
    with warnings.catch_warnings():
        for category in (ConvergenceWarning, HessianInversionWarning):
            warnings.simplefilter("error", category)
        try:
            fit = model.fit(method="bfgs", disp=False, maxiter=500, gtol=1e-8, **robust)
        except (ConvergenceWarning, HessianInversionWarning, np.linalg.LinAlgError) as problem:
            raise NotDefined(f"the proportional-odds model did not converge ({problem})", tuple(names)) from None
    count = len(names) - 1
    rows = [odds.row(*values) for values in zip(names[1:], fit.params[:count], fit.bse[:count], strict=True)]
    thresholds = model.transform_threshold_params(fit.params)[1:-1]
    for low, high, threshold in zip(levels, levels[1:], thresholds, strict=False):
        rows.append((f"{low:g}|{high:g}", float(threshold), *[math.nan] * 6, "a threshold is not tested"))
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))
