"""What score charts show, ready to draw, in percent."""

from collections.abc import Callable

from studyapp.core.engine.run import to_say
from studyapp.core.heatmaps.legends import percent

ABOVE = to_say("%(name)s %(score)s, above its threshold %(threshold)s")
NOT_ABOVE = to_say("%(name)s %(score)s, not above its threshold %(threshold)s")


def score_chart(
    predictions: dict,
    asked: str,
    bars: int,
    say: Callable[[str], str] = str,
    called: Callable[[str], str] = str,
) -> dict:
    """Return the rows of a score chart: the asked class first, then the classes with the highest scores.

    `predictions` are one image's by class. Widths and thresholds are percent with one decimal; `summary` says the
    same in words, for those who don't see the bars; `say` translates them, and `called` says what a class is called.
    """
    others = sorted((p for name, p in predictions.items() if name != asked), key=lambda p: (-p.score, p.class_name))
    rows = [
        _row(prediction, asked) | {"class_name": called(prediction.class_name)}
        for prediction in [predictions[asked], *others[: bars - 1]]
    ]
    return {"rows": rows, "summary": "; ".join(_words(row, say) for row in rows)}


def _row(prediction, asked: str) -> dict:
    return {
        "asked": prediction.class_name == asked,
        "score": f"{prediction.score:.2f}",
        "width": percent(prediction.score),
        "threshold": percent(prediction.threshold) if prediction.threshold is not None else None,
        "assigned": prediction.predicted,
    }


def _words(row: dict, say: Callable[[str], str]) -> str:
    if row["threshold"] is None:
        return f"{row['class_name']} {row['score']}"
    words = say(ABOVE if row["assigned"] else NOT_ABOVE)
    threshold = f"{float(row['threshold']) / 100:.2f}"
    return words % {"name": row["class_name"], "score": row["score"], "threshold": threshold}
