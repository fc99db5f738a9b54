"""Choose the pictures: those asked about, their most similar examples, and those of instructions and screening."""

import random
from difflib import get_close_matches

from studyapp.core.audit import shows_something
from studyapp.core.engine.kinds import methods_of
from studyapp.core.engine.sizes import unequal

from .frames import frame_problems
from .statements import statements

OUTCOMES = ("TP", "FN", "FP", "TN")
FEW = 8  # names in a sentence
SCREENING_OUTCOMES = ("FP", "TP")
SCREENING_TEXTS = ("screening_outcome", "screening_heatmap", "screening_scores", "screening_task")


def draw(definition: dict, bundle, rng: random.Random) -> dict:
    """Return the study's pictures, drawn once and frozen with the version.

    classes       {class: {"queries": [image ids], "facts": {query id: facts}, "examples": {query id: [image ids]}}}
    instructions  {"class_name", "images": {outcome: image id}}
    screening     [[example, example] for each attempt], an example being {"class_name", "outcome", "image"}

    Queries lie nearest to the threshold of their class within each outcome (parameter `query_pool`); pictures of the
    instructions and the screening have middling scores, and heatmaps that show something by every method of the study.
    Examples are the most similar ones of each outcome by the cosine of penultimate features. No picture has two of
    these roles, over both classes.
    Raises `ValueError` saying everything that the bundle lacks.
    """
    parameters = definition["parameters"]
    if lacking := _lacking(parameters, bundle):
        raise ValueError(" ".join(lacking))
    pools = {name: _pools(bundle, name, parameters["split"]) for name in parameters["classes"]}
    taken: set[str] = set()
    queries = {name: _queries(name, pools[name], parameters, taken, rng) for name in pools}
    first, *_ = pools
    instructions = {
        outcome: _worked(definition, bundle, first, pools[first], outcome, taken)
        for outcome in OUTCOMES
        if pools[first][outcome] or outcome != "TN"
    }
    screening = [_screening(definition, bundle, pools, taken) for _ in range(attempts(parameters))]
    return {
        "classes": {
            name: {
                "queries": queries[name],
                "facts": {image_id: _facts(bundle, image_id, name) for image_id in queries[name]},
                "examples": {
                    image_id: _examples(bundle, image_id, name, pools[name], parameters, taken)
                    for image_id in queries[name]
                },
            }
            for name in pools
        },
        "instructions": {"class_name": first, "images": instructions},
        "screening": screening,
    }


def check(definition: dict, bundle) -> list[str]:
    """Return what is missing before launch, one sentence each; empty when the study can start."""
    problems = [problem for key in SCREENING_TEXTS for problem in _check_statements(definition, key)]
    problems += frame_problems(definition["parameters"])
    if definition["parameters"]["heatmap_layout"] != "side_by_side":
        problems += unequal(definition["parameters"], "the heatmap lies over its photograph")
    if lacking := _lacking(definition["parameters"], bundle):
        return problems + lacking
    try:
        stimuli = definition.get("stimuli") or draw(definition, bundle, random.Random(0))
    except ValueError as shortage:
        return [*problems, str(shortage)]
    return problems + check_methods(definition, stimuli, bundle)


def attempts(parameters: dict) -> int:
    """Return how many attempts at the screening a run can need."""
    return 1 if parameters["screening_policy"] == "record" else parameters["screening_attempts"]


def class_names(definition: dict, bundle) -> list[str]:
    """Return the classes that participants read: all, as the instructions list them and score charts show any."""
    return sorted(bundle.classes)


def heatmaps(definition: dict, bundle) -> list:
    """Return the heatmaps that some participant can meet."""
    pairs = sorted(shown_with_heatmap(definition["stimuli"]))
    return [bundle.heatmap(image_id, method, name) for method in methods_of(definition) for image_id, name in pairs]


def shown_with_heatmap(stimuli: dict) -> set[tuple[str, str]]:
    """Return the (image id, class) pairs whose heatmaps some page can show."""
    pairs = {
        (image_id, name)
        for name, drawn in stimuli["classes"].items()
        for examples in drawn["examples"].values()
        for image_id in examples
    }
    instructions = stimuli["instructions"]
    pairs |= {(image_id, instructions["class_name"]) for image_id in instructions["images"].values()}
    return pairs | {
        (example["image"], example["class_name"]) for attempt in stimuli["screening"] for example in attempt
    }


def _pools(bundle, name: str, split: str) -> dict[str, list[str]]:
    """Return the image ids of each outcome within the split, the score nearest to the threshold first."""

    def distance(image_id):
        prediction = bundle.predictions[image_id][name]
        return abs(prediction.score - prediction.threshold), image_id

    return {
        outcome: sorted((i for i in ids if not split or bundle.images[i].get("split") == split), key=distance)
        for outcome, ids in bundle.outcomes(name).items()
    }


def _queries(name, pools, parameters, taken, rng) -> list[str]:
    chosen = []
    for outcome in OUTCOMES:
        wanted = parameters["queries_per_class"].get(outcome, 0)
        free = _free(name, pools, outcome, wanted, taken)
        chosen += rng.sample(free[: wanted * parameters["query_pool"]], wanted)
        taken.update(chosen)
    return chosen


def _screening(definition, bundle, pools, taken) -> list[dict]:
    names = [*pools]
    return [
        {
            "class_name": name,
            "outcome": outcome,
            "image": _worked(definition, bundle, name, pools[name], outcome, taken),
        }
        for name, outcome in zip(names[:2], SCREENING_OUTCOMES, strict=True)
    ]


def _worked(definition, bundle, name, pools, outcome, taken) -> str:
    """Return a picture with a middling score of those that are left, and with heatmaps that can be read, if one has."""
    free = _free(name, pools, outcome, 1, taken)
    middling = sorted(free, key=lambda image_id: abs(free.index(image_id) - (len(free) - 1) / 2))
    readable = (one for one in middling if _is_readable(definition, bundle, one, name))
    image_id = next(readable, middling[0])
    taken.add(image_id)
    return image_id


def _is_readable(definition, bundle, image_id: str, name: str) -> bool:
    shown = [bundle.heatmap(image_id, method, name) for method in methods_of(definition)]
    return shows_something(bundle, filter(None, shown), definition.get("display", {}))


def _examples(bundle, query, name, pools, parameters, taken) -> list[str]:
    chosen = []
    for outcome in OUTCOMES:
        wanted = parameters["examples"].get(outcome, 0)
        chosen += _most_similar(bundle, query, _free(name, pools, outcome, wanted, taken))[:wanted]
    return chosen


def _most_similar(bundle, query: str, candidates: list[str]) -> list[str]:
    similarity = bundle.similarity(query, candidates)
    return sorted(candidates, key=lambda image_id: (-similarity[image_id], image_id))


def _free(name, pools, outcome, wanted, taken) -> list[str]:
    free = [image_id for image_id in pools[outcome] if image_id not in taken]
    if len(free) < wanted:
        raise ValueError(
            f"Class “{name}”: expected {wanted} more {outcome} pictures, found {len(free)} that are not yet in use."
        )
    return free


def _facts(bundle, image_id: str, name: str) -> dict:
    prediction = bundle.predictions[image_id][name]
    return {
        "outcome": prediction.outcome,
        "score": prediction.score,
        "threshold": prediction.threshold,
        "model_answer": prediction.predicted,
    }


def _lacking(parameters: dict, bundle) -> list[str]:
    """Return what the bundle lacks, or what is wrong with the settings, before any picture can be drawn."""
    return (
        _check_mixes(parameters) or _check_classes(parameters["classes"], bundle) or _check_counts(parameters, bundle)
    )


def _check_mixes(parameters: dict) -> list[str]:
    problems = []
    for setting in ("queries_per_class", "examples"):
        for outcome, count in parameters[setting].items():
            if outcome not in OUTCOMES or not isinstance(count, int) or count < 0:
                problems.append(f"{setting}: expected counts for {', '.join(OUTCOMES)}, found {outcome}: {count!r}.")
    return problems


def _check_classes(names: list[str], bundle) -> list[str]:
    if len(names) != 2 or names[0] == names[1]:
        return [f"classes: expected two different classes, found {', '.join(names) or 'none'}."]
    problems = []
    for name in names:
        judged = [predictions[name] for predictions in bundle.predictions.values() if name in predictions]
        if not judged:
            near = get_close_matches(name, bundle.classes, n=3) or bundle.classes[:FEW]
            more = f" and {len(bundle.classes) - len(near)} more" if len(bundle.classes) > len(near) else ""
            problems.append(f"Class “{name}”: the bundle has no predictions for it; it has {', '.join(near)}{more}.")
        elif any(prediction.threshold is None for prediction in judged):
            problems.append(f"Class “{name}”: expected a decision threshold in predictions.csv, found none.")
    return problems


def _check_counts(parameters: dict, bundle) -> list[str]:
    """Return in one sentence which pictures are lacking."""
    lacking = []
    for index, name in enumerate(parameters["classes"]):
        pools = _pools(bundle, name, parameters["split"])
        short = [
            f"{len(pools[outcome])} of {wanted} {outcome}"
            for outcome in OUTCOMES
            if len(pools[outcome]) < (wanted := needed(parameters, index, outcome))
        ]
        lacking += [f"“{name}” has {', '.join(short)}"] if short else []
    if not lacking:
        return []
    where = f" in the split “{parameters['split']}”" if parameters["split"] else ""
    return [
        f"Too few pictures{where} to ask about, as examples, and in instructions and screening: {'; '.join(lacking)}."
    ]


def needed(parameters: dict, index: int, outcome: str) -> int:
    """Return how many pictures of an outcome the first (0) or second (1) class needs, for all purposes."""
    wanted = parameters["queries_per_class"].get(outcome, 0) + parameters["examples"].get(outcome, 0)
    if index == 0 and outcome != "TN":
        wanted += 1
    if SCREENING_OUTCOMES[index] == outcome:
        wanted += attempts(parameters)
    return wanted


def check_methods(definition: dict, stimuli: dict, bundle) -> list[str]:
    """Return which conditions' heatmaps the bundle lacks."""
    problems = []
    for condition in definition.get("conditions", []):
        method = condition["factors"]["heatmap"]
        if method == "none":
            continue
        if method not in bundle.methods:
            known = ", ".join(bundle.methods)
            problems.append(
                f"Condition “{condition['name']}”: the bundle has no heatmaps by “{method}”; it has {known}. Choose "
                "one of these, or delete the condition."
            )
            continue
        problems += _check_heatmaps(condition["name"], method, stimuli, bundle)
    return list(dict.fromkeys(problems))


def _check_heatmaps(condition: str, method: str, stimuli: dict, bundle) -> list[str]:
    bare = sorted(pair for pair in shown_with_heatmap(stimuli) if not bundle.heatmap(pair[0], method, pair[1]))
    if not bare:
        return []
    (image_id, name), more = bare[0], f" and {len(bare) - 1} more" if len(bare) > 1 else ""
    return [f"Condition “{condition}”: “{method}” has no heatmap of class “{name}” for image {image_id}{more}."]


def _check_statements(definition: dict, key: str) -> list[str]:
    found = len(statements(definition["texts"][key]))
    return [] if found == 2 else [f"Text “{key}”: expected two lines beginning “- [x] ” or “- [ ] ”, found {found}."]
