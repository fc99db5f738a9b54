"""What answers are worth. The answer key is in each step's `data`, so that no bundle is needed."""

from studyapp.core.engine.payment import earned


def score(step: dict, answer: dict, definition: dict) -> dict:
    """Return what the answer to one step scored; `passed` steers the flow where the way depends on it."""
    match step["page"]:
        case "screening":
            return {"passed": answer == right_answers(step["data"])}
        case "trial":
            return {"correct": answer["response"] == step["data"]["model_answer"]}
    return {}


def right_answers(data: dict) -> dict[str, bool]:
    """Return the right answers to a screening step, by field."""
    return {f"statement_{n}": statement["right"] for n, statement in enumerate(data["statements"], start=1)}


def summary(answered: list, definition: dict) -> dict:
    """Return the totals over the answered steps; bonus and reward as amounts with two decimals."""
    trials = [response.scores for response in answered if response.step["page"] == "trial"]
    n_correct = sum(scores["correct"] for scores in trials)
    return {"n_trials": len(trials), "n_correct": n_correct, **earned(definition["payment"], n_correct)}
