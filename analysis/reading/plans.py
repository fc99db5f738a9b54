"""The analysis plan: what was decided before anyone looked at the answers.

`analysis_plan.json` is frozen with a published study. Analyses it lists are primary or secondary; all others are
exploratory, and the report keeps them apart. Without a frozen plan the recipe's own default is used, and said to be.
"""

import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from analysis.errors import AnalysisError
from analysis.reading.hypotheses import check_stated
from analysis.statistics.multiplicity import CORRECTIONS

SCHEMA = 1
EXCLUSIONS = ("incomplete", "too_fast", "constant", "failed_checks")
COVARIANCES = ("classical", "hc3")
SUPPORTING = ("descriptives", "normality", "levene")
SOURCES = {
    "frozen": "the analysis plan frozen with the study",
    "given": "the analysis plan given to the report",
    "default": "the recipe's default plan: nothing was registered before the data were seen",
}


@dataclass(frozen=True)
class Plan:
    """Hypotheses, which analyses test them, who is left out, and the settings of the tests.

    `primary` and `secondary` hold ids of `results.json`; an id without its last part covers what follows
    (`fraction_correct.tukey` covers every factor). `covariance` says per outcome whether post hoc tests use the
    classical or the HC3 covariance; `bounds` gives per outcome the difference below which conditions are equivalent.
    `exclude` names the quality flags (`EXCLUSIONS`) that remove a participant; the others only mark. Too fast is below
    `min_median_rt_ms`, or below a third of the usual time where it is 0.
    """

    hypotheses: tuple[dict[str, Any], ...] = ()
    primary: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ("incomplete",)
    min_median_rt_ms: float = 0.0
    alpha: float = 0.05
    ss_type: int = 3
    posthoc: str = "tukey"
    covariance: dict[str, Any] = field(default_factory=dict)
    correction: str = "holm"
    bounds: dict[str, Any] = field(default_factory=dict)
    paired_test: str = "wilcoxon"
    seed: int = 20180
    source: str = "default"

    def type_of(self, id: str) -> str:
        """Return primary, secondary or exploratory; what supports a planned test is planned with it."""
        for kind in ("primary", "secondary"):
            if any(id == listed or id.startswith(f"{listed}.") for listed in getattr(self, kind)):
                return kind
        outcome, _, suffix = id.rpartition(".")
        planned = any(listed.startswith(f"{outcome}.") for listed in (*self.primary, *self.secondary))
        return "secondary" if suffix in SUPPORTING and planned else "exploratory"

    def covariance_of(self, outcome: str) -> str:
        """Return the covariance that the outcome's post hoc tests use."""
        return str(self.covariance.get(outcome, "classical"))

    def as_json(self) -> dict[str, Any]:
        """Return the plan as it stands in `analysis_plan.json`."""
        return {"schema_version": SCHEMA, **asdict(self)}


CHOICES = {
    "ss_type": (2, 3),
    "posthoc": ("tukey", "games_howell"),
    "correction": tuple(CORRECTIONS),
    "paired_test": ("wilcoxon", "t"),
}


def read_plan(content: dict[str, Any], default: Plan, where: str, source: str) -> Plan:
    """Return the plan in a JSON object; fields left out keep the recipe's default. Every mistake names its field."""
    known = {entry.name for entry in fields(Plan)} - {"source"}
    unknown = sorted(set(content) - known - {"schema_version", "title", "source"})
    if unknown:
        raise AnalysisError(f"{where}: unknown field {', '.join(unknown)}; expected some of {', '.join(sorted(known))}")
    values = {
        name: _as_stored(getattr(default, name), content[name], f"{where}, {name}") for name in known & set(content)
    }
    plan = replace(default, **values, source=source)
    for name, choices in CHOICES.items():
        if getattr(plan, name) not in choices:
            raise AnalysisError(f"{where}, {name}: found {getattr(plan, name)!r}, expected one of {choices}")
    if not 0 < plan.alpha < 1:
        raise AnalysisError(f"{where}, alpha: found {plan.alpha}, expected a number between 0 and 1")
    if not 0 <= plan.min_median_rt_ms < math.inf:
        raise AnalysisError(f"{where}, min_median_rt_ms: found {plan.min_median_rt_ms}, expected a number from 0")
    _check_entries(plan, where)
    wrong = [flag for flag in plan.exclude if flag not in EXCLUSIONS]
    if wrong:
        raise AnalysisError(f"{where}, exclude: found {', '.join(wrong)}, expected some of {', '.join(EXCLUSIONS)}")
    return plan


def _check_entries(plan: Plan, where: str) -> None:
    """Refuse hypotheses, ids, covariances, bounds and a seed that no report could use."""
    for number, stated in enumerate(plan.hypotheses, start=1):
        known = isinstance(stated, dict) and all(isinstance(value, str) for value in stated.values())
        if not known or not {"text", "analysis"} <= set(stated):
            expected = "an object with the texts id, text, analysis, and what it states"
            raise AnalysisError(f"{where}, hypotheses {number}: found {stated!r}, expected {expected}")
    for name in ("primary", "secondary", "exclude"):
        wrong = [id for id in getattr(plan, name) if not isinstance(id, str)]
        if wrong:
            raise AnalysisError(f"{where}, {name}: found {wrong[0]!r}, expected texts")
    for outcome, covariance in plan.covariance.items():
        if covariance not in COVARIANCES:
            raise AnalysisError(f"{where}, covariance, {outcome}: found {covariance!r}, expected one of {COVARIANCES}")
    for outcome, bound in plan.bounds.items():
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not 0 < bound < math.inf:
            raise AnalysisError(f"{where}, bounds, {outcome}: found {bound!r}, expected a positive number")
    named: set[str] = set()
    for number, stated in enumerate(plan.hypotheses, start=1):
        if stated.get("id") in named:
            raise AnalysisError(f"{where}, hypotheses {number}, id: found {stated['id']!r} again, expected it once")
        named |= {stated["id"]} if "id" in stated else set()
        check_stated(stated, plan.bounds, f"{where}, hypotheses {number}")
    if not isinstance(plan.seed, int) or plan.seed < 0:
        raise AnalysisError(f"{where}, seed: found {plan.seed!r}, expected a whole number from 0")


def _as_stored(default: Any, value: Any, where: str) -> Any:
    """Return a JSON value as the plan stores it, refusing another type than the default's."""
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    number = isinstance(default, int | float) and isinstance(value, int | float) and not isinstance(value, bool)
    if number or type(value) is type(default):
        return value
    expected = "list" if isinstance(default, tuple) else type(default).__name__
    raise AnalysisError(f"{where}: found {value!r}, expected a {expected}")
