"""The test that the report puts first for a measure: what power, and sensitivity to who is left out, look at."""

import math
from itertools import combinations

import pandas as pd

from analysis.errors import NotDefined
from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.statistics.cells import cell_label
from analysis.statistics.comparisons import binary, friedman, paired
from analysis.statistics.factorial import anova, ranks
from analysis.statistics.regression import once

COLUMNS = ("term", "statistic", "n", "value", "p", "reason")
PAIRED = {"wilcoxon": "V", "t": "t"}


def primary_test(measure: Measure, plan: Plan) -> pd.DataFrame:
    """Return term, statistic, n (participants), value, p: an ANOVA, Kruskal-Wallis, Friedman or one pair of conditions.

    Where the data define no test there is one row with the reason.
    """
    try:
        table = _within(measure, plan) if measure.within else _between(measure, plan)
    except NotDefined as refusal:
        table = pd.DataFrame([("all", "", math.nan, math.nan, refusal.reason_with(apa.words))], columns=_without_n())
    known = measure.data.dropna(subset=[measure.name, *measure.between])
    return table.assign(n=known["participant"].nunique())[[*COLUMNS]]


def _between(measure: Measure, plan: Plan) -> pd.DataFrame:
    if binary_once(measure):
        terms = once.deviance(measure.data, measure.name, measure.between)
        return _rows(terms, "chi2", "")
    if measure.kind in ("ordinal", "time"):
        terms = ranks.kruskal(measure.data, measure.name, measure.between)
        return _rows(terms, "H", terms["reason"])
    covariance = plan.covariance_of(measure.name)
    terms = anova.anova(measure.data, measure.name, measure.between, plan.ss_type, covariance)
    terms = terms[terms["term"] != "Residuals"]
    return _rows(terms, "F", "")


def _within(measure: Measure, plan: Plan) -> pd.DataFrame:
    if binary_once(measure):
        return pd.concat([_binary(table, factor) for factor, table in binary_tables(measure).items()])
    parts = []
    for factor in measure.within:
        table = paired.wide(measure.data, measure.name, [factor])
        if len(table.columns) > 2:
            parts.append(_rows(friedman.friedman(table, factor), "chi2", ""))
            continue
        for a, b in combinations(table.columns, 2):
            terms = paired.compare(table[[a, b]])
            terms = terms[terms["term"] == plan.paired_test].assign(term=f"{apa.words(a)} − {apa.words(b)}")
            parts.append(_rows(terms, PAIRED[plan.paired_test], terms["reason"].where(terms["p"].isna(), "")))
    if not parts:
        raise NotDefined("there is only one condition")
    return pd.concat(parts, ignore_index=True)


def binary_once(measure: Measure) -> bool:
    """Return whether every participant answered yes or no once (in each condition)."""
    return measure.kind == "binary" and measure.responses is None


def binary_tables(measure: Measure) -> dict[str, pd.DataFrame]:
    """Return participants × conditions of a yes or no: the levels of the one within factor, or the cells of several."""
    table = paired.wide(measure.data, measure.name, measure.within)
    if len(measure.within) == 1:
        return {measure.within[0]: table}
    return {"cells": table.set_axis([cell_label(key) for key in table.columns], axis=1)}


def _binary(table: pd.DataFrame, factor: str) -> pd.DataFrame:
    """Return Cochran's Q of three conditions or more, McNemar's test of two."""
    if len(table.columns) > 2:
        return _rows(binary.cochran(table, factor), "Q", "")
    terms = binary.mcnemar(table)
    named = [f"{apa.words(row.a)} − {apa.words(row.b)}" for row in terms.itertuples()]
    return _rows(terms.assign(term=named), "diff", terms["reason"])


def _rows(terms: pd.DataFrame, statistic: str, reason: str | pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"term": terms["term"], "statistic": statistic, "value": terms[statistic], "p": terms["p"],
                         "reason": reason}).reset_index(drop=True)  # fmt: skip


def _without_n() -> list[str]:
    return [column for column in COLUMNS if column != "n"]
