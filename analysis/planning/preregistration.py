"""A preregistration text that can be pasted, made from the plan."""

from typing import Any

from analysis.reading.plans import Plan
from analysis.reading.samples import FLAGS, in_words
from analysis.results import apa
from analysis.results.markdown import code, literal
from analysis.statistics.multiplicity import CORRECTIONS

POSTHOC = {"tukey": "Tukey on estimated marginal means", "games_howell": "Games-Howell"}
COVARIANCES = {
    "classical": "the model's pooled error variance",
    "hc3": "the heteroscedasticity-consistent HC3 covariance (Long & Ervin, 2000)",
}


def preregistration(plan: Plan, title: str, design: str) -> str:
    """Return a preregistration text in Markdown, made from the plan."""
    lines = [f"# Analysis plan: {literal(title)}", "", "## Hypotheses", ""]
    lines += [_hypothesis(stated) for stated in plan.hypotheses] or ["None stated."]
    lines += ["", "## Design", "", literal(design), "", "## Analyses", ""]
    lines += [f"- Primary: {apa.listing([code(id) for id in plan.primary]) or 'none'}"]
    lines += [f"- Secondary: {apa.listing([code(id) for id in plan.secondary]) or 'none'}"]
    lines += ["- Everything else is exploratory and will be reported as such."]
    lines += [f"- Type {plan.ss_type} sums of squares with sum-to-zero contrasts; α = {apa.level(plan.alpha)}."]
    lines += [f"- Post hoc: {POSTHOC[plan.posthoc]}; correction for several tests: {CORRECTIONS[plan.correction]}."]
    outcomes = {stated["analysis"].partition(".")[0] for stated in plan.hypotheses
                if plan.type_of(stated["analysis"]) == "primary"}  # fmt: skip
    if len(outcomes) > 1:
        lines += [f"- Primary hypotheses on several outcomes: p adjusted over all ({CORRECTIONS[plan.correction]})."]
    lines += [f"- Post hoc tests of {code(name)} use {COVARIANCES[kind]}." for name, kind in plan.covariance.items()]
    lines += [f"- {code(name)} counts as equivalent within ± {bound:g} (TOST)." for name, bound in plan.bounds.items()]
    lines += [
        "",
        "## Exclusions",
        "",
        "Runs that were not completed are left out, and so is who meets one of these:",
        "",
    ]
    lines += [f"- {literal(in_words(flag, plan))}" for flag in plan.exclude] or ["- no further rule"]
    marked = [in_words(flag, plan) for flag in FLAGS if flag not in plan.exclude]
    if marked:
        lines += ["", f"Marked, kept, and left out only in the sensitivity table: {'; '.join(marked)}."]
    return "\n".join([*lines, "", f"Random steps (bootstrap) are seeded with {plan.seed}.", ""])


def _hypothesis(stated: dict[str, Any]) -> str:
    details = f", term {code(stated['term'])}" if stated.get("term") else ""
    if stated.get("higher"):
        details += f", {code(stated['higher'])} higher than {code(stated['lower'])}"
    if stated.get("a") and stated.get("b"):
        details += f", {code(stated['a'])} and {code(stated['b'])}"
    named, text = literal(stated.get("id", "H")), literal(stated["text"])
    return f"- **{named}** {text} Tested by {code(stated['analysis'])}{details}."
