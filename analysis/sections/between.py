"""The analyses of one measure between independent groups, as records: what a factorial study needs of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from analysis.reading.hypotheses import PLUS
from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.statistics import bayes, descriptives, means, power
from analysis.statistics.cells import complete, groups, varying
from analysis.statistics.comparisons import equivalence
from analysis.statistics.effects import epsilon2_interval
from analysis.statistics.factorial import anova as anovas
from analysis.statistics.factorial import assumptions, posthoc, ranks
from analysis.statistics.factorial import welch as welches
from analysis.statistics.multiplicity import CORRECTIONS

SUM = "sum-to-zero"
POWER = 0.8
MOST_CELLS = 12  # whose means a sentence holds


def describe(measure: Measure) -> Record:
    """Return n, M, SD, Mdn, quartiles and the mean's interval, per cell and per level."""
    factors = [*measure.between, *measure.within]
    return _record(
        measure,
        "descriptives",
        f"{measure.label}: descriptives",
        lambda: descriptives.descriptives(measure.data, measure.name, factors, measure.within, measure.bounds),
        descriptives.COLUMNS,
        {
            "function": "numpy mean, sd (n − 1), quantiles type 7",
            "interval": means.METHODS[measure.bounds is not None],
            "level": 0.95,
        },
    )


def parametric(measure: Measure, plan: Plan) -> list[Record]:
    """Return assumptions, ANOVA, White-corrected ANOVA and pairwise comparisons."""
    data, name, factors = measure.data, measure.name, measure.between
    normality = _record(
        measure,
        "normality",
        f"{measure.label}: normality of the residuals",
        lambda: assumptions.normality(data, name, factors),
        assumptions.NORMALITY_COLUMNS,
        {"function": "scipy.stats.shapiro on the residuals of the full factorial model"},
        lambda terms: [f"W = {apa.bounded(terms['W'].item(), 3)}, {apa.p_value(terms['p'].item())}"],
    )
    levene = _record(
        measure,
        "levene",
        f"{measure.label}: equality of variances",
        lambda: assumptions.levene(data, name, factors),
        assumptions.LEVENE_COLUMNS,
        {"function": "scipy.stats.levene", "levene_center": "median"},
        lambda terms: [f"{apa.words(row.term)}: {apa.levene(row)}" for row in terms.dropna(subset="p").itertuples()],
    )
    return [normality, levene, *_anovas(measure, plan), *planned(measure, plan), *comparisons(measure, plan)]


def planned(measure: Measure, plan: Plan) -> list[Record]:
    """Return the pairs that the plan's hypotheses state for this measure; none where they state none."""
    pairs = []
    for stated in plan.hypotheses:
        if stated["analysis"] != f"{measure.name}.contrast":
            continue
        high, low = (tuple(stated[side].split(PLUS)) for side in ("higher", "lower"))
        having = [factor for factor in measure.between
                  if {*high, *low} <= set(measure.data[factor].dropna().astype(str))]  # fmt: skip
        having = [factor for factor in having if stated.get("term") in (None, factor)]
        if having:
            contrast = posthoc.Contrast(having[0], high, low, stated.get("sided") == "one")
            pairs += [] if contrast in pairs else [contrast]
    if not pairs:
        return []
    covariance = plan.covariance_of(measure.name)
    return [
        _record(
            measure,
            "contrast",
            f"{measure.label}: planned pairs ({_named(covariance)})",
            partial(posthoc.planned, measure.data, measure.name, measure.between, pairs, covariance, plan.correction),
            posthoc.PLANNED,
            {"function": "t test of estimated marginal means", "posthoc_means": "emm", "covariance": covariance,
             "pairs": SUM, "direction": "a − b", "correction": plan.correction, "family": "the planned pairs"},
            lambda terms: [_contrast_sentence(row, len(terms), plan.correction) for row in terms.itertuples()],
        )
    ]  # fmt: skip


def _contrast_sentence(row: Any, contrasts: int, correction: str) -> str:
    """Return a planned contrast in words; of several levels on a side it is their mean."""
    sides = [f"mean of {apa.listing([apa.words(level) for level in side.split(PLUS)])}" if PLUS in side
             else apa.words(side) for side in (row.a, row.b)]  # fmt: skip
    notes = [*(["one-sided"] if row.sides == "one" else []),
             *([f"{CORRECTIONS[correction]} over {contrasts} contrasts"] if contrasts > 1 else [])]  # fmt: skip
    numbers = apa.difference(row).partition(": ")[2]
    return f"{sides[0]} − {sides[1]}: {numbers}" + (f" ({', '.join(notes)})" if notes else "")


def _anovas(measure: Measure, plan: Plan) -> list[Record]:
    titles = {"classical": "analysis of variance", "hc3": "White-corrected analysis of variance (HC3)"}
    records = []
    for covariance, suffix in (("classical", "anova"), ("hc3", "anova_hc3")):
        method = {
            "function": "statsmodels.stats.anova.anova_lm",
            "ss_type": plan.ss_type,
            "contrasts": SUM,
            "covariance": covariance,
            "effect_size": "partial η² with 90% interval by noncentral F",
        }
        tested = _record(
            measure,
            suffix,
            f"{measure.label}: {titles[covariance]}",
            partial(anovas.anova, measure.data, measure.name, measure.between, plan.ss_type, covariance),
            anovas.COLUMNS,
            method,
            anova_sentences,
        )
        records.append(with_detectable(tested, "Cohen's f", partial(_detectable_f, tested, plan.alpha)))
    return records


def with_detectable(tested: Record, unit: str, smallest: Callable[[Any], float]) -> Record:
    """Return the record whose method also says the smallest effect that each test finds with `POWER`."""
    if not tested.defined:
        return tested
    rows = tested.terms.dropna(subset="p").itertuples()
    effects = {str(row.term): smallest(row) for row in rows}
    return replace(tested, method={**tested.method, "detectable": {"power": POWER, "effect": unit, "terms": effects}})


def _detectable_f(tested: Record, alpha: float, row: Any) -> float:
    df_resid = tested.terms.loc[tested.terms["term"] == "Residuals", "df"].item()
    return power.detectable_f(row.df, df_resid, tested.n, POWER, alpha)


def anova_sentences(terms: pd.DataFrame) -> list[str]:
    """Return one APA sentence per term of an ANOVA."""
    df_resid = terms.loc[terms["term"] == "Residuals", "df"].item()
    tested = terms[terms["term"] != "Residuals"]
    return [f"{apa.words(row.term)}: {apa.f_test(row, df_resid)}" for row in tested.itertuples()]


def comparisons(measure: Measure, plan: Plan) -> list[Record]:
    """Return the pairwise comparisons of every factor's levels, by the plan's method and covariance."""
    factors = varying(complete(measure.data, measure.name, measure.between), measure.between)
    omnibus = [_welch(measure, factor) for factor in factors] if plan.posthoc == "games_howell" else []
    return [*omnibus, *(_comparison(measure, plan, factor) for factor in factors)]


def _welch(measure: Measure, factor: str) -> Record:
    """Return the one-way test that belongs to Games-Howell's comparisons, which pool no variances either."""
    return _record(
        measure,
        f"welch.{factor}",
        f"{measure.label}: Welch's analysis of variance over {apa.words(factor)}",
        lambda: welches.welch(measure.data, measure.name, factor),
        welches.COLUMNS,
        {"function": "Welch (1951)", "means": "raw", "covariance": "separate variances"},
        lambda terms: [f"{apa.words(row.term)}: {apa.levene(row)}" for row in terms.itertuples()],
    )


def _comparison(measure: Measure, plan: Plan, factor: str) -> Record:
    covariance = plan.covariance_of(measure.name)
    if plan.posthoc == "games_howell":
        method = {"function": "Games-Howell", "posthoc_means": "raw", "covariance": "separate variances"}

        def compare() -> pd.DataFrame:
            return posthoc.games_howell(measure.data, measure.name, factor)
    else:
        method = {
            "function": "Tukey's studentized range on estimated marginal means",
            "posthoc_means": "emm",
            "covariance": covariance,
            "contrasts": SUM,
            "direction": "a − b",
        }

        def compare() -> pd.DataFrame:
            return posthoc.tukey(measure.data, measure.name, measure.between, factor, covariance)

    name = "Games-Howell" if plan.posthoc == "games_howell" else f"Tukey ({_named(covariance)})"
    return _record(
        measure,
        f"tukey.{factor}" if plan.posthoc == "tukey" else f"games_howell.{factor}",
        f"{measure.label}: {apa.words(factor)} compared pairwise, {name}",
        compare,
        posthoc.COLUMNS,
        method,
        lambda terms: [apa.difference(row) for row in terms.itertuples()],
    )


def _named(covariance: str) -> str:
    return {"classical": "pooled error", "hc3": "HC3 covariance"}[covariance]


def bayes_factors(measure: Measure) -> Record:
    """Return the evidence for each term against none, with default priors; folded, as no plan asks for it."""
    return _record(
        measure,
        "bayes",
        f"{measure.label}: Bayes factors",
        lambda: bayes.anova(measure.data, measure.name, measure.between),
        bayes.COLUMNS,
        {"function": "JZS priors, quadrature", "prior": "Cauchy of scale 1/2 on standardised effects",
         "compares": "the full model with the one without the term"},
        bayes_sentences,
    )  # fmt: skip


def bayes_sentences(terms: pd.DataFrame) -> list[str]:
    """Return `heatmap: BF₁₀ = 0.81` of each term; above 1 the data speak for an effect, below for none."""
    return [f"{apa.words(row.term)}: BF₁₀ {_factor_of(row.bf10)}" for row in terms.dropna(subset="bf10").itertuples()]


def _factor_of(bf: float) -> str:
    return "> 10⁴" if bf > 1e4 else "< 10⁻⁴" if bf < 1e-4 else f"= {apa.number(bf, 2 if bf >= 0.1 else 3)}"


def rank_tests(measure: Measure, plan: Plan) -> list[Record]:
    """Return Kruskal-Wallis over cells and factors, and Dunn's comparisons where a grouping has three levels."""
    data, name, factors = measure.data, measure.name, measure.between
    tested = _record(
        measure,
        "kruskal",
        f"{measure.label}: Kruskal-Wallis",
        lambda: ranks.kruskal(data, name, factors),
        ranks.KRUSKAL_COLUMNS,
        {"function": "scipy.stats.kruskal, corrected for ties", "effect_size": "ε² = H / (N − 1)"},
        lambda terms: [f"{apa.words(row.term)}: {apa.kruskal(row)}" for row in terms.dropna(subset="p").itertuples()],
    )
    smallest = partial(_detectable_epsilon2, tested, plan.alpha)
    if tested.defined:
        rows = tested.terms.dropna(subset="p").itertuples()
        limits = {str(row.term): list(epsilon2_interval(row.H, row.df, tested.n)) for row in rows}
        tested = replace(tested, method={**tested.method, "epsilon2_ci90": limits})
    records = [with_detectable(tested, "ε²", smallest)]
    pairs = ranks.dunn(data, name, factors, plan.correction)
    if len(pairs):
        method = {"function": "Dunn (1964), two-sided, ties corrected", "correction": plan.correction}
        method["family"] = "all pairs inside one grouping"
        records.append(
            _record(measure, "dunn", f"{measure.label}: Dunn's comparisons", lambda: pairs, ranks.DUNN_COLUMNS, method)
        )
    return records


def _detectable_epsilon2(tested: Record, alpha: float, row: Any) -> float:
    return power.detectable_epsilon2(row.df, tested.n, POWER, alpha)


def equivalences(measure: Measure, plan: Plan) -> list[Record]:
    """Return the equivalence tests against the plan's bound for this measure; none where none was stated."""
    bound = plan.bounds.get(measure.name)
    if bound is None:
        return []
    method = {"function": "two one-sided Welch t tests", "bound": bound, "correction": plan.correction}
    return [
        _record(
            measure,
            "equivalence",
            f"{measure.label}: equivalence within ± {bound:g}",
            lambda: equivalence.between(measure.data, measure.name, measure.between, bound, plan.correction),
            equivalence.COLUMNS,
            method,
        )
    ]


def _record(
    measure: Measure,
    suffix: str,
    title: str,
    statistic: Callable[[], pd.DataFrame],
    columns: tuple[str, ...],
    method: dict[str, Any],
    sentences: Callable[[pd.DataFrame], list[str]] | None = None,
) -> Record:
    known = measure.data[[measure.name, *measure.between]].notna().all(axis=1)
    people = measure.data["participant"]
    n = int(people[known].nunique())
    dropped = int(people.nunique()) - n
    return record(f"{measure.name}.{suffix}", title, statistic, columns, method, n, dropped, sentences)


def answer(measure: Measure, records: list[Record], plan: Plan) -> str:
    """Return one line saying whether the factors mattered, by the ANOVA the plan prefers or else Kruskal-Wallis."""
    wanted = "anova_hc3" if plan.covariance_of(measure.name) == "hc3" else "anova"
    by_id = {record.id: record for record in records}
    record = by_id.get(f"{measure.name}.{wanted}") or by_id[f"{measure.name}.kruskal"]
    if not record.defined:
        return f"{measure.label} could not be tested: {record.reason}."
    tested = record.terms[record.terms["p"].notna()]
    if tested.empty:
        return f"{measure.label} could not be tested: {record.terms['reason'].iloc[0]}."
    if "H" in tested:
        tested = tested[:1]
    significant = tested.loc[tested["p"] < plan.alpha, "term"].tolist()
    label = apa.inside(measure.label)
    if not significant:
        mean = apa.value(measure.data[measure.name].mean(), measure.kind, measure.unit)
        names = apa.listing([_factor(term) for term in tested["term"]], "or")
        untold = "; ".join(_not_shown(row, record) for row in tested.itertuples())
        return f"No effect of {names} on {label} was shown (M = {mean}), which is not that there is none: {untold}." + (
            equivalent(by_id.get(f"{measure.name}.equivalence"), plan)
        )
    means = "; ".join(_level_means(measure, term) for term in significant if ":" not in term)
    if not means and len(_cells(measure)) <= MOST_CELLS:
        means = _level_means(measure, "cells")
    return f"{measure.label} differed by {apa.listing([_factor(term) for term in significant])}" + (
        f": {means}." if means else "."
    )


def _not_shown(row: Any, tested: Record) -> str:
    """Return how large an effect may still be, and which one this sample would have found."""
    smallest = tested.method["detectable"]["terms"][row.term]
    if "H" in tested.terms:
        low, high = tested.method["epsilon2_ci90"][row.term]
        effect, size = f"ε² = {apa.bounded(row.epsilon2)}", f"ε² = {apa.bounded(smallest)}"
    else:
        low, high = row.eta2p_ci_low, row.eta2p_ci_high
        effect = f"ηp² = {apa.bounded(row.eta2p)}"
        size = f"f = {apa.number(smallest)}"
    limits = apa.interval(low, high, 90) if high > 0 else "too small for an interval"  # p > .95: no λ fits
    return f"{_factor(row.term)} {effect}, {limits}, and {size} is the smallest effect found with {POWER:.0%} power"


def equivalent(tested: Record | None, plan: Plan) -> str:
    """Return what the equivalence tests against the plan's bound say, nothing where there are none."""
    if tested is None or not tested.defined:
        return ""
    rows = tested.terms.dropna(subset="p_adjusted").itertuples()
    sentences = [f"{apa.words(row.a)} and {apa.words(row.b)} {'yes' if row.p_adjusted < plan.alpha else 'not shown'} "
                 f"({apa.p_value(row.p_adjusted)})" for row in rows]  # fmt: skip
    return f" Equivalence within ± {tested.method['bound']:g}: {'; '.join(sentences)}." if sentences else ""


def _factor(term: str) -> str:
    return "condition" if term == "cells" else apa.words(term)


def _level_means(measure: Measure, factor: str) -> str:
    """Return `none 59%, lrp 67%`, the plain means of a factor's levels."""
    if factor == "cells":
        means = {level: values.mean() for level, values in _cells(measure).items()}
    else:
        means = measure.data.groupby(factor, observed=True)[measure.name].mean()
    named_means = [f"{apa.words(level)} {apa.value(mean, measure.kind, measure.unit)}" for level, mean in means.items()]
    return ", ".join(named_means)


def _cells(measure: Measure) -> pd.Series:
    """Return the values of each cell."""
    used = complete(measure.data, measure.name, measure.between)
    return groups(used, measure.name, varying(used, measure.between))
