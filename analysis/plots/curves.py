"""Lines: learning over trials, power over sample size, automatic metrics against people."""

import pandas as pd
from matplotlib.figure import Figure

from analysis.plots import style


def lines(
    table: pd.DataFrame,
    xlabel: str,
    ylabel: str,
    kind: str,
    level: float | None = None,
    note: str = "chance",
    diagonal: bool = False,
) -> Figure:
    """Draw a line with its band per series: columns x, series, mean, ci_low, ci_high; a dashed line at `level`.

    `diagonal` draws one where x and y are equal instead, both being shares.
    """
    figure, ax = style.canvas(height=3.4)
    series = list(dict.fromkeys(table["series"]))
    for i, name in enumerate(series):
        rows = table[table["series"] == name].sort_values("x")
        colour, marker = style.colours(len(series))[i], style.markers(len(series))[i]
        ax.fill_between(rows["x"], rows["ci_low"], rows["ci_high"], color=colour, alpha=0.13, linewidth=0)
        ax.plot(
            rows["x"], rows["mean"], f"{marker}-", color=colour, markersize=5, linewidth=1.8, label=style.label(name)
        )
    if level is not None:
        ax.axhline(level, color=style.QUIET, linestyle=(0, (5, 4)), linewidth=1)
        style.name_line(ax, level, note)
    if diagonal:
        ends = [table["x"].min(), table["x"].max()]
        ax.plot(ends, ends, color=style.QUIET, linestyle=(0, (5, 4)), linewidth=1)
        style.scale(ax, kind, "x")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    if not diagonal:
        ax.locator_params(axis="x", integer=True)
    style.scale(ax, kind)
    if len(series) > 1:
        style.legend(figure, min(4, len(series)))
    return figure


def scatter(points: pd.DataFrame, xlabel: str, ylabel: str) -> Figure:
    """Draw one panel per method: columns method, x, y, and n, the answers behind a point, as its area."""
    methods = list(dict.fromkeys(points["method"]))
    figure, axes = style.panels(len(methods), width=max(3.8, 2.9 * len(methods)), height=3.2)
    for i, (method, ax) in enumerate(zip(methods, axes, strict=True)):
        rows = points[points["method"] == method]
        ax.scatter(rows["x"], rows["y"], s=12 + 60 * rows["n"] / points["n"].max(), alpha=0.6, linewidth=0,
                   color=style.colours(len(methods))[i], marker=style.markers(len(methods))[i])  # fmt: skip
        ax.set_title(style.label(method))
        ax.set_xlabel(xlabel)
        style.scale(ax, "fraction")
        ax.locator_params(axis="x", nbins=5)
    axes[0].set_ylabel(ylabel)
    return figure
