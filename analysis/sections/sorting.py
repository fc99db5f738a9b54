"""Sortings of images into groups, scored: purity against the model's prediction, its chance level and companions."""

import pandas as pd

from analysis.errors import NotDefined
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.statistics.agreement import clusters

SUMMARY = ("term", "n", "purity", "chance", "excess", "t", "p", "p_permutation", "ari", "ami", "v_measure")
SIZES = ("class_sizes", "group_sizes")


def score(images: pd.DataFrame, keys: list[str], n_groups: int | None, null: str = "uniform") -> pd.DataFrame:
    """Return one row per sorting (per value of `keys`): purity, chance, p_chance, ari, ami, v_measure, and its sizes.

    `images` has a row per image with `truth`, the model's class, and `group`. An image that was not placed is left out.
    Without a number of groups, as many are assumed as were ever used or as there are classes, whichever is more.
    """
    placed = images.dropna(subset=["truth", "group"])
    n_groups = n_groups or max(placed["group"].nunique(), placed["truth"].nunique())
    rows = []
    for key, sorting in placed.groupby(keys, observed=True, sort=False):
        scores = clusters.agreement(sorting["truth"].to_numpy(), sorting["group"].to_numpy(), n_groups, null)
        sizes = clusters.sizes_of(sorting["truth"]), clusters.sizes_of(sorting["group"])
        rows.append((*(key if isinstance(key, tuple) else (key,)), *scores, *sizes))
    return pd.DataFrame(rows, columns=[*keys, *clusters.COLUMNS, *SIZES])


def purity_record(measure: Measure, scored: pd.DataFrame, null: str = "uniform") -> Record:
    """Return purity in each condition against its own chance level, one value per participant, with ARI, AMI and V."""
    factors = [factor for factor in [*measure.between, *measure.within] if scored[factor].nunique() > 1]
    parts = {"all": scored}
    if factors:
        key = factors if len(factors) > 1 else factors[0]
        for level, rows in scored.groupby(key, observed=True):
            parts[" × ".join(map(str, level)) if isinstance(level, tuple) else str(level)] = rows
    nulls = {
        "uniform": "independent uniform assignment",
        "permutation": "permutation with the participant's group sizes",
    }
    return record(
        f"{measure.name}.purity",
        f"{measure.label}: purity against its chance level",
        lambda: pd.DataFrame([_summary(term, rows) for term, rows in parts.items()], columns=(*SUMMARY, "reason")),
        SUMMARY,
        {
            "function": "purity; exact chance level; one-sided t test of the excess over participants; exact "
            "permutation test of all sortings together",
            "null": nulls[null],
            "permutation": f"{nulls['permutation']}, independently in every sorting",
        },
        scored["participant"].nunique(),
        0,
        lambda terms: [
            f"{apa.words(row.term)}: purity {apa.bounded(row.purity)} against a chance level of "
            f"{apa.bounded(row.chance)}, {apa.p_value(row.p)}; by permutation {apa.p_value(row.p_permutation)}"
            for row in terms.itertuples()
        ],
    )


def _summary(term: str, rows: pd.DataFrame) -> tuple[object, ...]:
    means = rows.groupby("participant")[["purity", "chance", "ari", "ami", "v_measure"]].mean()
    averages = means.mean()
    head = (term, len(means), averages["purity"], averages["chance"])
    tail = (_permutation_p(rows), averages["ari"], averages["ami"], averages["v_measure"])
    try:
        excess, t, p = clusters.above_chance(means["purity"].to_numpy(), means["chance"].to_numpy())
    except NotDefined as refusal:
        return (
            *head,
            averages["purity"] - averages["chance"],
            float("nan"),
            float("nan"),
            *tail,
            refusal.reason_with(apa.words),
        )
    return (*head, excess, t, p, *tail, "")


def _permutation_p(rows: pd.DataFrame) -> float:
    scored = rows.dropna(subset=["purity"])
    agreeing = (scored["purity"] * scored["class_sizes"].map(sum)).round().sum()
    return clusters.permutation_p(list(zip(scored["class_sizes"], scored["group_sizes"], strict=True)), int(agreeing))
