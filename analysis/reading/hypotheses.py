"""What a hypothesis says, read strictly: an effect, a contrast with its direction, or an equivalence within a bound.

{"id", "text", "analysis": "y.anova", "term": "heatmap"}                       an effect of the term
{"id", "text", "analysis": "y.tukey.heatmap", "higher": "lrp", "lower": "none"}  a contrast; also .paired, .dunn …
{"id", "text", "analysis": "y.contrast", "higher": "lrp + cam", "lower": "none", "sided": "one"}   planned, of means
{"id", "text", "analysis": "y.equivalence"}            all pairs, or "a" and "b"; its bound is in `bounds`
"""

from collections.abc import Sequence
from typing import Any

from analysis.errors import AnalysisError
from analysis.reading.study import Measure

EFFECTS = ("anova", "anova_hc3", "anova_within", "deviance", "kruskal", "friedman", "cochran", "welch", "logistic",
           "gee", "mixed", "ordinal", "logistic_crossed", "mixed_crossed", "ordinal_mixed", "purity")  # fmt: skip
CONTRASTS = ("contrast", "tukey", "games_howell", "dunn", "paired", "fisher", "mcnemar", "unpaired")
EQUIVALENCE = ("equivalence",)
PLUS = " + "
FIELDS = {
    "effect": ({"term"}, set()),
    "contrast": ({"higher", "lower"}, {"term", "sided"}),
    "equivalence": (set(), {"a", "b"}),
}
EXPECTED = {
    "effect": "`term`, the factor or interaction whose effect it states",
    "contrast": "`higher` and `lower`, the two levels in the direction it states",
    "equivalence": "no more than `a` and `b`, the two levels",
}
FREE = (
    "logistic",
    "gee",
    "mixed",
    "ordinal",
    "logistic_crossed",
    "mixed_crossed",
    "ordinal_mixed",
    "purity",
)  # their terms are coefficients or conditions, not factors


def sort_of(analysis: str) -> tuple[str, str]:
    """Return what an analysis can test (effect, contrast or equivalence, else nothing), and its name in the id."""
    parts = analysis.split(".")[1:]
    for sort, names in (("effect", EFFECTS), ("contrast", CONTRASTS), ("equivalence", EQUIVALENCE)):
        named = [part for part in parts if part in names]
        if named:
            return sort, named[0]
    return "", ""


def check_stated(stated: dict[str, Any], bounds: dict[str, Any], where: str) -> None:
    """Refuse a hypothesis that no test of its analysis could support or contradict."""
    sort, name = sort_of(stated["analysis"])
    if not sort:
        expected = ", ".join((*EFFECTS, *CONTRASTS, *EQUIVALENCE))
        raise AnalysisError(
            f"{where}, analysis: found {stated['analysis']!r}, expected an outcome and one of {expected}"
        )
    needed, allowed = FIELDS[sort]
    given = set(stated) - {"id", "text", "analysis"}
    if not needed <= given or given - needed - allowed or any(not stated[field] for field in given):
        named = ", ".join(sorted(given)) or "none of these"
        raise AnalysisError(f"{where}: {name} tests an {sort}; expected {EXPECTED[sort]}, found {named}".replace(
            "an contrast", "a contrast"))  # fmt: skip
    if "sided" in stated and (name != "contrast" or stated["sided"] not in ("one", "two")):
        expected = 'one or two, for a planned contrast ("analysis": "y.contrast")'
        raise AnalysisError(f"{where}, sided: found {stated['sided']!r}, expected {expected}")
    if sort == "equivalence" and not any(stated["analysis"] == f"{outcome}.equivalence" for outcome in bounds):
        raise AnalysisError(f"{where}: {stated['analysis']} needs a bound of its outcome in the plan's bounds")


def check_against(hypotheses: Sequence[dict[str, Any]], measures: list[Measure], planned: set[str], where: str) -> None:
    """Refuse hypotheses on outcomes, factors and levels that the study does not have.

    `planned` are outcomes that this kind of study can have, though these data hold nothing for them.
    """
    by_name = {measure.name: measure for measure in measures}
    for number, stated in enumerate(hypotheses, start=1):
        place = f"{where}, hypotheses {number}"
        analysis = stated["analysis"]
        measure = next((by_name[name] for name in sorted(by_name, key=len, reverse=True)
                        if analysis.startswith(f"{name}.")), None)  # fmt: skip
        if measure is None:
            if not any(analysis.startswith(f"{name}.") for name in planned):
                raise AnalysisError(f"{place}, analysis: found {analysis!r}, expected an outcome out of "
                                    f"{', '.join(by_name)}")  # fmt: skip
            continue
        _check_names(stated, measure, place)


def _check_names(stated: dict[str, Any], measure: Measure, where: str) -> None:
    factors = [*measure.between, *measure.within]
    _, name = sort_of(stated["analysis"])
    wrong = [part for part in stated.get("term", "").split(":") if part and part not in (*factors, "cells")]
    if wrong and name not in FREE:
        raise AnalysisError(
            f"{where}, term: found {wrong[0]!r}, expected factors out of {', '.join(factors) or 'none'}"
        )
    parts = stated.get("term", "").split(":")
    if name not in FREE and len(set(parts)) < len(parts):
        raise AnalysisError(f"{where}, term: found {stated['term']!r}, expected each factor once")
    levels = {str(level) for factor in factors for level in measure.data[factor].dropna().unique()}
    for field in ("higher", "lower", "a", "b"):
        level = stated.get(field)
        if level is not None and name == "contrast" and not set(level.split(PLUS)) <= levels:
            raise AnalysisError(f"{where}, {field}: found {level!r}, expected one of {', '.join(sorted(levels))}, or "
                                f"several joined by {PLUS!r}")  # fmt: skip
        if (
            level is not None
            and name in ("tukey", "games_howell", "paired", "fisher", "mcnemar", "equivalence")
            and level not in levels
        ):
            raise AnalysisError(f"{where}, {field}: found {level!r}, expected one of {', '.join(sorted(levels))}")
