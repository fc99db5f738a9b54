"""Small charts, worked out as numbers that a template draws as SVG: no inline style, and each bar with its figure."""

from statistics import median, quantiles

ROW = 28
LABEL = 200
BAR = 220
WIDTH = 600
BIN_WIDTHS = (0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)
MAX_BINS = 24
PLOT = 150


def funnel(stages: list[dict]) -> dict:
    """Return the stages of a study as bars of those who reached them, with those who left there."""
    most = max([1, *(stage["reached"] for stage in stages)])
    return _sized([{**stage, "width": _width(stage["reached"], most)} for stage in stages])


def balance(cells: list[dict]) -> dict:
    """Return conditions as bars: completed, then active now, and a tick at the quota."""
    most = max([1, *(max(cell["completed"] + cell["active"], cell["quota"] or 0) for cell in cells)])
    rows = []
    for cell in cells:
        done = _width(cell["completed"], most)
        tick = LABEL + 10 + _width(cell["quota"], most) if cell["quota"] else None
        rows.append(
            {
                **cell,
                "width": done,
                "active_x": LABEL + 10 + done,
                "active_width": _width(cell["active"], most),
                "tick": tick,
            }
        )
    return _sized(rows)


def histogram(values: list[float], unit: str) -> dict | None:
    """Return how often which values occur, in at most 24 even bins; the last holds the slowest hundredth too."""
    if not values:
        return None
    top = quantiles(values, n=100, method="inclusive")[98] if len(values) > 1 else values[0]
    width = next((width for width in BIN_WIDTHS if top / width < MAX_BINS), BIN_WIDTHS[-1])
    n_bins = min(MAX_BINS, int(top / width) + 1)
    counts = [0] * n_bins
    for value in values:
        counts[min(int(value / width), n_bins - 1)] += 1
    most, step = max(counts), (WIDTH - 40) / n_bins
    bars = [
        {
            "x": round(20 + index * step, 1),
            "width": round(step - 2, 1),
            "middle": round(20 + (index + 0.5) * step - 1, 1),
            "y": round(20 + PLOT * (1 - count / most), 1),
            "height": round(PLOT * count / most, 1),
            "n": count,
            "from": f"{index * width:g}",
            "to": f"{(index + 1) * width:g}",
            "last": index == n_bins - 1,
        }
        for index, count in enumerate(counts)
    ]
    middle = median(values)
    return {
        "bars": bars,
        "unit": unit,
        "labelled": max(1, n_bins // 12),
        "base": 20 + PLOT,
        "height": PLOT + 48,
        "median": f"{middle:.1f}",
        "median_x": round(20 + min(middle / width, n_bins) * step, 1),
        "shortest": f"{min(values):.1f}",
        "longest": f"{max(values):.1f}",
    }


def _width(value: float, most: float) -> float:
    return round(BAR * value / most, 1)


def _sized(rows: list[dict]) -> dict:
    placed = [{**row, "y": index * ROW, "text_y": index * ROW + 18} for index, row in enumerate(rows)]
    return {"rows": placed, "height": max(ROW, ROW * len(rows)), "bar_x": LABEL + 10, "text_x": LABEL + 10 + BAR + 12}
