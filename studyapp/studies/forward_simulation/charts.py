"""What score charts show, ready to draw, in percent."""

from studyapp.core.legends import percent


def score_chart(predictions: dict, asked: str, bars: int) -> dict:
    """Return the rows of a score chart: the asked class first, then the classes with the highest scores.

    `predictions` are one image's by class. Widths and thresholds are percent with one decimal; `summary` says the
    same in words, for those who don't see the bars.
    """
    others = sorted((p for name, p in predictions.items() if name != asked), key=lambda p: (-p.score, p.class_name))
    rows = [_row(prediction, asked) for prediction in [predictions[asked], *others[: bars - 1]]]
    return {"rows": rows, "summary": "; ".join(_words(row) for row in rows)}


def _row(prediction, asked: str) -> dict:
    return {
        "class_name": prediction.class_name,
        "asked": prediction.class_name == asked,
        "score": f"{prediction.score:.2f}",
        "width": percent(prediction.score),
        "threshold": percent(prediction.threshold) if prediction.threshold is not None else None,
        "assigned": prediction.predicted,
    }


def _words(row: dict) -> str:
    if row["threshold"] is None:
        return f"{row['class_name']} {row['score']}"
    side = "above" if row["assigned"] else "not above"
    return f"{row['class_name']} {row['score']}, {side} its threshold {float(row['threshold']) / 100:.2f}"
