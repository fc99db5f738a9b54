"""What score charts and legends show, ready to draw: percents and colours."""


def score_chart(predictions: dict, asked: str, bars: int) -> dict:
    """Return the rows of a score chart: the asked class first, then the classes with the highest scores.

    `predictions` are one image's by class. Widths and thresholds are percent with one decimal; `summary` says the
    same in words, for those who don't see the bars.
    """
    others = sorted((p for name, p in predictions.items() if name != asked), key=lambda p: (-p.score, p.class_name))
    rows = [_row(prediction, asked) for prediction in [predictions[asked], *others[: bars - 1]]]
    return {"rows": rows, "summary": "; ".join(_words(row) for row in rows)}


def legend(method: dict) -> dict | None:
    """Return the legend of a method's colours: stops from `vmin` to `vmax`, from its record in the bundle.

    A diverging scale has its clear zero in the middle, a sequential one at its start. None where the bundle, made
    elsewhere, doesn't tell its colours.
    """
    stops = method.get("stops")
    if not stops:
        return None
    offsets = [_percent(index / (len(stops) - 1)) for index in range(len(stops))]
    return {
        "stops": [
            {"offset": offset, "colour": f"#{r:02x}{g:02x}{b:02x}", "opacity": f"{alpha / 255:.3f}"}
            for offset, (r, g, b, alpha) in zip(offsets, stops, strict=True)
        ],
        "diverging": stops[0][3] > 0,
    }


def _row(prediction, asked: str) -> dict:
    return {
        "class_name": prediction.class_name,
        "asked": prediction.class_name == asked,
        "score": f"{prediction.score:.2f}",
        "width": _percent(prediction.score),
        "threshold": _percent(prediction.threshold) if prediction.threshold is not None else None,
        "assigned": prediction.predicted,
    }


def _percent(value: float) -> str:
    return f"{100 * min(max(value, 0.0), 1.0):.1f}"


def _words(row: dict) -> str:
    if row["threshold"] is None:
        return f"{row['class_name']} {row['score']}"
    side = "above" if row["assigned"] else "not above"
    return f"{row['class_name']} {row['score']}, {side} its threshold {float(row['threshold']) / 100:.2f}"
