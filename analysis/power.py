"""`python -m analysis power`: how many participants per condition, with a curve and a one-line answer."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import apa, recipes
from analysis.errors import AnalysisError, NotDefined
from analysis.load import read_export
from analysis.plots import curves, style
from analysis.samples import select
from analysis.statistics import power as powers
from analysis.statistics.cells import terms_of

COLUMNS = ("n_per_cell", "power", "ci_low", "ci_high")


def by_formula(design: dict[str, int], term: str, f: float, wanted: float, alpha: float) -> tuple[str, pd.DataFrame]:
    """Return the answer and the curve of a planned factorial design for an effect of Cohen's f."""
    if term not in terms_of(list(design)):
        raise AnalysisError(f"--term: found {term!r}, expected one of {', '.join(terms_of(list(design)))}")
    try:
        enough = powers.needed(design, term, f, wanted, alpha)
    except NotDefined as refusal:
        raise AnalysisError(refusal.reason) from None
    sizes = sorted({2, *np.linspace(2, max(4, 2 * enough), 24).round().astype(int), enough})
    rows = [(int(n), power := powers.power(design, term, f, int(n), alpha), power, power) for n in sizes]
    cells = int(np.prod(list(design.values())))
    reached = powers.power(design, term, f, enough, alpha)
    said = (
        f"{enough} participants per condition ({enough * cells} in all) reach a power of {apa.bounded(reached)} "
        f"for {apa.words(term)} at f = {f:g}, α = {apa.bounded(alpha)}."
    )
    return said, pd.DataFrame(rows, columns=COLUMNS)


def by_simulation(export: Path, outcome: str, term: str, sizes: list[int], repeats: int, wanted: float, alpha: float,
                  progress=iter) -> tuple[str, pd.DataFrame]:  # fmt: skip
    """Return the answer and the curve of a study, drawing its conditions' size from a pilot or from its bots' export.

    Simulate the study with its bots first (`manage.py simulate`, `export_study`): their export is the population that
    the recipe's own test is run on.
    """
    study = read_export(export)
    recipe = recipes.find(study.kind)
    sample = select(study, recipe.PLAN)
    measures = {measure.name: measure for measure in recipe.measures(sample.study)}
    if outcome not in measures:
        raise AnalysisError(f"--outcome: found {outcome!r}, expected one of {', '.join(measures)}")
    measure = measures[outcome]
    if not measure.between:
        raise AnalysisError(f"{export}: no factor varies between participants, so there is nothing to simulate")
    term = term or measure.between[0]
    covariance = recipe.PLAN.covariance_of(outcome)
    rows = []
    try:
        for n in progress(sizes):
            seed = recipe.PLAN.seed + n
            found = powers.resampled(measure.data, outcome, measure.between, term, n, repeats, seed, alpha, covariance)
            rows.append((n, *found))
    except NotDefined as refusal:
        raise AnalysisError(refusal.reason) from None
    curve = pd.DataFrame(rows, columns=COLUMNS)
    return _simulated(curve, outcome, term, wanted, repeats), curve


def _simulated(curve: pd.DataFrame, outcome: str, term: str, wanted: float, repeats: int) -> str:
    what = f"{apa.words(term)} on {apa.words(outcome)} ({repeats} simulated studies per size)"
    enough = curve[curve["power"] >= wanted]
    if enough.empty:
        best = curve.iloc[-1]
        return (f"{int(best.n_per_cell)} participants per condition reach only a power of {apa.bounded(best.power)} "
                f"for {what}.")  # fmt: skip
    row = enough.iloc[0]
    return (f"{int(row.n_per_cell)} participants per condition reach a power of {apa.bounded(row.power)} "
            f"({apa.interval(row.ci_low, row.ci_high, 95)}) for {what}.")  # fmt: skip


def write(folder: Path, said: str, curve: pd.DataFrame, wanted: float) -> None:
    """Write `power.csv`, `power.json` and the curve as SVG and PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    curve.to_csv(folder / "power.csv", index=False, lineterminator="\n")
    content = {"answer": said, "curve": curve.to_dict("records")}
    (folder / "power.json").write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    table = curve.rename(columns={"n_per_cell": "x", "power": "mean"}).assign(series="power")
    figure = curves.lines(table, "participants per condition", "power", "fraction", wanted, f"{wanted:.0%}")
    style.save(figure, folder, "power")
