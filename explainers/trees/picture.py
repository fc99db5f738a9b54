"""A picture of a latent tree: roots to the left, classes to the right, one shade per level."""

from pathlib import Path
from typing import Any

from explainers.trees.latent import Latent, LatentTree

_ROW, _COLUMN = 0.17, 1.3  # inches
_SHADES = ("#1f6f8b", "#4c8f74", "#8f9d4a", "#b98344", "#a65a5a")


def draw_tree(tree: LatentTree, path: Path) -> None:
    """Write the picture; the file's ending says how (.svg, .png, .pdf). Groups of a single class are left out."""
    from matplotlib.figure import Figure

    roots = [root for root in tree.roots if len(root.classes) > 1]
    n_rows = sum(len(root.classes) + 1 for root in roots)
    n_levels = max((root.level for root in roots), default=1)
    figure = Figure(figsize=(_COLUMN * (n_levels + 2), max(1.0, _ROW * n_rows + 0.3)))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-0.3, n_levels + 1.6)
    axes.set_ylim(n_rows, -1)
    row = 0
    for root in roots:
        _draw(axes, tree, root, n_levels, row)
        row += len(root.classes) + 1
    figure.savefig(path, dpi=150)


def _draw(axes: Any, tree: LatentTree, latent: Latent, n_levels: int, row: float) -> float:
    """Draw a variable and what is below it from this row on; return its own height."""
    x, heights, first = n_levels - latent.level, [], row
    for child in latent.children:
        if isinstance(child, Latent):
            heights.append((n_levels - child.level, _draw(axes, tree, child, n_levels, row)))
            row += len(child.classes)
        else:
            heights.append((n_levels, row))
            axes.text(n_levels + 0.06, row, tree.name(child), va="center", fontsize=7, color="#222222")
            row += 1
    y = (first + row - 1) / 2
    shade = _SHADES[min(latent.level, len(_SHADES)) - 1]
    for child_x, child_y in heights:
        axes.plot([x, x, child_x], [y, child_y, child_y], color=shade, linewidth=1.1, solid_capstyle="round")
    axes.plot([x], [y], "o", color=shade, markersize=3.5)
    return y
