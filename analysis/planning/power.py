"""`python -m analysis power`: how many participants per condition, with a curve and a one-line answer."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import recipes
from analysis.errors import AnalysisError, NotDefined
from analysis.plots import curves, style
from analysis.reading.exports import read_export
from analysis.reading.plans import read_plan
from analysis.reading.samples import select
from analysis.reading.study import Measure
from analysis.results import apa
from analysis.results.section import Progress
from analysis.sections.primary import primary_test
from analysis.statistics import power as powers
from analysis.statistics import power_crossed
from analysis.statistics.cells import terms_of

COLUMNS = ("n_per_cell", "power", "ci_low", "ci_high")


def by_formula(design: dict[str, int], term: str, f: float, wanted: float, alpha: float,
               repeated: powers.Repeated = powers.NONE) -> tuple[str, pd.DataFrame]:  # fmt: skip
    """Return the answer and the curve of a planned factorial design, `repeated` within participants, for Cohen's f."""
    factors = [*design, *repeated.levels]
    term = ordered(term, factors)
    if term not in terms_of(factors):
        raise AnalysisError(f"--term: found {term!r}, expected one of {', '.join(terms_of(factors))}")
    try:
        enough = powers.needed(design, term, f, wanted, alpha, repeated)
    except NotDefined as refusal:
        raise AnalysisError(refusal.reason) from None
    sizes = sorted({2, *np.linspace(2, max(4, 2 * enough), 24).round().astype(int), enough})
    rows = [(int(n), power := powers.power(design, term, f, int(n), alpha, repeated), power, power) for n in sizes]
    cells = int(np.prod(list(design.values())))
    reached = powers.power(design, term, f, enough, alpha, repeated)
    counted = f"{enough} participants per condition ({enough * cells} in all)" if design else f"{enough} participants"
    sentence = (
        f"{counted} reach a power of {apa.bounded(reached)} for {apa.words(term)} at f = {f:g}, α = {apa.level(alpha)}"
    )
    if repeated.levels:
        sentence += f", conditions within participants correlated by {apa.bounded(repeated.correlation)}"
        sentence += f", ε = {apa.bounded(repeated.epsilon)}" if repeated.epsilon < 1 else ""
    sentence += "."
    return sentence, pd.DataFrame(rows, columns=COLUMNS)


def by_crossing(d: float, stimuli: int, within: bool, shares: power_crossed.Shares, wanted: float,
                alpha: float) -> tuple[str, pd.DataFrame]:  # fmt: skip
    """Return the answer and the curve of two conditions with random participants who answer random stimuli."""
    try:
        most = power_crossed.power(d, power_crossed.MOST_PARTICIPANTS, stimuli, within, shares, alpha)
        enough = power_crossed.needed(d, stimuli, within, wanted, shares, alpha) if most > wanted else None
        more = power_crossed.needed_stimuli(d, within, wanted, shares, alpha) if enough is None else 0
    except NotDefined as refusal:
        raise AnalysisError(refusal.reason) from None
    groups = 1 if within else 2
    unit = "participants" if within else "participants per condition"
    facts = f"a difference of d = {d:g} over {stimuli} stimuli, α = {apa.level(alpha)}"
    sizes = np.linspace(2, max(4, 2 * (enough or 100)), 24).round().astype(int)

    def reached(n: int) -> float:
        return power_crossed.power(d, n * groups, stimuli, within, shares, alpha)

    rows = [(n, *[reached(n)] * 3) for n in sorted({2, *map(int, sizes), *([enough] if enough else [])})]
    curve = pd.DataFrame(rows, columns=COLUMNS)
    if enough is None:
        sentence = f"No number of participants reaches a power of {apa.bounded(wanted)} for {facts}"
        why = f"at most {apa.bounded(most)}, because the stimuli are few"
        return f"{sentence}: {why}. From {more} stimuli on, some number does.", curve
    counted = f"{enough} {unit}" + ("" if within else f" ({enough * groups} in all)")
    return f"{counted} reach a power of {apa.bounded(reached(enough))} for {facts}.", curve


def ordered(term: str, factors: list[str]) -> str:
    """Return a term with its factors in the design's order: `b:a` is `a:b`."""
    named = term.split(":")
    return ":".join(sorted(named, key=factors.index)) if set(named) <= set(factors) else term


def by_simulation(export: Path, outcome: str, term: str, sizes: list[int], repeats: int, wanted: float,
                  alpha: float | None, progress: Progress = iter) -> tuple[str, str, pd.DataFrame]:  # fmt: skip
    """Return the answer, a remark on it, and the curve of a study, drawing from its bots or from a pilot's people.

    Let the study's bots fill it first (`manage.py simulate`, `export_study`): they are the population that studies of
    each size are drawn from. Each is tested as its report would test the outcome first.
    """
    study = read_export(export)
    recipe = recipes.find(study.kind)
    plan = read_plan(study.plan, recipe.PLAN, "analysis_plan.json", "frozen") if study.plan else recipe.PLAN
    sample = select(study, plan)
    measures = {measure.name: measure for measure in recipe.measures(sample.study)}
    if outcome not in measures:
        raise AnalysisError(f"--outcome: found {outcome!r}, expected one of {', '.join(measures)}")
    measure = measures[outcome]
    if not measure.between and not measure.within:
        raise AnalysisError(f"{export}: no factor varies, so there is nothing to simulate")
    tested = primary_test(measure, plan)
    if tested["p"].isna().all():
        raise AnalysisError(f"{export}: {outcome} cannot be tested: {tested['reason'].iloc[0]}")
    term = ordered(term, measure.between) or tested["term"].iloc[0]
    if term not in set(tested["term"]):
        raise AnalysisError(f"--term: found {term!r}, expected one of {', '.join(tested['term'])}")
    cells, rows_of = _population(measure)

    def significant(people: np.ndarray) -> bool:
        p_values = primary_test(_drawn(measure, people, rows_of), plan).set_index("term")["p"]
        return bool(p_values.get(term, math.nan) < (alpha or plan.alpha))

    rows = [(n, *powers.simulated(cells, n, repeats, plan.seed + n, significant)) for n in progress(sizes)]
    curve = pd.DataFrame(rows, columns=COLUMNS)
    unit = "participants per condition" if measure.between else "participants"
    sentence = _simulated(curve, outcome, term, unit, wanted, repeats)
    smallest = min(map(len, cells))
    remark = f"Drawn with replacement from {smallest} {unit}: larger sizes say more about these than about others."
    if max(sizes) <= smallest:
        remark = ""
    return sentence, remark, curve


def _population(measure: Measure) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the numbers of the participants in each cell, and for each of these numbers the rows of the data."""
    known = measure.data.dropna(subset=[measure.name, *measure.between])
    numbers = pd.Series(pd.factorize(known["participant"])[0], known.index)
    rows_of = [rows.index.to_numpy() for _, rows in known.groupby(numbers)]
    if not measure.between:
        return [np.arange(len(rows_of))], rows_of
    grouped = numbers.groupby([known[factor] for factor in measure.between], observed=True)
    return [cell.unique() for _, cell in grouped], rows_of


def _drawn(measure: Measure, people: np.ndarray, rows_of: list[np.ndarray]) -> Measure:
    """Return the measure of a drawn sample; who was drawn twice is two participants."""
    sizes = [len(rows_of[person]) for person in people]
    data = measure.data.loc[np.concatenate([rows_of[person] for person in people])]
    data = data.assign(participant=np.repeat(np.arange(len(people)), sizes)).reset_index(drop=True)
    return replace(measure, data=data)


def _simulated(curve: pd.DataFrame, outcome: str, term: str, unit: str, wanted: float, repeats: int) -> str:
    what = f"{apa.words(term)} on {apa.words(outcome)} ({repeats} simulated studies per size)"
    enough = curve[curve["power"] >= wanted]
    if enough.empty:
        best = curve.iloc[-1]
        return f"{int(best.n_per_cell)} {unit} reach only a power of {apa.bounded(best.power)} for {what}."
    row = enough.iloc[0]
    return (f"{int(row.n_per_cell)} {unit} reach a power of {apa.bounded(row.power)} "
            f"({apa.interval(row.ci_low, row.ci_high, 95)}) for {what}.")  # fmt: skip


def write(folder: Path, sentence: str, remark: str, curve: pd.DataFrame, wanted: float) -> None:
    """Write `power.csv`, `power.json` and the curve as SVG and PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    curve.to_csv(folder / "power.csv", index=False, lineterminator="\n")
    content = {"answer": sentence, "remark": remark, "curve": curve.to_dict("records")}
    (folder / "power.json").write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    table = curve.rename(columns={"n_per_cell": "x", "power": "mean"}).assign(series="power")
    figure = style.draw(
        lambda: curves.lines(table, "participants per condition", "power", "fraction", wanted, f"{wanted:.0%}")
    )
    style.save(figure, folder, "power")
