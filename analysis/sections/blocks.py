"""Sections that recipes are put together from: one per kind of measure, each answering one question."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from analysis.plots import comparisons, distributions, ratings
from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Figure, Section
from analysis.sections import between, binary, rearranged, repeated, trials
from analysis.sections.primary import binary_once
from analysis.statistics.cells import cell_label
from analysis.statistics.factorial.assumptions import residuals
from analysis.statistics.means import SHORT
from analysis.statistics.regression import cumulative, gee, logistic, odds

MOST_CONTRASTS = 40
ANSWERED = ("level", "answer", "share")
BOXES_NOTE = "Boxes: median and quartiles; dots: participants; diamonds: means with 95% {}."


def numeric(measure: Measure, plan: Plan, intro: str = "") -> Section:
    """Return the section of a measure with one number per participant: ANOVA, its assumptions and its comparisons."""
    records = [
        between.describe(measure),
        *between.parametric(measure, plan),
        *between.rank_tests(measure, plan),
        between.bayes_factors(measure),
        *rearranged.permutations(measure, plan),
        *between.equivalences(measure, plan),
    ]
    normality = next(record for record in records if record.id == f"{measure.name}.normality")
    wanted = [spread(measure), contrasts(measure, records, plan), normality.defined and normal_quantiles(measure)]
    figures = [figure for figure in wanted if figure]
    return Section(measure.label, between.answer(measure, records, plan), records, figures, intro=intro)


def ordinal(measure: Measure, plan: Plan, labels: dict[int, str] | None = None, intro: str = "") -> Section:
    """Return the section of an ordered rating: descriptives, Kruskal-Wallis, Dunn, and the answers as Likert bars."""
    records = [between.describe(measure), *between.rank_tests(measure, plan), *rearranged.aligned_ranks(measure)]
    figures = [spread(measure)]
    bars = answers(measure, labels or {})
    if bars:
        figures.insert(0, bars)
    return Section(measure.label, between.answer(measure, records, plan), records, figures, intro=intro)


def binary_models(measure: Measure) -> list[Record]:
    """Return the models of the single right or wrong answers: mixed logistic regression and GEE."""
    factors = [*measure.between, *measure.within]
    models = [
        ("logistic", "mixed logistic regression", logistic.mixed_logistic,
         {"function": "random-intercept logistic regression, adaptive Gauss-Hermite quadrature, 15 nodes",
          "contrasts": "treatment", "covariance": "inverse Hessian"}),
        ("gee", "GEE", gee.gee,
         {"function": "statsmodels.GEE, binomial, exchangeable", "contrasts": "treatment",
          "covariance": "bias-reduced (Mancl & DeRouen 2001)"}),
    ]  # fmt: skip
    if measure.stimulus:
        crossed = partial(cumulative.mixed_logistic_crossed, stimulus=measure.stimulus)
        models.append(("logistic_crossed", "logistic regression with random participants and stimuli", crossed,
                       {"function": "crossed random intercepts, Laplace approximation", "contrasts": "treatment",
                        "covariance": "inverse Hessian"}))  # fmt: skip
    records = []
    for suffix, title, model, method in models:
        known = measure.answers.dropna(subset=[measure.name, *factors])
        records.append(
            record(
                f"{measure.name}.{suffix}",
                f"{measure.label}: {title} of the single answers",
                partial(model, measure.answers, measure.name, factors),
                odds.COLUMNS,
                {**method, "unit": "answers", "n_participants": int(known["participant"].nunique())},
                len(known),
                len(measure.answers) - len(known),
                trials.odds_sentences,
            )
        )
    return records


def spread(measure: Measure) -> Figure:
    """Return the figure of boxes, participants and means."""
    factors = [factor for factor in [*measure.between, *measure.within] if measure.data[factor].nunique() > 1]
    return _boxes(measure, factors, f"{measure.name}-spread")


def spread_by(measure: Measure, factor: str) -> Figure:
    """Return the same figure by one factor alone."""
    return _boxes(measure, [factor], f"{measure.name}-by-{factor}")


def _boxes(measure: Measure, factors: list[str], id: str) -> Figure:
    by = f" by {apa.listing([apa.words(factor) for factor in factors])}" if factors else ""
    averages = (
        measure.data.groupby(factors, observed=True)[measure.name].mean()
        if factors
        else pd.Series({"everybody": measure.data[measure.name].mean()})
    )
    means = pd.DataFrame(
        [(cell_label(key), mean) for key, mean in averages.dropna().items()], columns=["level", "mean"]
    )
    summary = "; ".join(
        f"{apa.words(row.level)} M = {apa.value(row.mean, measure.kind, measure.unit)}" for row in means.itertuples()
    )
    return Figure(
        id,
        f"{measure.label}{by}",
        BOXES_NOTE.format(SHORT[measure.bounds is not None]),
        f"Box plot of {apa.inside(measure.label)}{by}. {summary}.",
        lambda: distributions.boxes(measure, factors),
        means,
    )


def normal_quantiles(measure: Measure) -> Figure:
    """Return the QQ plot of the residuals."""
    values = np.sort(residuals(measure.data, measure.name, measure.between))
    middle, tails = np.percentile(values, [25, 75]), (values[0], values[-1])
    spread = (f"{len(values)} residuals from {apa.number(tails[0])} to {apa.number(tails[1])}, half of them between "
              f"{apa.number(middle[0])} and {apa.number(middle[1])}")  # fmt: skip
    return Figure(
        f"{measure.name}-qq",
        f"{measure.label}: residuals against the normal distribution",
        "Residuals of the full factorial model; the line goes through their quartiles.",
        f"Quantile-quantile plot of the residuals of {apa.inside(measure.label)}: {spread}.",
        lambda: distributions.qq(values, f"residual of {_with_unit(measure)}", measure.kind),
        pd.DataFrame([(len(values), *tails, *middle)], columns=["n", "min", "max", "q1", "q3"]),
    )


def _with_unit(measure: Measure) -> str:
    return apa.inside(measure.label) + (f" ({measure.unit})" if measure.unit else "")


def contrasts(measure: Measure, records: list[Record], plan: Plan) -> Figure | None:
    """Return the forest of the pairwise differences, None where there are none."""
    pairs = [
        record.terms for record in records if ".tukey." in record.id or ".games_howell." in record.id if record.defined
    ]
    if not pairs:
        return None
    everything = pd.concat(pairs, ignore_index=True)
    clearest = everything["t"].abs().nlargest(MOST_CONTRASTS).index
    table = everything.loc[sorted(clearest)]
    table = table.assign(
        label=table["a"].astype(str) + " − " + table["b"].astype(str), clear=table["p_adjusted"] < plan.alpha
    )
    differences = "; ".join(f"{apa.words(row.label)} {apa.number(row.diff)}" for row in table.itertuples())
    return Figure(
        f"{measure.name}-contrasts",
        f"{measure.label}: differences between conditions"
        + (f" (the {len(table)} clearest of {len(everything)})" if len(table) < len(everything) else ""),
        f"Differences of marginal means with simultaneous 95% intervals; filled: adjusted p < {plan.alpha:g}.",
        f"Forest plot of pairwise differences: {differences}.",
        lambda: comparisons.forest(table, f"difference in {_with_unit(measure)}", measure.kind),
        table[["a", "b", "diff", "ci_low", "ci_high"]],
    )


def answers(measure: Measure, labels: dict[int, str]) -> Figure | None:
    """Return the Likert bars of all single answers by cell, None where the answers are no small whole numbers."""
    table = measure.answers
    values = table[measure.name].dropna()
    if values.empty or (values % 1 != 0).any() or values.nunique() > 9:
        return None
    levels = sorted({*labels} | {int(value) for value in values})
    factors = [factor for factor in [*measure.between, *measure.within] if table[factor].nunique() > 1]
    group = table[factors].astype(str).agg(" × ".join, axis=1) if factors else pd.Series("everybody", table.index)
    order = list(dict.fromkeys(group.loc[table.sort_values(factors).index])) if factors else ["everybody"]
    counts = pd.crosstab(group, table[measure.name]).reindex(index=order, columns=levels, fill_value=0)
    named = [labels.get(level, str(level)) for level in levels]
    shares = counts.div(counts.sum(axis=1), axis=0)
    rows = {row: list(zip(named, shares.loc[row], strict=True)) for row in shares.index}
    described = "; ".join(
        f"{apa.words(row)}: {', '.join(f'{name} {apa.percent(share)}' for name, share in parts)}"
        for row, parts in rows.items()
    )
    return Figure(
        f"{measure.name}-answers",
        f"{measure.label}: all answers",
        "Shares of the answers in each condition, low to the left of the line and high to the right.",
        f"Diverging bars of {apa.inside(measure.label)} by condition. {described}.",
        lambda: ratings.likert(counts, named),
        pd.DataFrame([(row, *part) for row, parts in rows.items() for part in parts], columns=ANSWERED),
    )


def outcome(measure: Measure, plan: Plan) -> Section:
    """Return the section of any measure: its between-subjects part, its within-subjects part, its models."""
    if binary_once(measure):
        section = binary.section(measure, plan)
        section.records += binary_models(measure) if measure.within else []
        return section
    if not measure.within:
        section = ordinal(measure, plan) if measure.kind == "ordinal" else numeric(measure, plan)
    else:
        section = within(measure, plan)
    if measure.responses is not None and measure.kind == "binary":
        section.records += binary_models(measure)
    elif measure.responses is not None or measure.within:
        section.records += repeated.models(measure)
    return section


def within(measure: Measure, plan: Plan) -> Section:
    """Return the section of a measure in several conditions per participant.

    Pairs and Friedman compare the conditions; a between-subjects factor is tested on the participants' means over them.
    """
    records = [between.describe(measure), *repeated.paired_tests(measure, plan), *repeated.equivalences(measure, plan)]
    sentence = repeated.answer(measure, records, plan)
    if measure.kind != "ordinal":
        records.append(repeated.anova_within(measure, plan))
        sentence += repeated.interactions(records[-1], plan, measure.within)
        records += [repeated.bayes_factors(measure), *rearranged.permutations(measure, plan)]
    else:
        records += rearranged.aligned_ranks(measure)
    figures = [spread(measure)]
    if measure.between:
        people = (
            measure.data.groupby(["participant", *measure.between], observed=True)[measure.name].mean().reset_index()
        )
        overall = replace(measure, data=people, within=[])
        if len(measure.between) > 1:
            title = f"{measure.label}: descriptives of participants' means"
            records.append(replace(between.describe(overall), id=f"{measure.name}.descriptives.between", title=title))
        tests = [*between.rank_tests(overall, plan)]
        if measure.kind != "ordinal":
            tests = [*between.parametric(overall, plan), *tests]
        records += tests
        sentence += " " + between.answer(overall, tests, plan)
    return Section(measure.label, sentence, records, figures)
