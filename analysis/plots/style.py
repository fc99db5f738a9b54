"""One look for all figures, and their writing as SVG and PNG that depend on nothing but the data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis.results.apa import SHARES, words

INK, QUIET, LINE = "#1c2733", "#5b6875", "#d7dde3"
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A")  # Okabe & Ito 2008
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
MANY_POINTS = 400
LONGEST_LABEL = 40
LONGEST_ROW = 90  # letters of all names along an axis
SETTINGS: dict[Any, Any] = {  # matplotlib lists its settings' names as a type
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "heatwise",
    "text.parse_math": False,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}


def canvas(width: float = 7.2, height: float = 3.6) -> tuple[Figure, Axes]:
    """Return a figure and its axes; sizes in inches."""
    figure, axes = panels(1, width, height)
    return figure, axes[0]


def panels(columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure and its axes side by side, which share what goes up."""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, columns, sharey=True, squeeze=False)[0]
    for ax in axes:
        ax.grid(axis="y", color=LINE, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.tick_params(length=0)
    return figure, list(axes)


def draw(draw_it: Callable[[], Figure]) -> Figure:
    """Return a drawing made in this look, in which no text is read as a formula."""
    with mpl.rc_context(SETTINGS):
        return draw_it()


def label(name: str) -> str:
    """Return a name as words, cut where it would crowd out the figure; tables and alternative texts have it whole."""
    text = words(name)
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def places(ax: Axes, names: list[str]) -> None:
    """Name the places along an axis, aslant where their names would run into each other."""
    named = [label(name) for name in names]
    ax.set_xticks(range(len(named)), named)
    if sum(map(len, named)) > LONGEST_ROW:
        for text in ax.get_xticklabels():
            text.set(rotation=35, ha="right")


def save(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Write `<name>.svg` and `<name>.png` without a date, and return their paths."""
    svg, png = folder / f"{name}.svg", folder / f"{name}.png"
    with mpl.rc_context(SETTINGS):
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)
        figure.set_layout_engine(None)  # one layout for both files: saving would measure all texts for each again
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=160, metadata={"Software": None}, pil_kwargs={"compress_level": 2})
    return svg, png


def scale(ax: Axes, kind: str, axis: str = "y") -> None:
    """Show fractions as percentages."""
    if kind in SHARES:
        getattr(ax, f"{axis}axis").set_major_formatter(FuncFormatter(_percent))


def _percent(share: float, _position: int) -> str:
    return f"{100 * share:.4g}%".replace("-", "−")


def legend(figure: Figure, columns: int, title: str = "") -> None:
    """Put the legend above the axes, where it hides nothing."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if sum(map(len, labels)) > LONGEST_ROW:
        columns = min(columns, 3)
    figure.legend(handles, labels, title=title, loc="outside upper center", ncols=columns, frameon=False, fontsize=9,
                  title_fontsize=9, handlelength=1.4)  # fmt: skip


def chance_line(ax: Axes, chance: float | None) -> None:
    """Draw what guessing reaches as a dashed line with its name."""
    if chance is None:
        return
    ax.axhline(chance, color=QUIET, linestyle=(0, (5, 4)), linewidth=1)
    name_line(ax, chance, "chance")


def name_line(ax: Axes, level: float, name: str) -> None:
    """Name a line that goes across, beside the axes, where the name hides nothing."""
    ax.annotate(name, (1, level), xycoords=("axes fraction", "data"), xytext=(4, 0), fontsize=8, color=QUIET,
                textcoords="offset points", ha="left", va="center", annotation_clip=False)  # fmt: skip


def colours(n: int) -> list[str]:
    """Return n colours, repeating after seven."""
    return [PALETTE[i % len(PALETTE)] for i in range(n)]


def markers(n: int) -> list[str]:
    """Return n marker shapes, so that nothing is told by colour alone."""
    return [MARKERS[i % len(MARKERS)] for i in range(n)]
