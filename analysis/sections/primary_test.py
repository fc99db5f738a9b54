"""The test that the report puts first for a measure: what power, and sensitivity to who is left out, look at."""

import math
from itertools import combinations

import pandas as pd

from analysis.errors import NotDefined
from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.statistics.comparisons import friedman, paired
from analysis.statistics.factorial import anova, ranks

COLUMNS = ("term", "statistic", "n", "value", "p", "reason")
PAIRED = {"wilcoxon": "V", "t": "t"}


def primary_test(measure: Measure, plan: Plan) -> pd.DataFrame:
    """Return term, statistic, n (participants), value, p: an ANOVA, Kruskal-Wallis, Friedman or one pair of conditions.

    Where the data define no test there is one row with the reason.
    """
    try:
        table = _within(measure, plan) if measure.within else _between(measure, plan)
    except NotDefined as refusal:
        table = pd.DataFrame([("all", "", math.nan, math.nan, refusal.reason)], columns=_without_n())
    known = measure.data.dropna(subset=[measure.name, *measure.between])
    return table.assign(n=known["participant"].nunique())[[*COLUMNS]]


def _between(measure: Measure, plan: Plan) -> pd.DataFrame:
    if measure.kind in ("ordinal", "time"):
        found = ranks.kruskal(measure.data, measure.name, measure.between)
        return _rows(found, "H", found["reason"])
    covariance = plan.covariance_of(measure.name)
    found = anova.anova(measure.data, measure.name, measure.between, plan.ss_type, covariance)
    found = found[found["term"] != "Residuals"]
    return _rows(found, "F", "")


def _within(measure: Measure, plan: Plan) -> pd.DataFrame:
    parts = []
    for factor in measure.within:
        table = paired.wide(measure.data, measure.name, [factor])
        if len(table.columns) > 2:
            parts.append(_rows(friedman.friedman(table, factor), "chi2", ""))
            continue
        for a, b in combinations(table.columns, 2):
            found = paired.compare(table[[a, b]])
            found = found[found["term"] == plan.paired_test].assign(term=f"{apa.words(a)} − {apa.words(b)}")
            parts.append(_rows(found, PAIRED[plan.paired_test], found["reason"].where(found["p"].isna(), "")))
    if not parts:
        raise NotDefined("there is only one condition")
    return pd.concat(parts, ignore_index=True)


def _rows(found: pd.DataFrame, statistic: str, reason: str | pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"term": found["term"], "statistic": statistic, "value": found[statistic], "p": found["p"],
                         "reason": reason}).reset_index(drop=True)  # fmt: skip


def _without_n() -> list[str]:
    return [column for column in COLUMNS if column != "n"]
