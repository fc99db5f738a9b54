"""Paragraphs that can be pasted: the methods and results in APA style, and a preregistration from the plan."""

import importlib.metadata

from analysis import apa
from analysis.plan import Plan
from analysis.samples import FLAGS
from analysis.study import Study

POSTHOC = {"tukey": "Tukey on estimated marginal means", "games_howell": "Games-Howell"}
COVARIANCES = {
    "classical": "the model's pooled error variance",
    "hc3": "the heteroscedasticity-consistent HC3 covariance (Long & Ervin, 2000)",
}


def methods_text(report) -> str:
    """Return the text of `methods.txt`: participants, analysis, then the results sentence by sentence."""
    paragraphs = ["Participants", _participants(report), "Statistical analysis", _analysis(report), "Results"]
    for section in report.sections:
        for found in section.records:
            if found.sentences:
                paragraphs.append(f"{found.title} ({found.type}, n = {found.n}). " + "; ".join(found.sentences) + ".")
            elif not found.defined:
                paragraphs.append(f"{found.title} ({found.type}): not defined, because {found.reason}.")
    return "\n\n".join(paragraphs) + "\n"


def _participants(report) -> str:
    sample = report.sample
    flow = dict(sample.flow.itertuples(index=False))
    left_out = [f"{n} {reason}" for reason, n in flow.items() if reason not in ("started", "analysed")]
    text = f"{flow['started']} participants started and {flow['analysed']} were analysed"
    text += f" (left out: {apa.listing(left_out)})." if left_out else "; nobody was left out."
    if sample.simulated:
        text += " All of them are simulated (bots): this is a rehearsal, not data about people."
    return text


def _analysis(report) -> str:
    plan, study = report.plan, report.sample.study
    ids = {found.id for section in report.sections for found in section.records}
    kinds = {id.split(".")[1] for id in ids if "." in id}
    parts = [design(study)]
    if "anova" in kinds:
        parts.append(
            "Outcomes with one value per participant were analysed by factorial ANOVA "
            f"(type {plan.ss_type} sums of squares, sum-to-zero contrasts), once with the classical and once with the "
            "heteroscedasticity-consistent HC3 covariance; effect sizes are partial η² with 90% confidence intervals "
            "from the noncentral F distribution. "
            "Normality of the residuals was assessed by the Shapiro-Wilk test and equality of variances by Levene's "
            "test about the median; neither decided which test was used."
        )
    if "tukey" in kinds:
        named = apa.listing(
            sorted({COVARIANCES[plan.covariance_of(id.split(".")[0])] for id in ids if ".tukey." in id})
        )
        parts.append(f"Pairwise differences of estimated marginal means were tested by Tukey's method with {named}.")
    if "games_howell" in kinds:
        parts.append("Pairwise differences of means were tested by the Games-Howell method.")
    if "kruskal" in kinds:
        parts.append(
            "Ordered ratings were compared by Kruskal-Wallis tests, corrected for ties, with ε² as effect size."
        )
    if "dunn" in kinds:
        parts.append(f"Dunn's two-sided comparisons followed ({plan.correction.capitalize()} within each grouping).")
    if "logistic" in kinds:
        parts.append(
            "Single right or wrong answers were modelled by logistic regression with a random intercept per "
            "participant (adaptive Gauss-Hermite quadrature, 15 nodes) and by generalised estimating equations with a "
            "bias-reduced covariance."
        )
    parts.append(f"The significance level was α = {apa.bounded(plan.alpha)}. {_software()}")
    return " ".join(parts)


def design(study: Study) -> str:
    """Return one sentence about the factors."""
    if not study.tested:
        return "The study had one condition."
    factors = [f"{apa.words(name)} ({', '.join(study.participants[name].cat.categories)})" for name in study.tested]
    return f"The design was between subjects, with {apa.listing(factors)}."


def _software() -> str:
    names = {"pandas": "pandas", "scipy": "SciPy", "statsmodels": "statsmodels"}
    named = [f"{title} {importlib.metadata.version(name)}" for name, title in names.items()]
    return f"Analyses were run with {apa.listing(named)}."


def preregistration(plan: Plan, title: str, design: str) -> str:
    """Return a preregistration text in Markdown, made from the plan."""
    lines = [f"# Analysis plan: {title}", "", "## Hypotheses", ""]
    lines += [_hypothesis(stated) for stated in plan.hypotheses] or ["None stated."]
    lines += ["", "## Design", "", design, "", "## Analyses", ""]
    lines += [f"- Primary: {apa.listing([f'`{id}`' for id in plan.primary]) or 'none'}"]
    lines += [f"- Secondary: {apa.listing([f'`{id}`' for id in plan.secondary]) or 'none'}"]
    lines += ["- Everything else is exploratory and will be reported as such."]
    lines += [f"- Type {plan.ss_type} sums of squares with sum-to-zero contrasts; α = {apa.bounded(plan.alpha)}."]
    lines += [f"- Post hoc: {POSTHOC[plan.posthoc]}; correction for several tests: {plan.correction.capitalize()}."]
    lines += [f"- Post hoc tests of `{name}` use {COVARIANCES[kind]}." for name, kind in plan.covariance.items()]
    lines += [f"- `{name}` counts as equivalent within ± {bound:g} (TOST)." for name, bound in plan.bounds.items()]
    lines += [
        "",
        "## Exclusions",
        "",
        "Runs that were not completed are left out, and so is who meets one of these:",
        "",
    ]
    lines += [f"- {FLAGS[flag].format(**vars(plan))}" for flag in plan.exclude] or ["- no further rule"]
    marked = [FLAGS[flag].format(**vars(plan)) for flag in FLAGS if flag not in plan.exclude]
    if marked:
        lines += ["", f"Marked, kept, and left out only in the sensitivity table: {'; '.join(marked)}."]
    return "\n".join([*lines, "", f"Random steps (bootstrap) are seeded with {plan.seed}.", ""])


def _hypothesis(stated: dict) -> str:
    term = f", term `{stated['term']}`" if stated.get("term") else ""
    return f"- **{stated.get('id', 'H')}** {stated['text']} Tested by `{stated['analysis']}`{term}."
