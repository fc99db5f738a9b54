"""What the audit looks at: the examples' heatmaps, what they could give away, and what guessing earns."""

from studyapp.core.audit import Case, Guess, Look, Task

from .stimuli import shown_with_heatmap


def looks(definition: dict, bundle) -> list[Look]:
    """Return every heatmap that participants of each condition meet."""
    return [
        Look(name, asked, bundle.heatmap(image_id, method, asked))
        for name, method in _methods(definition)
        for image_id, asked in sorted(shown_with_heatmap(definition["stimuli"]))
    ]


def tasks(definition: dict, bundle) -> list[Task]:
    """Return whether an example's outcome can be told from how much colour its heatmap has, within a class."""
    pairs = sorted(shown_with_heatmap(definition["stimuli"]))
    found = []
    for name, method in _methods(definition):
        cases = tuple(
            Case(bundle.heatmap(image_id, method, asked), _outcome(bundle, image_id, asked), image_id, asked)
            for image_id, asked in pairs
        )
        found.append(Task(name, "the outcome of an example can be told", cases))
    return found


def roles(definition: dict) -> dict[str, list[str]]:
    """Return the photographs by what they are for."""
    stimuli = definition["stimuli"]
    classes = stimuli["classes"].values()
    return {
        "asked about": [image_id for drawn in classes for image_id in drawn["queries"]],
        "examples": list(
            dict.fromkeys(one for drawn in classes for examples in drawn["examples"].values() for one in examples)
        ),
        "instructions": list(stimuli["instructions"]["images"].values()),
        "screening": [example["image"] for attempt in stimuli["screening"] for example in attempt],
    }


def guesses(definition: dict) -> list[Guess]:
    """Return what always yes and always no reach."""
    asked = [
        fact["model_answer"] for drawn in definition["stimuli"]["classes"].values() for fact in drawn["facts"].values()
    ]
    yes = sum(asked) / len(asked) if asked else 0.0
    return [
        Guess("", "Always “yes”", yes, n=len(asked)),
        Guess("", "Always “no”", 1 - yes, n=len(asked)),
    ]


def _methods(definition: dict) -> list[tuple[str, str]]:
    """Return the conditions that show heatmaps, each with its method."""
    shown = [(condition["name"], condition["factors"]["heatmap"]) for condition in definition["conditions"]]
    return [(name, method) for name, method in shown if method != "none"]


def _outcome(bundle, image_id: str, name: str) -> str:
    return bundle.predictions[image_id][name].outcome
