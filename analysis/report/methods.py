"""Paragraphs that can be pasted: the methods and results in APA style."""

import importlib.metadata

import pandas as pd

from analysis.planning.preregistration import COVARIANCES
from analysis.reading.plans import Plan
from analysis.reading.study import Measure
from analysis.report.content import Report
from analysis.results import apa
from analysis.statistics.factorial.permutation import PERMUTATIONS
from analysis.statistics.multiplicity import CORRECTIONS

PAIRED = {"wilcoxon": "Wilcoxon signed-rank test", "t": "paired t test"}
SENTENCES = {  # by the second part of an analysis' id
    "descriptives": "Means stand with 95% intervals: {intervals}.",
    "anova": "Outcomes with one value per participant were analysed by factorial ANOVA (type {ss_type} sums of "
    "squares, sum-to-zero contrasts), once with the classical and once with the heteroscedasticity-consistent HC3 "
    "covariance; effect sizes are partial η² with 90% intervals from the noncentral F distribution, and partial ω². "
    "Normality of the residuals was assessed by the Shapiro-Wilk test and equality of variances by Levene's test about "
    "the median; neither decided which test was used.",
    "contrast": "The contrasts that the plan states were tested by t tests of estimated marginal means ({correction} "
    "over them), one-sided where it says so.",
    "tukey": "Pairwise differences of estimated marginal means were tested by Tukey's method with {covariances}.",
    "games_howell": "Without pooling variances, Welch's analysis of variance was followed by the Games-Howell method.",
    "kruskal": "Ranks were compared by Kruskal-Wallis tests, corrected for ties, with ε² as effect size.",
    "dunn": "Dunn's two-sided comparisons followed ({correction} within each grouping).",
    "deviance": "Outcomes with one yes or no per participant were analysed by logistic regression with a "
    "likelihood-ratio test of each term (type 3, sum-to-zero contrasts); effect sizes are Cohen's w.",
    "fisher": "Pairs of levels were compared by Fisher's exact test ({correction} within each factor).",
    "mcnemar": "Conditions within participants that hold one yes or no were compared by McNemar's exact test "
    "({correction} over the pairs of one factor).",
    "cochran": "Three or more such conditions were compared by Cochran's Q.",
    "paired": "Conditions within participants were compared on the participants' means by the {paired}, which the plan "
    "names, with the {beside} beside it; p values were adjusted over the pairs of conditions ({correction}). Effect "
    "sizes are the matched-pairs rank-biserial correlation and d_z with 95% confidence intervals.",
    "anova_within": "Participants' means were also analysed by within-subjects or mixed analysis of variance with "
    "Greenhouse-Geisser's degrees of freedom (type 3).",
    "friedman": "Three or more conditions were compared by Friedman's test with Kendall's W.",
    "gee": "Single right or wrong answers were modelled by logistic regression with a random intercept per "
    "participant (adaptive Gauss-Hermite quadrature, 15 nodes) and by generalised estimating equations with a "
    "bias-reduced covariance (Mancl & DeRouen, 2001).",
    "logistic_crossed": "So that the results hold for other pictures of the kind as well, they were also modelled by "
    "logistic regression with crossed random intercepts of participants and stimuli (Laplace approximation).",
    "mixed": "Single answers were modelled by linear regression with a random intercept per participant (REML), tested "
    "with Satterthwaite's degrees of freedom.",
    "mixed_crossed": "A second such model has crossed random intercepts of participants and stimuli.",
    "ordinal": "Single ratings were modelled by the proportional-odds model, its errors clustered in participants.",
    "ordinal_mixed": "They were also modelled by a proportional-odds model with random intercepts (Laplace "
    "approximation).",
    "learning_test": "Growth over the trials was tested by logistic regression of the single answers on the trial's "
    "place crossed with the conditions, with a random intercept per participant.",
    "d_prime": "Sensitivity d′ and criterion c were computed by participant with the loglinear correction (Hautus, "
    "1995).",
    "calibration": "Calibration of confidence is the Brier score and the expected calibration error; AUROC2 is the "
    "area under each participant's type-2 ROC (Fleming & Lau, 2014).",
    "aligned": "Interactions of factors on ratings were tested after the aligned rank transform (Wobbrock et al., "
    "2011).",
    "permutation": "Beside analyses of variance stand permutation tests: residuals of the model without the effect "
    "were dealt out anew (Freedman & Lane, 1983), conditions within participants inside each participant; p is "
    "(b + 1) / (m + 1) over m = {permutations} random rearrangements.",
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
    unanswered = [f"{n} have no {apa.inside(measure.label)}" for measure in report.measures if (n := _without(measure))]
    text += f" Of the analysed, {apa.listing(unanswered)}." if unanswered else ""
    if sample.simulated:
        text += " All of them are simulated (bots): this is a rehearsal, not data about people."
    return text


def _without(measure: Measure) -> int:
    """Return how many participants have no value of a measure at all."""
    known = measure.data.dropna(subset=[measure.name])["participant"]
    return int(measure.data["participant"].nunique() - known.nunique())


def _analysis(report: Report) -> str:
    plan = report.plan
    ids = sorted(record.id for section in report.sections for record in section.records)
    kinds = {report.kind_of(id) for id in ids if "." in id}
    parts = [design(report), *_described(kinds, plan, report.measures)]
    parts.append(f"The significance level was α = {apa.level(plan.alpha)}.")
    if any(record.method.get("seed") for section in report.sections for record in section.records):
        parts.append(f"Resampling was seeded with {plan.seed}.")
    return " ".join([*parts, _software()])


def _described(kinds: set[tuple[str, str]], plan: Plan, measures: list[Measure]) -> list[str]:
    """Return a sentence for each sort of analysis that the report holds; `kinds` pairs outcomes with analyses."""
    facts = {
        "ss_type": plan.ss_type,
        "correction": CORRECTIONS[plan.correction],
        "covariances": apa.listing(_covariances(kinds, plan)),
        "paired": PAIRED[plan.paired_test],
        "beside": PAIRED["t" if plan.paired_test == "wilcoxon" else "wilcoxon"],
        "permutations": PERMUTATIONS,
        "intervals": _intervals(measures),
        "bounds": apa.listing([f"{apa.words(name)} ± {bound:g}" for name, bound in plan.bounds.items()]),
    }
    done = {kind for _, kind in kinds} | {outcome for outcome, _ in kinds}
    return [sentence.format(**facts) for kind, sentence in SENTENCES.items() if kind in done]


def _intervals(measures: list[Measure]) -> str:
    """Return the methods of the means' intervals, by what they are of."""
    bounded = {measure.bounds is not None for measure in measures}
    wilson = "Wilson's at the effective sample size, with t quantiles (Franco et al., 2019)"
    named = {True: f"{wilson}, of what has bounds", False: "t intervals of the rest"}
    return apa.listing([named[has] for has in sorted(bounded, reverse=True)]) if len(bounded) > 1 else (
        wilson if True in bounded else "t intervals")  # fmt: skip


def _covariances(kinds: set[tuple[str, str]], plan: Plan) -> list[str]:
    return sorted({COVARIANCES[plan.covariance_of(outcome)] for outcome, kind in kinds if kind == "tukey"})


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
    return f"Analyses were run with {apa.listing(named)}."
