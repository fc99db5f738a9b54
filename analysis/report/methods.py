"""Paragraphs that can be pasted: the methods and results in APA style."""

import importlib.metadata

import pandas as pd

from analysis import __version__
from analysis.planning.preregistration import COVARIANCES
from analysis.reading.study import Measure
from analysis.report.content import Report
from analysis.results import apa
from analysis.results.records import Record
from analysis.statistics.factorial.permutation import PERMUTATIONS
from analysis.statistics.multiplicity import CORRECTIONS

FAMILIES = {"contrast": "over them", "fisher": "within each factor", "mcnemar": "over the pairs of one factor",
            "paired": "over the pairs of conditions"}  # fmt: skip
PAIRED = {"wilcoxon": "Wilcoxon signed-rank test", "t": "paired t test"}
SENTENCES = {  # by the second part of an analysis' id
    "descriptives": "Means stand with 95% intervals: {intervals}.",
    "anova": "Outcomes with one value per participant were analysed by factorial ANOVA (type {ss_type} sums of "
    "squares, sum-to-zero contrasts); effect sizes are partial η² with 90% intervals from the noncentral F "
    "distribution, and partial ω².",
    "anova_hc3": "The same was tested with the heteroscedasticity-consistent HC3 covariance.",
    "normality": "Normality of the residuals was assessed by the Shapiro-Wilk test; no test was chosen by it.",
    "levene": "Equality of variances was assessed by Levene's test about the median; no test was chosen by it.",
    "contrast": "The contrasts that the plan states were tested by t tests of estimated marginal means{adjusted}, "
    "one-sided where it says so.",
    "tukey": "Pairwise differences of estimated marginal means were tested by Tukey's method with {covariances}.",
    "games_howell": "Without pooling variances, Welch's analysis of variance was followed by the Games-Howell method.",
    "kruskal": "Ranks were compared by Kruskal-Wallis tests, corrected for ties, with ε² as effect size.",
    "dunn": "Dunn's two-sided comparisons followed ({correction} within each grouping).",
    "deviance": "Outcomes with one yes or no per participant were analysed by logistic regression with a "
    "likelihood-ratio test of each term (type 3, sum-to-zero contrasts); effect sizes are Cohen's w.",
    "fisher": "Pairs of levels were compared by Fisher's exact test{adjusted}.",
    "mcnemar": "Conditions within participants that hold one yes or no were compared by McNemar's exact "
    "test{adjusted}.",
    "cochran": "Three or more such conditions were compared by Cochran's Q.",
    "paired": "Conditions within participants were compared on the participants' means by the {paired}, {named}, with "
    "the {beside} beside it{adjusted}. Effect sizes are the matched-pairs rank-biserial correlation and d_z with 95% "
    "confidence intervals.",
    "anova_within": "Participants' means were also analysed by {repeated} analysis of variance with "
    "Greenhouse-Geisser's degrees of freedom (type 3).",
    "friedman": "Three or more conditions were compared by Friedman's test with Kendall's W.",
    "logistic": "Single answers with two values were modelled by logistic regression with a random intercept per "
    "participant (adaptive Gauss-Hermite quadrature, 15 nodes).",
    "gee": "Single answers with two values were modelled by generalised estimating equations with a bias-reduced "
    "covariance (Mancl & DeRouen, 2001).",
    "logistic_crossed": "So that the results hold for other stimuli of the kind as well, they were also modelled by "
    "logistic regression with crossed random intercepts of participants and stimuli (Laplace approximation).",
    "mixed": "Single answers were modelled by linear regression with a random intercept per participant (REML), tested "
    "with Satterthwaite's degrees of freedom.",
    "mixed_crossed": "Linear regression with crossed random intercepts of participants and stimuli was tested alike.",
    "ordinal": "Single ratings were modelled by the proportional-odds model, its errors clustered in participants.",
    "ordinal_mixed": "Single ratings were also modelled by a proportional-odds model with random intercepts (Laplace "
    "approximation).",
    "learning_test": "Growth over the trials was tested by logistic regression of the single answers on the trial's "
    "place crossed with the conditions, with a random intercept per participant.",
    "d_prime": "Sensitivity d′ and criterion c were computed by participant with the loglinear correction (Hautus, "
    "1995).",
    "calibration": "Calibration of confidence is the Brier score and the expected calibration error; AUROC2 is the "
    "area under each participant's type-2 ROC (Fleming & Lau, 2014).",
    "aligned": "Ratings were also tested after the aligned rank transform (Wobbrock et al., 2011).",
    "permutation": "Beside analyses of variance stand permutation tests: residuals of the model without the effect "
    "were dealt out anew (Freedman & Lane, 1983){inside}; p is (b + 1) / (m + 1) over m = {permutations} random "
    "rearrangements.",
    "bayes": "Bayes factors have Jeffreys-Zellner-Siow priors of medium scale (Rouder et al., 2009, 2012).",
    "equivalence": "Equivalence was tested by two one-sided t tests (Schuirmann, 1987) against the plan's bounds: "
    "{bounds}.",
    "purity": "Groups were scored by their purity against the model's predictions, beside the exact chance level for "
    "the batch's class sizes, and by the adjusted Rand index, adjusted mutual information and V-measure.",
    "chance": "Participants' means were tested against guessing by an exact sign test and a one-sample t test.",
    "unpaired": "Two studies with different participants were compared by Welch's t tests and Mann-Whitney tests, with "
    "Hedges g; p values were adjusted over all comparisons ({correction}).",
    "agreement": "Agreement of the coders is Cohen's κ and Krippendorff's α with percentile bootstrap intervals over "
    "answers; shares of answers with a code have Wilson intervals at the effective sample size.",
    "spearman": "Automatic metrics were compared with human accuracy by Spearman's ρ over stimuli, with percentile "
    "bootstrap intervals that resample participants.",
    "reliability": "A scale's score is the mean of the items answered, reverse-coded ones turned round. Its internal "
    "consistency is Cronbach's α with Feldt's interval, and McDonald's ω total of one factor fitted by minimal "
    "residuals.",
    "accuracy": "Scores and ratings of questionnaires were correlated with the participants' accuracy by Spearman's ρ "
    "({correction} within each questionnaire).",
    "association": "Answers to questions were compared between conditions by χ² tests with Cramér's V.",
}


def methods_text(report: Report) -> str:
    """Return the text of `methods.txt`: participants, analysis, then the results sentence by sentence."""
    paragraphs = ["Participants", _participants(report), "Statistical analysis", _analysis(report), "Results"]
    for section in report.sections:
        for record in section.records:
            if record.sentences:
                paragraphs.append(
                    f"{record.title} ({record.type}, n = {record.n}). " + "; ".join(record.sentences) + "."
                )
            elif not record.defined:
                paragraphs.append(f"{record.title} ({record.type}): not defined, because {record.reason}.")
    return "\n\n".join(paragraphs) + "\n"


def _participants(report: Report) -> str:
    sample = report.sample
    flow = dict(sample.flow.itertuples(index=False))
    left_out = [f"{n} {reason}" for reason, n in flow.items() if reason not in ("started", "analysed")]
    text = f"{flow['started']} participants started and {flow['analysed']} were analysed"
    text += f" (left out: {apa.listing(left_out)})." if left_out else "; nobody was left out."
    text += f" {sample.aside}" if sample.aside else ""
    rows = [f"{n} ({reason})" for reason, n in sample.study.rows_left_out.items()]
    text += f" Of those who stayed, single rows were left out: {apa.listing(rows)}." if rows else ""
    unanswered = [
        f"{n} {'has' if n == 1 else 'have'} no {apa.inside(measure.label)}"
        for measure in report.measures
        if (n := _without(measure))
    ]
    text += f" Of the analysed, {apa.listing(unanswered)}." if unanswered else ""
    if sample.simulated:
        text += " All of them are simulated (bots): this is a rehearsal, not data about people."
    return text


def _without(measure: Measure) -> int:
    """Return how many participants have no value of a measure at all."""
    known = measure.data.dropna(subset=[measure.name])["participant"]
    return int(measure.data["participant"].nunique() - known.nunique())


def _analysis(report: Report) -> str:
    plan, held = report.plan, _held(report)
    parts = [design(report), *_described(held, report)]
    parts.append(f"The significance level was α = {apa.level(plan.alpha)}.")
    if any(record.method.get("seed") for records in held.values() for record in records):
        parts.append(f"Resampling was seeded with {plan.seed}.")
    return " ".join([*parts, _software()])


def _held(report: Report) -> dict[str, list[Record]]:
    """Return the records that hold a result, by the sort of analysis, and by what they are of."""
    held: dict[str, list[Record]] = {}
    ids = {record.id for section in report.sections for record in section.records}
    for section in report.sections:
        for record in section.records:
            if "." not in record.id or not _holds(record):
                continue
            outcome, kind = report.kind_of(record.id)
            if kind == "logistic" and f"{outcome}.deviance" in ids:  # the coefficients behind the deviance
                continue
            for name in {outcome, kind}:
                held.setdefault(name, []).append(record)
    return held


def _holds(record: Record) -> bool:
    """Return whether a record holds a result: of tests, a p value."""
    p_values = [name for name in ("p", "p_adjusted") if name in record.terms]
    return record.defined and (not p_values or bool(record.terms[p_values].notna().any(axis=None)))


def _described(held: dict[str, list[Record]], report: Report) -> list[str]:
    """Return a sentence for each sort of analysis of which the report holds a result."""
    plan, measures = report.plan, report.measures
    outcomes = {name: {report.kind_of(record.id)[0] for record in records} for name, records in held.items()}
    measured = {name: [measure for measure in measures if measure.name in outcomes.get(name, ())] for name in SENTENCES}
    sides = {"mixed" if measure.between else "within-subjects" for measure in measured["anova_within"]}
    facts = {
        "ss_type": plan.ss_type,
        "correction": CORRECTIONS[plan.correction],
        "covariances": apa.listing(sorted({COVARIANCES[plan.covariance_of(m.name)] for m in measured["tukey"]})),
        "paired": PAIRED[plan.paired_test],
        "named": "the default" if plan.source == "default" else "which the plan names",
        "beside": PAIRED["t" if plan.paired_test == "wilcoxon" else "wilcoxon"],
        "repeated": apa.listing(sorted(sides, reverse=True)),
        "permutations": PERMUTATIONS,
        "inside": ", conditions inside each participant" if any(m.within for m in measured["permutation"]) else "",
        "intervals": _intervals(measures),
        "bounds": apa.listing([f"{apa.inside(measure.label)} ± {plan.bounds[measure.name]:g}"
                               for measure in measured["equivalence"] if measure.name in plan.bounds]),
    }  # fmt: skip
    return [sentence.format(**facts, adjusted=_adjusted(name, held[name], facts["correction"]))
            for name, sentence in SENTENCES.items() if name in held]  # fmt: skip


def _adjusted(name: str, records: list[Record], correction: object) -> str:
    """Return over what p values were adjusted, empty where every family has one test."""
    if name not in FAMILIES:
        return ""
    sizes = [max(record.method["pairs"].values()) if name == "paired" else len(record.terms) for record in records]
    return f" ({correction} {FAMILIES[name]})" if max(sizes) > 1 else ""


def _intervals(measures: list[Measure]) -> str:
    """Return the methods of the means' intervals, by what they are of."""
    bounded = {measure.bounds is not None for measure in measures}
    wilson = "Wilson's at the effective sample size, with t quantiles (Franco et al., 2019)"
    named = {True: f"{wilson}, of what has bounds", False: "t intervals of the rest"}
    return apa.listing([named[has] for has in sorted(bounded, reverse=True)]) if len(bounded) > 1 else (
        wilson if True in bounded else "t intervals")  # fmt: skip


def design(report: Report) -> str:
    """Return one sentence about the factors with at least two levels, by the report's first outcome."""
    study = report.sample.study
    first = next(iter(report.measures), None)
    between = {name: study.participants[name] for name in study.tested}
    within = {}
    if first is not None:
        between |= {name: first.data[name] for name in first.between if name not in between}
        within = {name: first.data[name] for name in first.within if first.data[name].nunique() > 1}
    sides = [apa.listing([_factor(*factor) for factor in factors.items()]) for factors in (between, within)]
    if all(sides):
        return f"The design was mixed, with {sides[0]} between and {sides[1]} within subjects."
    if not any(sides):
        return "The study had one condition."
    return f"The design was {'between' if sides[0] else 'within'} subjects, with {sides[0] or sides[1]}."


def _factor(name: str, values: pd.Series) -> str:
    levels = [level for level in values.astype("category").cat.categories if (values == level).any()]
    return f"{apa.words(name)} ({', '.join(map(apa.words, levels))})"


def _software() -> str:
    names = {"pandas": "pandas", "scipy": "SciPy", "statsmodels": "statsmodels"}
    named = [f"{title} {importlib.metadata.version(name)}" for name, title in names.items()]
    return f"Analyses were run with {apa.listing([f'Heatwise {__version__}', *named])}."
