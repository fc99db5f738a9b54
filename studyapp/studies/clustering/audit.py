"""What the audit looks at: each stage's heatmaps, whether strength tells the class, and what one group reaches."""

from collections import Counter

from studyapp.core.audit import Case, Guess, Look, Task

from .maps import NONE, maps_of, predicted_class
from .stimuli import images_of


def looks(definition: dict, bundle) -> list[Look]:
    """Return every heatmap of each stage, by the class that is predicted."""
    return [
        Look(stage, _class(bundle, image_id), one.heatmap)
        for stage, method in _stages(definition)
        for image_id in _images(definition)
        for one in maps_of(bundle, image_id, method)
    ]


def tasks(definition: dict, bundle) -> list[Task]:
    """Return whether the class can be told from a picture's map, of several from the one in each place."""
    found = []
    for stage, method in _stages(definition):
        by_place: dict[int, list[Case]] = {}
        for name, dataset in definition["stimuli"]["datasets"].items():
            for image_id in dataset["prediction"]:
                for place, one in enumerate(maps_of(bundle, image_id, method), start=1):
                    case = Case(one.heatmap, dataset["prediction"][image_id], image_id, name)
                    by_place.setdefault(place, []).append(case)
        for place, cases in by_place.items():
            of = "heatmap" if len(by_place) == 1 else f"heatmap {place}"
            found.append(Task(stage, f"a picture's class can be told by its {of}", tuple(cases)))
    return found


def roles(definition: dict) -> dict[str, list[str]]:
    """Return the photographs by what they are for."""
    datasets = definition["stimuli"]["datasets"].values()
    return {
        "sorted": [image_id for dataset in datasets for batch in dataset["batches"] for image_id in batch],
        "worked example": [dataset["worked"] for dataset in datasets],
    }


def guesses(definition: dict) -> list[Guess]:
    """Return the mean purity of one big group."""
    shares = []
    for dataset in definition["stimuli"]["datasets"].values():
        for batch in dataset["batches"]:
            most = Counter(dataset["prediction"][image_id] for image_id in batch).most_common(1)[0][1]
            shares.append(most / len(batch))
    return [Guess("", "One big group", sum(shares) / len(shares), "mean purity")]


def _stages(definition: dict) -> list[tuple[str, str]]:
    stages = definition["stimuli"]["stages"]
    return [(stage["name"], stage["method"]) for stage in stages if stage["method"] != NONE]


def _images(definition: dict) -> list[str]:
    return [image_id for dataset in definition["stimuli"]["datasets"].values() for image_id in images_of(dataset)]


def _class(bundle, image_id: str) -> str:
    return predicted_class(bundle, image_id) or ""
