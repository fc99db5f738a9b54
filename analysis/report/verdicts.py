"""What the data say of each hypothesis: by its own test, and by the direction in which it was stated."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.reading.hypotheses import sort_of
from analysis.reading.plans import Plan
from analysis.report.content import Report
from analysis.results import apa
from analysis.results.records import Record
from analysis.statistics.multiplicity import CORRECTIONS, adjust

SAID = {
    "supported": "Supported by these data",
    "contradicted": "Contradicted by these data",
    "not supported": "Not supported by these data",
    "not defined": "Not tested",
    "absent": "Not tested",
}


@dataclass(frozen=True)
class Verdict:
    """A verdict (a key of `SAID`), the analysis that gave it, its adjusted p, and the test in words."""

    verdict: str
    analysis: str
    p: float | None
    words: str
    p_adjusted: float | None = None

    @property
    def text(self) -> str:
        """The verdict as the report prints it."""
        return f"{SAID[self.verdict]}: {self.words}"


def verdicts(report: Report) -> list[Verdict]:
    """Return the verdict on each hypothesis of the plan, in their order.

    Where primary hypotheses are about several outcomes, their p values are adjusted over all of them by the plan's
    correction, and a verdict needs the adjusted one.
    """
    plan = report.plan
    judged = [_verdict(report, stated) for stated in plan.hypotheses]
    family = [i for i, stated in enumerate(plan.hypotheses) if plan.type_of(stated["analysis"]) == "primary"]
    if len({report.kind_of(plan.hypotheses[i]["analysis"])[0] for i in family}) < 2:
        return judged
    tested = [i for i in family if judged[i].p is not None]
    adjusted = adjust(np.array([judged[i].p for i in tested], float), plan.correction)
    for i, p in zip(tested, adjusted, strict=True):
        judged[i] = _adjusted(judged[i], float(p), len(tested), plan)
    return judged


def _adjusted(verdict: Verdict, p: float, size: int, plan: Plan) -> Verdict:
    held = verdict.verdict if p < plan.alpha else "not supported"
    sentence = (
        f"{verdict.words}; {apa.p_value(p)} adjusted over {size} primary hypotheses ({CORRECTIONS[plan.correction]})"
    )
    return replace(verdict, verdict=held, words=sentence, p_adjusted=p)


def _verdict(report: Report, stated: dict[str, Any]) -> Verdict:
    analysis = stated["analysis"]
    records = [record for section in report.sections for record in section.records
               if record.id == analysis or record.id.startswith((f"{analysis}.", f"{analysis}~"))]  # fmt: skip
    if not records:
        return Verdict("absent", analysis, None, "the report holds no such analysis, for the data hold nothing for it")
    if all(not record.defined for record in records):
        return Verdict("not defined", records[0].id, None, records[0].reason)
    sort, _ = sort_of(analysis)
    judge = {"effect": _effect, "contrast": _contrast, "equivalence": _equivalence}[sort]
    return judge(report, stated, [record for record in records if record.defined])


def _effect(report: Report, stated: dict[str, Any], records: list[Record]) -> Verdict:
    for record in records:
        rows = record.terms[[_same_term(term, stated["term"]) for term in record.terms["term"]]]
        if len(rows):
            p = float(rows["p"].iloc[0])
            if pd.isna(p):
                return Verdict("not defined", record.id, None, str(rows["reason"].iloc[0]))
            start = f"{apa.words(rows['term'].iloc[0])}: "
            sentences = [text.removeprefix(start) for text in record.sentences if text.startswith(start)]
            words = "; ".join(sentences) or apa.p_value(p)
            return Verdict("supported" if p < report.plan.alpha else "not supported", record.id, p, words)
    return Verdict("not defined", records[0].id, None, f"{apa.words(stated['term'])} does not vary in these data")


def _same_term(term: str, stated: str) -> bool:
    """Return whether a term is the one stated; factors may stand in any order."""
    return sorted(str(term).split(":")) == sorted(stated.split(":"))


def _contrast(report: Report, stated: dict[str, Any], records: list[Record]) -> Verdict:
    high, low = stated["higher"], stated["lower"]
    wanted = stated.get("term")
    contrasts = [(kept, row) for kept in records for row in _rows(kept.terms, high, low, report.plan.paired_test)
                 if getattr(row, "sides", None) in (None, stated.get("sided", "two"))
                 if not wanted or getattr(row, "term", "") == wanted or kept.method.get("factor") == wanted
                 or f".{wanted}" in kept.id]  # fmt: skip
    if len(contrasts) != 1:
        reason = (
            "its two levels were not compared" if not contrasts else "two factors have these levels: name one of them"
        )
        return Verdict("not defined", records[0].id, None, reason)
    kept, row = contrasts[0]
    p = float(row.p_adjusted)
    if pd.isna(p):
        return Verdict("not defined", kept.id, None, str(getattr(row, "reason", "")) or "not defined for these data")
    own = float(row.effect) if hasattr(row, "effect") else float(row.diff)  # a test's own direction
    agrees = own > 0 if str(row.a) == high else own < 0
    verdict = "not supported" if p >= report.plan.alpha else "supported" if agrees else "contradicted"
    return Verdict(verdict, kept.id, p, _words(kept, row))


def _rows(terms: pd.DataFrame, high: str, low: str, paired_test: str) -> list[Any]:
    """Return the rows that compare the two levels; of a pair's two tests the one that the plan names."""
    if "V" in terms:
        terms = terms[terms["term"] == paired_test]
    return [row for row in terms.itertuples() if {str(row.a), str(row.b)} == {high, low}]


def _words(kept: Record, row: Any) -> str:
    if "V" in kept.terms:
        return "; ".join(kept.sentences)
    adjusted = f" ({CORRECTIONS[kept.method['correction']]})" if "correction" in kept.method else ""
    p = f"{apa.p_value(row.p_adjusted)}{adjusted}"
    if hasattr(row, "z"):
        return f"{apa.words(row.a)} − {apa.words(row.b)}: z = {apa.number(row.z)}, {p}"
    if not hasattr(row, "t"):
        return (f"{apa.words(row.a)} − {apa.words(row.b)}: Δ = {apa.bounded(row.diff)}, "
                f"{apa.interval(row.ci_low, row.ci_high, 95)}, {p}")  # fmt: skip
    named = {"tukey": " (Tukey)", "games_howell": " (Games-Howell)"}.get(sort_of(kept.id)[1], "")
    return f"{kept.sentences[row.Index]}{named}"


def _equivalence(report: Report, stated: dict[str, Any], records: list[Record]) -> Verdict:
    """Supported where every pair lies within the bound; contradicted where an interval lies wholly beyond it."""
    kept = records[0]
    rows = kept.terms
    if "a" in stated and "b" in stated:
        pair = {stated["a"], stated["b"]}
        rows = rows[[{str(a), str(b)} == pair for a, b in zip(rows["a"], rows["b"], strict=True)]]
    tested = rows.dropna(subset="p_adjusted")
    if tested.empty or len(tested) < len(rows):
        return Verdict("not defined", kept.id, None, "not every pair of its levels could be tested")
    bound = float(kept.method["bound"])
    p = float(tested["p_adjusted"].max())
    beyond = ((tested["ci_low"] > bound) | (tested["ci_high"] < -bound)).any()
    verdict = "supported" if p < report.plan.alpha else "contradicted" if beyond else "not supported"
    differences = [f"{apa.words(row.a)} − {apa.words(row.b)}: Δ = {apa.number(row.diff)}, "
                   f"{apa.interval(row.ci_low, row.ci_high, 90, apa.number)}, {apa.p_value(row.p_adjusted)}"
                   for row in tested.itertuples()]  # fmt: skip
    return Verdict(verdict, kept.id, p, f"within ± {bound:g}: {'; '.join(differences)}")
