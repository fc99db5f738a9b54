"""The items of a questionnaire, described: numbers, shares of each answer, and bars over the declared scale.

A participant who was asked an item several times counts once in the tables, by the mean of the answers.
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.plots import ratings
from analysis.reading.questionnaires import CLOSED, NUMBERS, Item, chosen
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Figure
from analysis.statistics.effects import wilson
from analysis.statistics.means import SHARE, mean_interval

NUMERIC = ("item", "wording", "n", "mean", "sd", "median", "q1", "q3", "min", "max", "from", "to")
SHARES = ("item", "answer", "n", "share", "ci_low", "ci_high")
PARTS = 5  # of a slider's range
CAPTION = "Shares of all answers on the whole declared scale, low to the left of the line and high to the right."

Bars = dict[tuple[str, ...], list[tuple[Item, pd.Series]]]  # labels → the items that have them, each with its counts


def records(questionnaire: str, items: list[Item], answers: pd.DataFrame) -> list[Record]:
    """Return the tables of a questionnaire's numeric items and of its answers to choose from."""
    people = int(answers["participant"].nunique())
    numeric = [item for item in items if item.type in NUMBERS]
    closed = [item for item in items if item.type in ("likert", *CLOSED)]
    kept = []
    if numeric:
        kept.append(
            record(
                f"{questionnaire}.items",
                f"{apa.opening(apa.words(questionnaire))}: items",
                lambda: pd.DataFrame([_numbers(item, of(answers, item)) for item in numeric], columns=NUMERIC),
                NUMERIC,
                {"function": "of participants, numpy mean, sd (n − 1), quantiles type 7", "coding": "as answered"},
                people,
            )
        )
    if closed:
        rows = [row for item in closed for row in _shares(item, of(answers, item))]
        kept.append(
            record(
                f"{questionnaire}.shares",
                f"{apa.opening(apa.words(questionnaire))}: shares of each answer",
                lambda: pd.DataFrame(rows, columns=SHARES),
                SHARES,
                {"function": "share of participants with Wilson's 95% interval; asked several times: the mean of their "
                 "own shares, the interval at the effective sample size, with t quantiles", "ranking": "put first"},
                people,
            )
        )  # fmt: skip
    return kept


def of(answers: pd.DataFrame, item: Item) -> pd.DataFrame:
    """Return the rows of one item."""
    return answers[(answers["questionnaire"] == item.questionnaire) & (answers["item"] == item.code)]


def bars(questionnaire: str, items: list[Item], answers: pd.DataFrame) -> list[Figure]:
    """Return one figure of diverging bars for all items that share their declared points; sliders in five parts."""
    together: Bars = {}
    for item in items:
        counts = _counts(item, of(answers, item)["number"].dropna())
        if counts is not None and counts.sum():
            together.setdefault(tuple(counts.index), []).append((item, counts))
    return [
        _bars(questionnaire, place, [*labels], its) for place, (labels, its) in enumerate(together.items(), start=1)
    ]


def _bars(questionnaire: str, place: int, labels: list[str], its: list[tuple[Item, pd.Series]]) -> Figure:
    table = pd.DataFrame([counts.to_numpy() for _, counts in its], index=[item.column for item, _ in its])
    names = [f"{item.text} (reverse-coded)" if item.reverse else item.text for item, _ in its]
    shares = table.div(table.sum(axis=1), axis=0)
    described = "; ".join(
        f"“{name}” {', '.join(f'{label} {apa.percent(share)}' for label, share in zip(labels, row, strict=True))}"
        for name, row in zip(names, shares.to_numpy(), strict=True)
    )
    return Figure(
        f"{questionnaire}-bars-{place}",
        f"{apa.opening(apa.words(questionnaire))}: all answers",
        CAPTION,
        f"Diverging bars, a row per item. {described}.",
        lambda: ratings.likert(table, labels, names),
        pd.DataFrame(shares.to_numpy(), columns=labels).assign(item=names),
    )


def _counts(item: Item, values: pd.Series) -> pd.Series | None:
    """Return how often each declared point was answered, by its label; None where the scale is not known."""
    if item.points:
        counts = values.value_counts().reindex([*item.points], fill_value=0)
        return counts.set_axis([_named(point, item) for point in item.points])
    if item.type != "slider" or item.limits is None:
        return None
    edges = np.linspace(*item.limits, PARTS + 1)
    counts, _ = np.histogram(values, edges)
    return pd.Series(counts, [f"{low:g} to {high:g}" for low, high in pairwise(edges)])


def _named(point: float, item: Item) -> str:
    return item.levels.get(f"{point:g}") or f"{point:g}"


def _numbers(item: Item, rows: pd.DataFrame) -> tuple[object, ...]:
    values = rows.groupby("participant")["number"].mean().dropna().to_numpy(float)
    ends = item.limits or (np.nan, np.nan)
    if not len(values):
        return (item.code, item.text, 0, *[np.nan] * 7, *ends)
    sd = values.std(ddof=1) if len(values) > 1 else np.nan
    q1, median, q3 = np.percentile(values, [25, 50, 75])
    return (item.code, item.text, len(values), values.mean(), sd, median, q1, q3, values.min(), values.max(), *ends)


def _shares(item: Item, rows: pd.DataFrame) -> Iterable[tuple[object, ...]]:
    """Yield a row per answer that can be given; of rankings how often it came first."""
    taken = chosen(rows["value"], item)
    if item.type == "ranking":
        taken = taken.map(lambda listed: listed[:1])
    people = rows.loc[taken.index, "participant"]
    once = not people.duplicated().any()
    strange = {one for listed in taken for one in listed} - {*item.levels}
    for code in [*item.levels, *sorted(strange)]:
        own = taken.map(lambda listed, code=code: code in listed).astype(float).groupby(people).mean().to_numpy(float)
        if not len(own):
            continue
        share = own.mean()
        low, high = wilson(int(own.sum()), len(own)) if once else mean_interval(own, SHARE)
        yield item.code, item.levels.get(code, code), len(own), share, low, high
