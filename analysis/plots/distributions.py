"""How an outcome is spread: boxes with every participant, the mean and its 95% interval; and the residuals' QQ plot."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from analysis.plots import style
from analysis.reading.study import Measure
from analysis.statistics.cells import cell_label
from analysis.statistics.means import Bounds, mean_interval

Masks = dict[str, pd.Series]  # which rows, by a label


def boxes(measure: Measure, factors: list[str]) -> Figure:
    """Draw one box per cell: the first factor along the axis, the second side by side in colour and marker."""
    along, beside = _axes_of(measure.data, factors)
    figure, ax = style.canvas(height=3.8)
    width = 0.72 / max(1, len(beside))
    rng = np.random.default_rng(0)
    for i, (name, keep) in enumerate(beside.items()):
        colour, marker = style.colours(len(beside))[i], style.markers(len(beside))[i]
        for x, (_, inside) in enumerate(along.items()):
            values = measure.data.loc[keep & inside, measure.name].dropna().to_numpy(float)
            place = x + (i - (len(beside) - 1) / 2) * width
            _box(ax, values, place, width * 0.8, colour, marker, rng, measure.bounds)
        if len(beside) > 1:
            ax.plot([], [], marker, color=colour, label=f"{style.label(factors[1])}: {style.label(name)}")
    style.chance_line(ax, measure.chance)
    style.places(ax, list(along))
    ax.set_xlabel(style.label(factors[0]) if factors and len(factors) < 3 else "")
    ax.set_ylabel(measure.label + (f" ({measure.unit})" if measure.unit else ""))
    style.scale(ax, measure.kind)
    if len(beside) > 1:
        style.legend(figure, len(beside))
    return figure


def _axes_of(data: pd.DataFrame, factors: list[str]) -> tuple[Masks, Masks]:
    """Return the masks along the axis and side by side, by their labels."""
    everybody = pd.Series(True, index=data.index)
    if not factors:
        return {"everybody": everybody}, {"": everybody}
    if len(factors) > 2:
        cells = data[factors].astype(str).agg(tuple, axis=1)
        return {cell_label(key): cells == key for key in sorted(set(cells))}, {"": everybody}
    masks = [{level: data[factor] == level for level in data[factor].cat.categories} for factor in factors]
    return masks[0], masks[1] if len(masks) > 1 else {"": everybody}


def _box(
    ax: Axes,
    values: np.ndarray,
    place: float,
    width: float,
    colour: str,
    marker: str,
    rng: np.random.Generator,
    bounds: Bounds | None,
) -> None:
    if not len(values):
        return
    line = {"color": colour, "linewidth": 1.2}
    ax.boxplot([values], positions=[place], widths=width, showfliers=False, manage_ticks=False, patch_artist=True,
               boxprops={"facecolor": colour + "22", "edgecolor": colour, "linewidth": 1.2}, medianprops=line,
               whiskerprops=line, capprops=line)  # fmt: skip
    jitter = rng.uniform(-width * 0.32, width * 0.32, len(values))
    many = len(values) > style.MANY_POINTS
    ax.plot(place + jitter, values, marker, color=colour, alpha=0.12 if many else 0.45, markersize=3 if many else 4,
            markeredgewidth=0, linestyle="none", rasterized=many)  # fmt: skip
    low, high = mean_interval(values, bounds)
    mean = values.mean()
    error = None if np.isnan(low) else [[mean - low], [high - mean]]
    ax.errorbar(place, mean, yerr=error, fmt="D", color=style.INK, markersize=5, capsize=4, linewidth=1.6, zorder=5)


def qq(residuals: np.ndarray, ylabel: str, kind: str = "") -> Figure:
    """Draw the residuals against the normal quantiles, with the line through the quartiles (R `qqline`)."""
    figure, ax = style.canvas(width=4.4, height=3.4)
    values = np.sort(residuals)
    theory = stats.norm.ppf((np.arange(1, len(values) + 1) - 0.5) / len(values))
    ax.plot(theory, values, "o", color=style.PALETTE[0], markersize=4, alpha=0.6, markeredgewidth=0,
            rasterized=len(values) > style.MANY_POINTS)  # fmt: skip
    q1, q3 = np.percentile(values, [25, 75])
    slope = (q3 - q1) / (2 * stats.norm.ppf(0.75))
    ax.axline((0, (q1 + q3) / 2), slope=slope, color=style.QUIET, linewidth=1)
    ax.set_xlabel("normal quantile")
    ax.set_ylabel(ylabel)
    style.scale(ax, kind)
    return figure
