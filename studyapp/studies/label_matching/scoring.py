"""What answers are worth. The answer key is in each step's `data`, so that no bundle is needed."""

from studyapp.core.engine.payment import earned

MIN_TRIALS = 8


def score(step: dict, answer: dict, definition: dict) -> dict:
    """Return what the answer to one step scored; `passed` steers the flow where the way depends on it."""
    return _guess(step["data"], answer["response"]) if step["page"] == "guess" else {}


def agreements(data: dict, response: list[str]) -> list[bool]:
    """Return for each box, from left to right, whether its label is the one that its heatmap explains."""
    return [own == true for own, true in zip(response, data["leaf_order"], strict=True)]


def habits(trials: list) -> list[str]:
    """Return what is conspicuous about where labels were placed, in words; what holds for every trial.

    Both are matters of chance in few trials: expected are at least `MIN_TRIALS`, and pairs are judged one by one.
    """
    if len(trials) < MIN_TRIALS:
        return []
    orders: dict[str, set] = {}
    for trial in trials:
        orders.setdefault(trial.step["data"]["pair"], set()).add(tuple(trial.answer["response"]))
    found = {
        "Placement: labels as they lay in the tray, every time": all(
            trial.answer["response"] == trial.step["data"]["tray_order"] for trial in trials
        ),
        "Placement: each pair's labels in the same order every time": all(len(given) == 1 for given in orders.values()),
    }
    return [words for words, holds in found.items() if holds]


def summary(answered: list, definition: dict) -> dict:
    """Return the totals over the answered steps, and the group where it was asked; money with two decimals."""
    right = {
        phase: [response.scores["correct"] for response in answered if _is_guess(response.step, phase)]
        for phase in ("training", "evaluation")
    }
    n_correct = sum(right["evaluation"])
    asked = [response.answer for response in answered if response.step["page"] == "group"]
    return {
        **(asked[0] if asked else {}),
        "n_trials": len(right["evaluation"]),
        "n_correct": n_correct,
        "n_training": len(right["training"]),
        "n_training_correct": sum(right["training"]),
        **earned(definition["payment"], n_correct),
    }


def _guess(data: dict, response: list[str]) -> dict:
    matched = agreements(data, response)
    return {
        "probabilities": [data["probabilities"][label] for label in data["leaf_order"]],
        "n_labels": len(matched),
        "n_matched": sum(matched),
        "share_matched": sum(matched) / len(matched),
        "correct": all(matched),
    }


def _is_guess(step: dict, phase: str) -> bool:
    return step["page"] == "guess" and step["phase"] == phase
