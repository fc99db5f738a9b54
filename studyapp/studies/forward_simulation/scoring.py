"""What answers are worth. The answer key is in each step's `data`, so that no bundle is needed."""

from decimal import Decimal

from studyapp.core.engine.shared_pages import CENTS

KEY = ("class_name", "outcome", "score", "threshold", "model_answer")


def score(step: dict, answer: dict, definition: dict) -> dict:
    """Return what the answer to one step scored; `passed` steers the flow where the way depends on it."""
    match step["page"]:
        case "screening":
            data = step["data"]
            return {"attempt": data["attempt"], "about": data["about"], "passed": answer == right_answers(data)}
        case "trial":
            key = {name: step["data"][name] for name in KEY}
            return key | {"correct": answer["response"] == key["model_answer"]}
    return {}


def right_answers(data: dict) -> dict[str, bool]:
    """Return the right answers to a screening step, by field."""
    return {f"statement_{n}": statement["right"] for n, statement in enumerate(data["statements"], start=1)}


def summary(answered: list, definition: dict) -> dict:
    """Return the totals over the answered steps; bonus and reward as amounts with two decimals."""
    trials = [response.scores for response in answered if response.step["page"] == "trial"]
    n_correct = sum(scores["correct"] for scores in trials)
    payment = definition["payment"]
    bonus = n_correct * Decimal(str(payment["reward_bonus"]))
    reward = Decimal(str(payment["reward_base"])) + bonus
    return {
        "n_trials": len(trials),
        "n_correct": n_correct,
        "bonus": str(bonus.quantize(CENTS)),
        "reward": str(reward.quantize(CENTS)),
    }
