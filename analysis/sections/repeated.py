"""The analyses of one measure within participants, as records: pairs of conditions, Friedman, models of the answers."""

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import pandas as pd

from analysis.errors import NotDefined
from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.sections import between, trials
from analysis.statistics import bayes, power
from analysis.statistics.comparisons import equivalence, friedman, paired
from analysis.statistics.factorial import within
from analysis.statistics.multiplicity import CORRECTIONS
from analysis.statistics.regression import cumulative, mixed, odds, ordinal

NAMES = {"wilcoxon": "Wilcoxon signed-rank", "t": "paired t"}
NAMED = {"frozen": "pre-specified", "given": "named by the plan", "default": "the default"}  # of the test that decides


def paired_tests(measure: Measure, plan: Plan) -> list[Record]:
    """Return a record per pair of levels of every within factor, and Friedman's test where there are three levels."""
    records = []
    names = pair_names(measure)
    for factor in measure.within:
        table = paired.wide(measure.data, measure.name, [factor])
        records += _pairs(measure, plan, factor, table, names)
        if len(table.columns) > 2:
            records.append(_friedman(measure, factor, table))
    return records


def pair_names(measure: Measure) -> dict[tuple[str, str, str], str]:
    """Return the last part of each pair's id by factor, a and b: `<a>-<b>`, behind its factor where two share that.

    Levels whose own hyphens make two pairs of one factor alike are numbered, in the order of the levels.
    """
    levels = {factor: paired.wide(measure.data, measure.name, [factor]).columns for factor in measure.within}
    pairs = [(factor, a, b) for factor, names in levels.items() for a, b in combinations(names, 2)]
    short = [f"{a}-{b}" for _, a, b in pairs]
    named: list[str] = []
    for (factor, *_), name in zip(pairs, short, strict=True):
        shared = {pairs[i][0] for i, other in enumerate(short) if other == name}
        full = f"{factor}.{name}" if len(shared) > 1 else name
        again = sum(other == full or other.startswith(f"{full}~") for other in named)
        named.append(f"{full}~{again + 1}" if again else full)
    return dict(zip(pairs, named, strict=True))


def _pairs(
    measure: Measure, plan: Plan, factor: str, table: pd.DataFrame, names: dict[tuple[str, str, str], str]
) -> list[Record]:
    tests = paired.compare(table, plan.correction)
    family = f"{len(table.columns) * (len(table.columns) - 1) // 2} pairs of {apa.words(factor)}"
    sizes = {str(term): int(n) for term, n in tests.dropna(subset="p").groupby("term").size().items()}
    records = []
    for a, b in combinations(table.columns, 2):
        rows = tests[(tests["a"] == a) & (tests["b"] == b)].reset_index(drop=True)
        n = int(rows["n"].iloc[0])
        method: dict[str, Any] = {"function": "scipy.stats.wilcoxon and paired t", "primary_test": plan.paired_test,
                  "correction": plan.correction, "family": family, "pairs": sizes, "direction": "a − b",
                  "factor": factor}  # fmt: skip
        if n > 1:
            smallest = power.detectable_d_z(n, between.POWER, plan.alpha / (len(tests) // 2))
            method["detectable"] = {"power": between.POWER, "effect": "d_z, at α over the number of pairs",
                                    "terms": {"t": smallest}}  # fmt: skip
        records.append(
            record(
                f"{measure.name}.paired.{names[factor, a, b]}",
                f"{measure.label}: {apa.words(a)} against {apa.words(b)}"
                + (f" of {apa.words(factor)}" if len(measure.within) > 1 else ""),
                partial(_with_warnings, rows),
                paired.COLUMNS,
                method,
                n,
                len(table) - n,
                lambda terms: paired_sentences(terms, plan, sizes),
            )
        )
    return records


def _with_warnings(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the tests of one pair, raising what they warn of where the record sees it."""
    for text in rows["warning"]:
        if text:
            warnings.warn(text, stacklevel=2)
    return rows.drop(columns="warning")


def paired_sentences(terms: pd.DataFrame, plan: Plan, sizes: dict[str, int]) -> list[str]:
    """Return the tests in words, the one that decides first and named so; `sizes` says over how many pairs of each
    test p is adjusted."""
    sentences = []
    for row in sorted(terms.dropna(subset="p").itertuples(), key=lambda row: row.term != plan.paired_test):
        name = NAMES[row.term] + (f" ({NAMED[plan.source]})" if row.term == plan.paired_test else "")
        pairs = sizes[row.term]
        p = apa.p_value(row.p_adjusted) + (f" ({CORRECTIONS[plan.correction]}, {pairs} pairs)" if pairs > 1 else "")
        if row.term == "t":
            numbers = f"t({apa.degrees(row.df)}) = {apa.number(row.t)}, {p}, "
            numbers += f"Δ = {apa.number(row.diff)}, {apa.interval(row.ci_low, row.ci_high, 95, apa.number)}, "
            effect, form = "d_z", apa.number
        else:
            numbers = f"V = {apa.number(row.V, 1)}, {p}, "
            effect, form = "r", apa.bounded
        numbers += f"{effect} = {form(row.effect)}, {apa.interval(row.effect_low, row.effect_high, 95, form)}"
        sentences.append(f"{name}: {numbers}")
    return sentences


def _friedman(measure: Measure, factor: str, table: pd.DataFrame) -> Record:
    complete = int(table.notna().all(axis=1).sum())
    return record(
        f"{measure.name}.friedman" if len(measure.within) == 1 else f"{measure.name}.friedman.{factor}",
        f"{measure.label}: Friedman's test over {apa.words(factor)}",
        partial(_friedman_terms, factor, table),
        friedman.COLUMNS,
        {"function": "scipy.stats.friedmanchisquare, corrected for ties", "effect_size": "Kendall's W"},
        complete,
        len(table) - complete,
        lambda terms: [
            f"{apa.words(row.term)}: χ²({apa.degrees(row.df)}) = {apa.number(row.chi2)}, {apa.p_value(row.p)}, "
            f"W = {apa.bounded(row.kendall_w)}"
            for row in terms.itertuples()
        ],
    )


def _friedman_terms(factor: str, table: pd.DataFrame) -> pd.DataFrame:
    remark = friedman.broken_ties(table)
    if remark:
        warnings.warn(remark, stacklevel=2)
    return friedman.friedman(table, factor)


def anova_within(measure: Measure, plan: Plan) -> Record:
    """Return the analysis of variance of participants' means within subjects, or mixed, by Greenhouse-Geisser's ε."""
    function = partial(within.within_anova, measure.data, measure.name, measure.between, measure.within)
    people = measure.data["participant"].nunique()
    tested = record(
        f"{measure.name}.anova_within",
        f"{measure.label}: {'mixed' if measure.between else 'within-subjects'} analysis of variance",
        function,
        within.COLUMNS,
        {"function": "orthonormal contrasts of participants' means, as R's afex::aov_ez", "ss_type": 3,
         "contrasts": between.SUM, "correction": "Greenhouse-Geisser",
         "effect_size": "partial η² with 90% interval by noncentral F; generalised η²"},
        people,
        0,
        anova_within_sentences,
    )  # fmt: skip
    lacking = people - _complete(measure) if tested.defined else 0
    return replace(tested, n=people - lacking, n_excluded=lacking)


def bayes_factors(measure: Measure) -> Record:
    """Return the evidence for a difference of every pair of conditions, with a default prior."""

    def terms() -> pd.DataFrame:
        rows = []
        for factor in measure.within:
            table = paired.wide(measure.data, measure.name, [factor])
            for a, b in combinations(table.columns, 2):
                both = table[[a, b]].dropna()
                name = f"{a} − {b}"
                try:
                    bf = bayes.t_test((both[a] - both[b]).to_numpy(float))
                    rows.append((name, len(both), bf, 1 / bf, ""))
                except NotDefined as refusal:
                    rows.append((name, len(both), math.nan, math.nan, refusal.reason_with(apa.words)))
        return pd.DataFrame(rows, columns=(*bayes.COLUMNS, "reason"))

    return record(
        f"{measure.name}.bayes",
        f"{measure.label}: Bayes factors of the pairs",
        terms,
        bayes.COLUMNS,
        {"function": "JZS t tests of paired differences", "prior": "Cauchy of scale √2/2 on the standardised mean"},
        measure.data["participant"].nunique(),
        0,
        between.bayes_sentences,
    )


def _complete(measure: Measure) -> int:
    return len(within.complete_people(measure.data, measure.name, measure.between, measure.within)[0])


def anova_within_sentences(terms: pd.DataFrame) -> list[str]:
    """Return one APA sentence per effect; degrees of freedom are Greenhouse-Geisser's where ε is below 1."""
    return [
        f"{apa.words(row.term)}: F({apa.degrees(round(row.df_gg, 2))}, {apa.degrees(round(row.df_resid_gg, 2))}) = "
        f"{apa.number(row.F)}, {apa.p_value(row.p)}, ηp² = {apa.bounded(row.eta2p)}, "
        f"{apa.interval(row.eta2p_ci_low, row.eta2p_ci_high, 90)}"
        for row in terms.itertuples()
    ]


def interactions(tested: Record, plan: Plan, names: list[str]) -> str:
    """Return which factors change the effect of those within participants, nothing where none was shown to."""
    if not tested.defined:
        return ""
    rows = [
        row
        for row in tested.terms.itertuples()
        if set(row.term.split(":")) & set(names) and ":" in row.term and row.p < plan.alpha
    ]
    told = [f"{apa.words(row.term)}, F({apa.degrees(round(row.df_gg, 2))}, {apa.degrees(round(row.df_resid_gg, 2))}) = "
            f"{apa.number(row.F)}, {apa.p_value(row.p)}" for row in rows]  # fmt: skip
    return f" Effects depend on each other: {'; '.join(told)}." if told else ""


def equivalences(measure: Measure, plan: Plan) -> list[Record]:
    """Return paired equivalence tests against the plan's bound; none where none was stated."""
    bound = plan.bounds.get(measure.name)
    if bound is None:
        return []
    rows = []
    for factor in measure.within:
        table = paired.wide(measure.data, measure.name, [factor])
        for a, b in combinations(table.columns, 2):
            both = table[[a, b]].dropna()
            rows.append((factor, a, b, (both[a] - both[b]).to_numpy(float)))
    return [
        record(
            f"{measure.name}.equivalence",
            f"{measure.label}: equivalence within ± {bound:g}",
            lambda: equivalence.within(rows, bound, plan.correction),
            equivalence.COLUMNS,
            {"function": "two one-sided paired t tests", "bound": bound, "correction": plan.correction},
            measure.data["participant"].nunique(),
        )
    ]


def _not_shown(record: Record, plan: Plan, n_pairs: int) -> str:
    """Return how large a pair's difference may still be, and which one this sample would have found."""
    row = next(record.terms[record.terms["term"] == "t"].itertuples())
    if pd.isna(row.p):
        return ""
    d_z = apa.number(record.method["detectable"]["terms"]["t"])
    limits = apa.interval(row.ci_low, row.ci_high, 95, apa.number)
    tested = record.terms.loc[record.terms["term"] == plan.paired_test, "p_adjusted"]
    p = apa.p_value(float(tested.iloc[0])) + (f" ({CORRECTIONS[plan.correction]})" if n_pairs > 1 else "")
    return (f"{apa.words(row.a)} − {apa.words(row.b)} = {apa.number(row.diff)}, {limits}, {p}, and d_z = {d_z} is the "
            f"smallest effect found with {between.POWER:.0%} power")  # fmt: skip


def models(measure: Measure) -> list[Record]:
    """Return the models of the single answers: mixed linear regression, for ratings those of `rating_models` too."""
    records = [_linear(measure, "")]
    if measure.stimulus:
        records.append(_linear(measure, measure.stimulus))
    return records + (rating_models(measure) if measure.kind == "ordinal" else [])


def _linear(measure: Measure, stimulus: str) -> Record:
    both = " with random participants and stimuli" if stimulus else ""
    return _model(
        measure,
        "mixed_crossed" if stimulus else "mixed",
        f"mixed linear regression{both}",
        partial(mixed.mixed_linear, stimulus=stimulus),
        mixed.COLUMNS,
        {"function": f"{'crossed random intercepts' if stimulus else 'random-intercept linear model'}, REML",
         "contrasts": "treatment", "covariance": "model", "degrees_of_freedom": "Satterthwaite"},
        slope_sentences,
    )  # fmt: skip


def rating_models(measure: Measure) -> list[Record]:
    """Return the proportional-odds models of single ratings: population-averaged, and with random intercepts."""
    averaged = {"function": "statsmodels OrderedModel, logit", "contrasts": "treatment",
                "covariance": "robust to clustering in participants"}  # fmt: skip
    random = {"function": "cumulative logit, random intercepts, Laplace approximation", "contrasts": "treatment",
              "covariance": "inverse Hessian"}  # fmt: skip
    both = "participants and stimuli" if measure.stimulus else "participants"
    fit = partial(cumulative.mixed_ordinal, stimulus=measure.stimulus)
    return [
        _model(measure, "ordinal", "proportional-odds model", ordinal.ordinal, odds.COLUMNS, averaged),
        _model(measure, "ordinal_mixed", f"proportional-odds model with random {both}", fit, odds.COLUMNS, random,
               trials.odds_sentences),
    ]  # fmt: skip


def _model(measure: Measure, suffix: str, title: str, model: Callable[..., pd.DataFrame], columns: tuple[str, ...],
           method: dict[str, Any], sentences: Callable[[pd.DataFrame], list[str]] | None = None) -> Record:  # fmt: skip
    answers = measure.answers
    factors = [*measure.between, *measure.within]
    known = answers.dropna(subset=[measure.name, *factors])
    counts = {"n_participants": int(known["participant"].nunique())}
    if measure.stimulus:
        counts["n_stimuli"] = int(known[measure.stimulus].nunique())
    return record(
        f"{measure.name}.{suffix}",
        f"{measure.label}: {title} of the single answers",
        partial(model, answers, measure.name, factors),
        columns,
        {**method, "unit": "answers", **counts},
        len(known),
        len(answers) - len(known),
        sentences,
    )


def slope_sentences(terms: pd.DataFrame) -> list[str]:
    """Return one sentence per coefficient of a linear model, and one on its random part."""
    tested = terms[terms["p"].notna() & (terms["term"] != "(Intercept)")]
    return [
        f"{apa.words(row.term)}: b = {apa.number(row.estimate)}, "
        f"{apa.interval(row.ci_low, row.ci_high, 95, apa.number)}, t({apa.degrees(row.df)}) = {apa.number(row.t)}, "
        f"{apa.p_value(row.p)}"
        for row in tested.itertuples()
    ] + trials.random_part(terms)


def answer(measure: Measure, records: list[Record], plan: Plan) -> str:
    """Return one line that says which conditions differ by the test that decides, adjusted for the pairs."""
    pairs = [record for record in records if record.id.startswith(f"{measure.name}.paired.")]
    if not pairs:
        return f"{measure.label} was observed in one condition, so nothing can be compared within participants."
    tests = pd.concat([record.terms.assign(factor=record.method["factor"]) for record in pairs], ignore_index=True)
    tests = tests[(tests["term"] == plan.paired_test) & tests["p_adjusted"].notna()]
    if tests.empty:
        return f"{measure.label} could not be compared within participants: {pairs[0].terms['reason'].iloc[0]}."
    read = partial(apa.value, kind=measure.kind, unit=measure.unit)
    effects = [
        f"{apa.words(row.a)} {read(row.mean_a)} against {apa.words(row.b)} {read(row.mean_b)}"
        + (f" ({apa.words(row.factor)})" if len(measure.within) > 1 else "")
        for row in tests[tests["p_adjusted"] < plan.alpha].itertuples()
    ]
    if not effects:
        undecided = "; ".join(text for record in pairs if (text := _not_shown(record, plan, len(tests))))
        equivalences = next((record for record in records if record.id == f"{measure.name}.equivalence"), None)
        no = "no difference within participants was shown, which is not that there is none"
        return f"{measure.label}: {no}: {undecided}." + between.equivalent(equivalences, plan)
    return f"{measure.label} differed within participants: {'; '.join(effects)}."
