"""What answers are worth. The model's predictions are in each step's `data`, so that no bundle is needed."""

from collections import Counter
from decimal import Decimal

from studyapp.core.shared_pages import CENTS

KEY = ("stage", "dataset", "batch", "images", "prediction")


def score(step: dict, answer: dict, definition: dict) -> dict:
    """Return what the answer to one step scored; `passed` steers the flow where the way depends on it."""
    match step["page"]:
        case "consent":
            return {"passed": answer["consent"]}
        case "sort":
            placement = answer["placement"]
            return {name: step["data"][name] for name in KEY} | {
                "purity": purity(placement, step["data"]["prediction"]),
                "groups_used": len(set(placement.values())),
            }
    return {}


def purity(placement: dict[str, str], prediction: dict[str, str]) -> float:
    """Return the share of pictures whose predicted class is their group's most frequent one."""
    groups: dict[str, Counter] = {}
    for image_id, group in placement.items():
        groups.setdefault(group, Counter())[prediction[image_id]] += 1
    return sum(max(classes.values()) for classes in groups.values()) / len(placement)


def summary(answered: list, definition: dict) -> dict:
    """Return the totals over the answered steps; money with two decimals."""
    sorted_ = [response.scores["purity"] for response in answered if response.step["page"] == "sort"]
    reward = Decimal(str(definition["payment"]["reward_base"]))
    return {
        "n_trials": len(sorted_),
        "mean_purity": round(sum(sorted_) / len(sorted_), 4) if sorted_ else None,
        "reward": str(reward.quantize(CENTS)),
    }
