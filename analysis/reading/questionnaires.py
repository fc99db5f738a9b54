"""Questionnaires as an export holds them: the table `answers`, and what its description says of each item.

An item's wording, levels and limits stand under the column `<questionnaire>_<item>` of `variableMeasured`.
"""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading.study import Study

ASKED = ("participant", "questionnaire", "item", "block", "trial_index")
NUMBERS = ("likert", "slider", "number")
LISTS = ("choices", "ranking")
CLOSED = ("choice", *LISTS)


@dataclass(frozen=True)
class Item:
    """One item as it was declared: `limits` are the ends of its range, `levels` what its answers mean.

    `column` is its name among the study's columns. A `check` has a right answer; `remark` says what is odd.
    """

    questionnaire: str
    code: str
    type: str
    text: str
    scale: str = ""
    reverse: bool = False
    check: bool = False
    levels: dict[str, str] = field(default_factory=dict)
    limits: tuple[float, float] | None = None
    remark: str = ""

    @property
    def column(self) -> str:
        """The item's column in the steps table."""
        return f"{self.questionnaire}_{self.code}"

    @property
    def points(self) -> tuple[float, ...]:
        """Every point of a rating from the lowest to the highest that was declared; none of other items."""
        if self.type != "likert" or self.limits is None:
            return ()
        return tuple(range(int(self.limits[0]), int(self.limits[1]) + 1))


def given(study: Study) -> pd.DataFrame:
    """Return the answers to every item, of each occasion as at the last attempt; no row where nothing was asked.

    `number` is a rating's, slider's or number's answer as it was given, `score` the same with reverse-coded ones turned
    round.
    """
    table = study.answers
    if table is None or table.empty:
        return pd.DataFrame(columns=[*ASKED, "step_index", "type", "scale", "reverse", "value", "score", "number"])
    table = table.reindex(columns=[*dict.fromkeys([*table.columns, *ASKED])]).sort_values("step_index", kind="stable")
    table = table.drop_duplicates(list(ASKED), keep="last")
    numeric = table["type"].isin(NUMBERS)
    return table.assign(
        number=pd.to_numeric(table["value"].where(numeric), errors="coerce").astype(float),
        score=pd.to_numeric(table["score"], errors="coerce").astype(float),
    )


def items(study: Study) -> list[Item]:
    """Return every item that was asked, by questionnaire, in the order of the description's columns."""
    answers = given(study)
    described = {str(entry.get("name")): (place, entry) for place, entry in enumerate(study.variables)}
    asked = [_item(rows, described.get(f"{questionnaire}_{code}", (0, {}))[1])
             for (questionnaire, code), rows in answers.groupby(["questionnaire", "item"], sort=False)]  # fmt: skip
    last = len(described)
    return sorted(asked, key=lambda item: described.get(item.column, (last, {}))[0])


def titles(study: Study) -> dict[str, str]:
    """Return the questionnaires' titles by name, a title that several have with the name behind it."""
    entry = next((entry for entry in study.variables if entry.get("name") == "questionnaire"), {})
    levels = entry.get("levels") if isinstance(entry.get("levels"), dict) else {}
    by_name = {str(name): " ".join(str(title).split()) for name, title in (levels or {}).items()}
    shared = {title for title, n in Counter(by_name.values()).items() if n > 1}
    return {name: f"{title} ({name})" if title in shared else title for name, title in by_name.items() if title}


def chosen(answers: pd.Series, item: Item) -> pd.Series:
    """Return what was answered as lists: of a choice one entry, of several choices and rankings all, in their order."""
    return answers.dropna().map(lambda cell: _listed(cell, item) if item.type in LISTS else [str(cell)])


def _item(rows: pd.DataFrame, entry: dict[str, Any]) -> Item:
    newest = rows.iloc[-1]
    scale = "" if pd.isna(newest["scale"]) else str(newest["scale"])
    reverse = bool(newest["reverse"]) if pd.notna(newest["reverse"]) else False
    levels = entry.get("levels") if isinstance(entry.get("levels"), dict) else {}
    item = Item(
        str(newest["questionnaire"]),
        str(newest["item"]),
        str(newest["type"]),
        _wording(str(entry.get("description") or newest["item"]), scale, reverse),
        scale,
        reverse,
        check="correct" in rows and bool(rows["correct"].notna().any()),
        levels={str(code): str(label) for code, label in (levels or {}).items()},
    )
    limits, remark = _limits(item, entry, rows["number"].dropna())
    if len(rows[["type", "scale", "reverse"]].drop_duplicates()) > 1:
        remark = f"{item.column} was asked in different ways; it is described as it was asked last. {remark}"
    return replace(item, limits=limits, remark=remark.strip())


def _wording(description: str, scale: str, reverse: bool) -> str:
    told = f" (scale {scale}{', reverse-coded' if reverse else ''})" if scale else ""
    return " ".join(description.replace(f"{told};", ";").removesuffix(told).split())


def _limits(item: Item, entry: dict[str, Any], answers: pd.Series) -> tuple[tuple[float, float] | None, str]:
    """Return the ends that the description declares; none, with the reason, where answers lie beyond them."""
    ends = [entry.get("minValue"), entry.get("maxValue")]
    if item.type == "likert":
        ends = [int(code) for code in item.levels if code.lstrip("-").isdigit()]
    known = [float(end) for end in ends if isinstance(end, int | float)]
    if item.type not in NUMBERS:
        return None, ""
    if len(known) < 2:
        return None, f"The export does not say from where to where {item.column} goes."
    low, high = min(known), max(known)
    if len(answers) and not (low <= answers.min() and answers.max() <= high):
        given = f"answers from {answers.min():g} to {answers.max():g}, declared {low:g} to {high:g}"
        return None, f"{item.column} was answered beyond its scale ({given}), which is left aside."
    return (low, high), ""


def _listed(cell: object, item: Item) -> list[str]:
    try:
        content = json.loads(str(cell))
    except json.JSONDecodeError:
        content = None
    if not isinstance(content, list):
        raise AnalysisError(f"answers table, {item.column}: found {cell!r}, expected a JSON list")
    return [str(one) for one in content]
