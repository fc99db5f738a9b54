"""What answers are worth. The model's predictions are in each step's `data`, so that no bundle is needed."""

from collections import Counter
from itertools import pairwise

from studyapp.core.engine.payment import earned


def score(step: dict, answer: dict, definition: dict) -> dict:
    """Return what the answer to one step scored; `passed` steers the flow where the way depends on it."""
    if step["page"] != "sort":
        return {}
    placement = answer["placement"]
    return {
        "purity": purity(placement, step["data"]["prediction"]),
        "groups_used": len(set(placement.values())),
    }


def purity(placement: dict[str, str], prediction: dict[str, str]) -> float:
    """Return the share of pictures whose predicted class is their group's most frequent one."""
    groups: dict[str, Counter] = {}
    for image_id, group in placement.items():
        groups.setdefault(group, Counter())[prediction[image_id]] += 1
    return sum(max(classes.values()) for classes in groups.values()) / len(placement)


def habits(trials: list) -> list[str]:
    """Return what is conspicuous about where pictures were put, in words: what holds for more than half the batches.

    Groups that follow the order of display are filled one after the other, or in turn. Of ten pictures sorted by what
    they show into four groups of 3, 3, 2 and 2, whose places are drawn at random, one batch in a thousand lies so.
    """
    shown = [[trial.answer["placement"][image_id] for image_id in trial.step["data"]["images"]] for trial in trials]
    found = {
        "Placement: all pictures in one group": [len(set(groups)) == 1 for groups in shown],
        "Placement: groups in the order of display": [_in_order(groups) for groups in shown],
    }
    return [words for words, holds in found.items() if sum(holds) > len(holds) / 2]


def _in_order(groups: list[str]) -> bool:
    """Return whether several groups were filled one after the other, as in AABBB, or in turn, as in ABCABCA."""
    met = list(dict.fromkeys(groups))
    changes = sum(one != other for one, other in pairwise(groups))
    in_turn = groups == [met[place % len(met)] for place in range(len(groups))]
    return len(met) > 1 and (in_turn or changes == len(met) - 1)


def summary(answered: list, definition: dict) -> dict:
    """Return the totals over the answered steps; money with two decimals."""
    sorted_ = [response.scores["purity"] for response in answered if response.step["page"] == "sort"]
    return {
        "n_trials": len(sorted_),
        "mean_purity": round(sum(sorted_) / len(sorted_), 4) if sorted_ else None,
        "reward": earned(definition["payment"], 0)["reward"],
    }
