"""Ordered answers: diverging Likert bars."""

import textwrap

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.plots import style


def likert(counts: pd.DataFrame, labels: list[str], names: list[str] | None = None) -> Figure:
    """Draw shares of each answer per group, low answers to the left and high to the right of the middle.

    `counts` has a row per group and a column per answer, lowest first; `labels` names the answers. The middle answer of
    an odd scale straddles the line. `names` are the groups' where these are sentences, and stand on lines of their own.
    """
    shares = counts.div(counts.sum(axis=1), axis=0).to_numpy(float)
    n = shares.shape[1]
    colours = mpl.colormaps["PuOr"](np.linspace(0.12, 0.88, n)) if n > 1 else [style.PALETTE[0]]
    left = -(shares[:, : n // 2].sum(axis=1) + (shares[:, n // 2] / 2 if n % 2 else 0))
    widest_left = left
    rows = [style.label(group) for group in counts.index] if names is None else [_wrapped(name) for name in names]
    lines = sum(row.count("\n") for row in rows)
    figure, ax = style.canvas(height=1.2 + 0.42 * len(counts) + 0.1 * lines)
    ys = np.arange(len(counts))[::-1]
    for j in range(n):
        ax.barh(ys, shares[:, j], left=left, height=0.66, color=colours[j], label=labels[j], edgecolor="white")
        for y, start, share in zip(ys, left, shares[:, j], strict=True):
            if share >= 0.07:
                dark = abs(j - (n - 1) / 2) > n / 4
                ax.annotate(f"{share:.0%}", (start + share / 2, y), ha="center", va="center", fontsize=8,
                            color="white" if dark else style.INK)  # fmt: skip
        left = left + shares[:, j]
    ax.axvline(0, color=style.QUIET, linewidth=0.8)
    ax.set_yticks(ys, rows)
    reach = min(1.0, np.ceil(np.abs([left, widest_left]).max() * 4) / 4)
    ticks = np.arange(-reach, reach + 0.01, 0.25)
    ax.set_xlim(-reach - 0.02, reach + 0.02)
    ax.set_xticks(ticks, [f"{abs(tick):.0%}" for tick in ticks])
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("share of answers, lower to the left, higher to the right")
    style.legend(figure, min(n, 4))
    return figure


def _wrapped(sentence: str) -> str:
    """Return a sentence on at most two lines; tables and alternative texts have it whole."""
    return "\n".join(textwrap.wrap(sentence, style.LONGEST_LABEL, max_lines=2, placeholder=" …"))
