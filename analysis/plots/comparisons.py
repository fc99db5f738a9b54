"""Differences with their intervals: a forest of contrasts, and dots of means by group."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.plots import style
from analysis.results.apa import SHARES


def forest(contrasts: pd.DataFrame, xlabel: str, kind: str = "") -> Figure:
    """Draw one row per contrast: columns label, diff, ci_low, ci_high, clear (whether the interval leaves out 0)."""
    figure, ax = style.canvas(height=0.7 + 0.34 * len(contrasts))
    for y, row in enumerate(contrasts.iloc[::-1].itertuples()):
        colour = style.PALETTE[0] if row.clear else style.QUIET
        ax.plot([row.ci_low, row.ci_high], [y, y], color=colour, linewidth=2, solid_capstyle="butt")
        ax.plot(row.diff, y, "o", color=colour, markersize=6, markerfacecolor=colour if row.clear else "white")
    ax.axvline(0, color=style.QUIET, linewidth=1)
    ax.set_yticks(range(len(contrasts)), [style.label(label) for label in contrasts["label"].iloc[::-1]])
    ax.set_ylim(-0.6, len(contrasts) - 0.4)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color=style.LINE, linewidth=0.6)
    ax.set_xlabel(xlabel)
    style.scale(ax, kind, "x")
    return figure


def dots(
    means: pd.DataFrame, xlabel: str, ylabel: str, kind: str, chance: float | None = None, legend: str = ""
) -> Figure:
    """Draw means with intervals: columns x, series, mean, ci_low, ci_high; series side by side."""
    figure, ax = style.canvas(height=3.4)
    places, series = list(dict.fromkeys(means["x"])), list(dict.fromkeys(means["series"]))
    for i, name in enumerate(series):
        rows = means[means["series"] == name].set_index("x").reindex(places)
        offset = (i - (len(series) - 1) / 2) * 0.6 / max(1, len(series))
        xs = [x + offset for x in range(len(places))]
        errors = [rows["mean"] - rows["ci_low"], rows["ci_high"] - rows["mean"]]
        ax.errorbar(xs, rows["mean"], yerr=errors, fmt=style.markers(len(series))[i], capsize=3, markersize=6,
                    color=style.colours(len(series))[i], linewidth=1.6, label=style.label(name))  # fmt: skip
    style.chance_line(ax, chance)
    style.places(ax, places)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    style.scale(ax, kind)
    if kind in SHARES:
        ax.set_ylim(bottom=0)
    ax.set_xlim(-0.6, len(places) - 0.4)
    if len(series) > 1:
        style.legend(figure, len(series), style.label(legend))
    return figure
