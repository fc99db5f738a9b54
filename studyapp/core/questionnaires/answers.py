"""The rows of the table of answers: one for each item that was asked."""

from collections.abc import Iterator
from typing import Any

from .items import label, question, scored, shown


def rows_of(questionnaire: dict[str, Any], data: dict[str, Any], answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each item that a step asked, its items in the step's order; left open: without a value."""
    items = questionnaire["items"]
    asked = shown(items, answer)
    for place, item in enumerate(items, start=1):
        if item["code"] not in asked:
            continue
        value = answer.get(item["code"])
        yield {
            "questionnaire": questionnaire["name"],
            "place": data["place"],
            "attempt": data["attempt"],
            "item": item["code"],
            "order": place,
            "type": item["type"],
            "scale": item["scale"],
            "reverse": item["reverse"],
            "value": value,
            "label": label(item, value),
            "score": scored(item, value),
            "correct": question(item).is_right(value, None),
        }
