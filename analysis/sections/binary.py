"""One yes or no per participant and condition, as records: shares, logistic regression, exact tests of pairs.

An analysis of variance of noughts and ones, or a signed-rank test of their differences, would be a test of something
else.
"""

import math
from functools import partial
from typing import Any

from analysis.plots import comparisons
from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Figure, Section
from analysis.sections import between, trials
from analysis.sections.primary import binary_tables
from analysis.statistics import power
from analysis.statistics.comparisons import binary
from analysis.statistics.regression import odds, once


def section(measure: Measure, plan: Plan) -> Section:
    """Return the section of a yes or no: between subjects, within, or both."""
    records = [_shares(measure)]
    sentence = ""
    if measure.within:
        records += pairs(measure, plan)
        sentence = answer_within(measure, records, plan)
    else:
        records += tests(measure, plan)
        sentence = answer_between(measure, records, plan)
    return Section(measure.label, sentence, records, [_figure(measure, records[0])])


def tests(measure: Measure, plan: Plan) -> list[Record]:
    """Return the likelihood-ratio tests of the terms, the coefficients, and Fisher's test of pairs of levels."""
    data, name, factors = measure.data, measure.name, measure.between
    n = int(data[[name, *factors]].notna().all(axis=1).sum())
    make = partial(record, n=n, n_excluded=len(data) - n)
    tested = make(
        id=f"{name}.deviance",
        title=f"{measure.label}: analysis of deviance",
        statistic=lambda: once.deviance(data, name, factors),
        columns=once.TERMS,
        method={"function": "logistic regression, likelihood-ratio tests", "ss_type": 3, "contrasts": between.SUM,
                "effect_size": "Cohen's w with 90% interval by noncentral χ²"},
        sentences=lambda terms: [f"{apa.words(row.term)}: {_chi2(row, n)}" for row in terms.itertuples()],
    )  # fmt: skip
    tested = between.with_detectable(tested, "Cohen's w", partial(_detectable_w, n, plan.alpha))
    logistic = make(
        id=f"{name}.logistic",
        title=f"{measure.label}: logistic regression",
        statistic=lambda: once.coefficients(data, name, factors),
        columns=odds.COLUMNS,
        method={"function": "logistic regression, maximum likelihood", "contrasts": "treatment",
                "covariance": "inverse information"},
        sentences=trials.odds_sentences,
    )  # fmt: skip
    fisher = make(
        id=f"{name}.fisher",
        title=f"{measure.label}: pairs of levels, Fisher's exact test",
        statistic=lambda: binary.fisher(data, name, factors, plan.correction),
        columns=binary.PAIRS,
        method={"function": "scipy.stats.fisher_exact, two-sided", "correction": plan.correction,
                "family": "all pairs inside one factor", "direction": "a − b"},
        sentences=lambda terms: [_difference(row) for row in terms.itertuples()],
    )  # fmt: skip
    return [tested, logistic, fisher]


def pairs(measure: Measure, plan: Plan) -> list[Record]:
    """Return McNemar's tests of the pairs of conditions, and Cochran's Q where there are three."""
    records = []
    for factor, table in binary_tables(measure).items():
        n = len(table.dropna())
        family = f"{math.comb(len(table.columns), 2)} pairs of {apa.words(factor)}"
        records.append(record(
            f"{measure.name}.mcnemar",
            f"{measure.label}: {apa.words(factor)} compared pairwise, McNemar's exact test",
            partial(binary.mcnemar, table, plan.correction),
            binary.MCNEMAR,
            {"function": "exact binomial test of those who differ", "correction": plan.correction, "family": family,
             "direction": "a − b", "factor": factor},
            len(table),
            0,
            lambda terms: [_difference(row) for row in terms.dropna(subset="p").itertuples()],
        ))  # fmt: skip
        if len(table.columns) > 2:
            records.append(record(
                f"{measure.name}.cochran",
                f"{measure.label}: Cochran's Q over {apa.words(factor)}",
                partial(binary.cochran, table, factor),
                binary.COCHRAN,
                {"function": "Cochran's Q, χ² approximation"},
                n,
                len(table) - n,
                lambda terms: [f"{apa.words(row.term)}: Q({apa.degrees(row.df)}) = {apa.number(row.Q)}, "
                               f"{apa.p_value(row.p)}" for row in terms.itertuples()],
            ))  # fmt: skip
    return records


def answer_between(measure: Measure, records: list[Record], plan: Plan) -> str:
    """Return which factors the answers depend on, by the likelihood-ratio tests; where these fail, by Fisher's."""
    by_id = {significant.id: significant for significant in records}
    tested, fisher = by_id[f"{measure.name}.deviance"], by_id[f"{measure.name}.fisher"]
    if not tested.defined:
        return _answer_pairs(measure, fisher, plan, tested.reason)
    label = apa.inside(measure.label)
    terms = tested.terms.dropna(subset="p")
    significant = terms.loc[terms["p"] < plan.alpha, "term"].tolist()
    if significant:
        means = "; ".join(_level_shares(measure, term) for term in significant if ":" not in term)
        return f"{measure.label} differed by {apa.listing([apa.words(term) for term in significant])}" + (
            f": {means}." if means else "."
        )
    smallest = tested.method["detectable"]["terms"]
    untold = "; ".join(
        f"{apa.words(row.term)} w = {apa.bounded(row.w)}, {apa.interval(row.w_low, row.w_high, 90)}, and "
        f"w = {apa.bounded(smallest[row.term])} is the smallest effect found with {between.POWER:.0%} power"
        for row in terms.itertuples()
    )
    names = apa.listing([apa.words(term) for term in terms["term"]], "or")
    share = apa.percent(measure.data[measure.name].mean())
    return f"No effect of {names} on {label} was shown ({share} yes), which is not that there is none: {untold}."


def answer_within(measure: Measure, records: list[Record], plan: Plan) -> str:
    """Return which conditions differ within participants, or else how large the differences may still be."""
    pair_records = [kept for kept in records if ".mcnemar" in kept.id]
    sentences = [_answer_pairs(measure, kept, plan) for kept in pair_records]
    return " ".join(sentences)


def _answer_pairs(measure: Measure, tested: Record, plan: Plan, because: str = "") -> str:
    terms = tested.terms.dropna(subset="p_adjusted") if tested.defined else tested.terms[:0]
    if terms.empty:
        reason = tested.reason or next(iter(tested.terms.get("reason", [])), "there is only one condition")
        return f"{measure.label} could not be compared: {because or reason}."
    start = measure.label + (f" (no model of it: {because})" if because else "")
    rows = list(terms.itertuples())
    clear = [
        f"{apa.words(row.a)} {apa.percent(row.share_a)} against {apa.words(row.b)} {apa.percent(row.share_b)}"
        for row in rows
        if row.p_adjusted < plan.alpha
    ]
    if clear:
        return f"{start} differed: {'; '.join(clear)}."
    open_ = [f"{apa.words(row.a)} − {apa.words(row.b)} = {apa.bounded(row.diff)}, {_limits(row)}" for row in rows]
    return f"{start}: no difference was shown, which is not that there is none: {'; '.join(open_)}."


def _shares(measure: Measure) -> Record:
    factors = [*measure.between, *measure.within]
    n = int(measure.data.dropna(subset=[measure.name])["participant"].nunique())
    return record(
        f"{measure.name}.descriptives",
        f"{measure.label}: descriptives",
        lambda: binary.shares(measure.data, measure.name, factors),
        binary.SHARES,
        {"function": "share of yes with Wilson's 95% interval", "level": 0.95},
        n,
        int(measure.data["participant"].nunique()) - n,
    )


def _figure(measure: Measure, described: Record) -> Figure:
    """Return the shares with their intervals, the first factor along the axis, the second as series."""
    factors = [name for name in [*measure.between, *measure.within] if measure.data[name].nunique() > 1]
    term = "cells" if len(factors) > 1 else factors[0] if factors else "all"
    table = described.terms[described.terms["term"] == term] if described.defined else described.terms[:0]
    table = table.assign(mean=table["share"], x=table["level"], series="")
    shares = "; ".join(f"{apa.words(row.level)} {apa.percent(row.share)}" for row in table.itertuples())
    by = f" by {apa.listing([apa.words(name) for name in factors])}" if factors else ""
    return Figure(
        f"{measure.name}-shares",
        f"{measure.label}{by}",
        "Share of yes with 95% Wilson intervals.",
        f"Shares of {apa.inside(measure.label)}{by}: {shares}.",
        lambda: comparisons.dots(table, " × ".join(map(apa.words, factors)), measure.label, "fraction", measure.chance),
        table[["level", "share", "ci_low", "ci_high"]],
    )


def _level_shares(measure: Measure, factor: str) -> str:
    means = measure.data.groupby(factor, observed=True)[measure.name].mean()
    return ", ".join(f"{apa.words(level)} {apa.percent(mean)}" for level, mean in means.items())


def _detectable_w(n: int, alpha: float, row: Any) -> float:
    return math.sqrt(power.detectable_epsilon2(row.df, n + 1, between.POWER, alpha))


def _chi2(row: Any, n: int) -> str:
    return (f"χ²({apa.degrees(row.df)}, N = {n}) = {apa.number(row.chi2)}, {apa.p_value(row.p)}, "
            f"w = {apa.bounded(row.w)}, {apa.interval(row.w_low, row.w_high, 90)}")  # fmt: skip


def _difference(row: Any) -> str:
    return (f"{apa.words(row.a)} {apa.bounded(row.share_a)} − {apa.words(row.b)} {apa.bounded(row.share_b)}: "
            f"Δ = {apa.bounded(row.diff)}, {_limits(row)}, {apa.p_value(row.p_adjusted)}")  # fmt: skip


def _limits(row: Any) -> str:
    return apa.interval(row.ci_low, row.ci_high, 95)
