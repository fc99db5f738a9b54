"""What answers to a questionnaire are worth: its scales' scores, and whether its checks were passed."""

from typing import Any

from .items import question, scored, shown
from .pages import of_step
from .reading import scales


def score(step: dict[str, Any], answer: dict[str, Any], definition: dict[str, Any]) -> dict[str, Any]:
    """Return the mean of each scale's items, reverse-coded ones turned round, and whether all checks were passed."""
    questionnaire = of_step(definition, step)
    found: dict[str, Any] = {}
    for name, items in scales(questionnaire).items():
        numbers = [number for item in items if (number := scored(item, answer.get(item["code"]))) is not None]
        found[f"{name}_score"] = round(sum(numbers) / len(numbers), 6) if numbers else None
    return found | _checks(questionnaire["items"], answer, step["data"])


def _checks(items: list[dict[str, Any]], answer: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    asked = shown(items, answer)
    checks = [item for item in items if item["expected"] is not None]
    if not checks:
        return {}
    met = [item for item in checks if item["code"] in asked]
    failed = [item["code"] for item in met if not question(item).is_right(answer.get(item["code"]), None)]
    about = {"attempt": data["attempt"], "about": data["about"]}
    return {**about, "passed": not failed, "failed_items": " | ".join(failed)}
