"""Choose the pairs of confusable classes, and for each its training, evaluation and worked examples."""

import random
from collections import Counter

from studyapp.core.audit import shows_something
from studyapp.core.bundles.map_tree import leaves, read_tree, walk, whole_output_methods
from studyapp.core.bundles.pairs import SEPARATOR, find_pairs, labels_of, name_of, qualifying, top_labels
from studyapp.core.engine.kinds import methods_of

PHASES = ("training", "evaluation")
ROUNDS = 2


def draw(definition: dict, bundle, rng: random.Random) -> dict:
    """Return the study's pairs, drawn once and frozen with the version: `{"pairs": [pair, …], "guideline": pair}`.

    A pair is {"name": "cello / violin", "labels": [two classes], "training": [image ids], "evaluation": [image ids],
    "worked": image id, "facts": {image id: {"truth": class, "probabilities": {class: p}}}}. An image qualifies where
    its truth is one of the pair and both are among the top labels, those that every method of the study explains by a
    leaf of their own; whether the model was right doesn't matter. No image has two of these roles, over all pairs.
    Without pairs of its own the study takes all that have enough images, those with most first; with a latent tree in
    the bundle, only pairs under one of its level-1 variables.
    The guideline's pair has one image that qualifies and no trials. The study names it; where it names none and has but
    two pairs, it is another one of the bundle's that shares no class with them, if there is one, that with most images.
    Raises `ValueError` saying everything that is wrong with the settings or lacking in the bundle.
    """
    if problems := _check_methods(definition, bundle) + _check_pairs(definition, bundle):
        raise ValueError(" ".join(problems))
    parameters, methods = definition["parameters"], methods_of(definition)
    by_image = top_labels(bundle, methods=methods, split=parameters["split"])
    chosen = [labels_of(name, bundle.classes) for name in parameters["pairs"]] or _confused(bundle, methods, parameters)
    guideline = _guideline(bundle, by_image, _guideline_pair(bundle, methods, parameters, chosen), rng)
    taken: set[str] = {pair["worked"] for pair in guideline}
    pairs, short = [], []
    for labels in chosen:
        if any({*labels} == {*pair["labels"]} for pair in guideline):
            continue
        free = [image_id for image_id in qualifying(bundle, by_image, labels) if image_id not in taken]
        if len(free) < (wanted := needed(parameters)):
            short.append(_shortage(name_of(labels), wanted, len(free), parameters))
            continue
        images = _with_worked_last(definition, bundle, labels, rng.sample(sorted(free), wanted))
        drawn = _pair(bundle, labels, images, parameters)
        taken.update(drawn["facts"])
        pairs.append(drawn)
    if short and parameters["pairs"]:
        raise ValueError(" ".join(short))
    if len(pairs) < ROUNDS:
        raise ValueError(
            f"pairs: expected at least {ROUNDS} with {needed(parameters)} qualifying images each, one for each round; "
            f"the bundle has {len(pairs)}."
        )
    return {"pairs": pairs, "guideline": guideline[0]} if guideline else {"pairs": pairs}


def check(definition: dict, bundle) -> list[str]:
    """Return what is missing before launch, one sentence each; empty when the study can start."""
    problems = _check_groups(definition["parameters"])
    if lacking := _check_methods(definition, bundle) + _check_pairs(definition, bundle):
        return problems + lacking
    try:
        stimuli = definition.get("stimuli") or draw(definition, bundle, random.Random(0))
    except ValueError as shortage:
        return [*problems, str(shortage)]
    return problems + _check_roles(stimuli) + _check_trees(definition, stimuli, bundle)


def wanting(definition: dict) -> str:
    """Return what the stimuli lack for a neutral guideline, in a sentence; empty where they lack nothing."""
    stimuli = definition["stimuli"]
    if "guideline" in stimuli or len(stimuli["pairs"]) > ROUNDS:
        return ""
    return (
        "The guideline's worked example is of one of each participant's own two pairs, so that it teaches the one and "
        "not the other: state a `guideline_pair`, of which the bundle needs a single image."
    )


def heatmaps(definition: dict, bundle) -> list:
    """Return the heatmaps that some participant can meet: the whole trees of the pairs' images."""
    images = [image_id for pair in shown_pairs(definition["stimuli"]) for image_id in pair["facts"]]
    trees = (read_tree(bundle, image_id, method) for method in methods_of(definition) for image_id in images)
    return [node.heatmap for tree in trees for node in walk(tree)]


def class_names(definition: dict, bundle) -> list[str]:
    """Return the classes that participants read: the labels of all pairs."""
    return sorted({label for pair in shown_pairs(definition["stimuli"]) for label in pair["labels"]})


def shown_pairs(stimuli: dict) -> list[dict]:
    """Return the pairs that participants meet: those of the rounds, and the guideline's own where it has one."""
    return [*stimuli["pairs"], *([stimuli["guideline"]] if "guideline" in stimuli else [])]


def _confused(bundle, methods: list[str], parameters: dict) -> list[list[str]]:
    """Return all pairs with as many qualifying images as needed, the most frequent first."""
    found = find_pairs(bundle, methods=methods, split=parameters["split"])
    return [list(pair.labels) for pair in found if len(pair.images) >= needed(parameters)]


def _with_worked_last(definition: dict, bundle, labels: list[str], images: list[str]) -> list[str]:
    """Return the images with one last whose heatmaps of both labels show something by every method, if one has such."""

    def is_readable(image_id: str) -> bool:
        trees = [leaves(read_tree(bundle, image_id, method)) for method in methods_of(definition)]
        nodes = [tree[label].heatmap for tree in trees for label in labels]
        return shows_something(bundle, nodes, definition.get("display", {}))

    worked = next(filter(is_readable, reversed(images)), images[-1])
    return [*(one for one in images if one != worked), worked]


def _guideline_pair(bundle, methods: list[str], parameters: dict, chosen: list[list[str]]) -> list[str]:
    """Return the labels of a guideline's pair of its own: the one named, or one found where there are two pairs."""
    if parameters["guideline_pair"]:
        return labels_of(parameters["guideline_pair"], bundle.classes)
    if len(chosen) > ROUNDS:
        return []
    taken = {label for labels in chosen for label in labels}
    found = find_pairs(bundle, methods=methods, split=parameters["split"])
    return next((list(pair.labels) for pair in found if taken.isdisjoint(pair.labels)), [])


def _guideline(bundle, found: dict, labels: list[str], rng: random.Random) -> list[dict]:
    """Return the guideline's own pair with its image, alone in a list; nothing where it has none."""
    if not labels:
        return []
    free = sorted(qualifying(bundle, found, labels))
    if not free:
        raise ValueError(f"guideline_pair “{name_of(labels)}”: expected an image that qualifies, found none.")
    worked = rng.choice(free)
    return [
        {"name": name_of(labels), "labels": labels, "worked": worked, "facts": {worked: _facts(bundle, worked, labels)}}
    ]


def _pair(bundle, labels: list[str], images: list[str], parameters: dict) -> dict:
    n_training = parameters["training_trials"]
    return {
        "name": name_of(labels),
        "labels": labels,
        "training": images[:n_training],
        "evaluation": images[n_training:-1],
        "worked": images[-1],
        "facts": {image_id: _facts(bundle, image_id, labels) for image_id in images},
    }


def _facts(bundle, image_id: str, labels: list[str]) -> dict:
    predictions = bundle.predictions[image_id]
    return {
        "truth": next(label for label in labels if label in predictions and predictions[label].truth),
        "probabilities": {label: predictions[label].score if label in predictions else None for label in labels},
    }


def needed(parameters: dict) -> int:
    """Return how many qualifying images a pair needs: for training, for evaluation, and one for the guideline."""
    return parameters["training_trials"] + parameters["evaluation_trials"] + 1


def _shortage(name: str, needed: int, found: int, parameters: dict) -> str:
    return (
        f"Pair “{name}”: expected at least {needed} qualifying images ({parameters['training_trials']} for training, "
        f"{parameters['evaluation_trials']} for evaluation, 1 for the guideline), found {found} not yet in use. An "
        "image qualifies where its truth is one of the pair and every method of the study explains both."
    )


def _check_groups(parameters: dict) -> list[str]:
    groups = parameters["groups"]
    if parameters["group_source"] != "asked":
        return []
    whole = all(isinstance(group, list) and len(group) == 2 and all(map(str, group)) for group in groups)
    if len(groups) >= 2 and whole:
        return []
    return [f"groups: expected two or more groups, each as [name, answer that leads to it], found {groups!r}."]


def _check_methods(definition: dict, bundle) -> list[str]:
    whole = set(whole_output_methods(bundle))
    known, problems = ", ".join(sorted(whole)) or "none", []
    for method in methods_of(definition):
        if method not in whole:
            problems.append(
                f"Method “{method}”: expected a method that explains the whole output by a tree of maps; the bundle "
                f"has {known}. Choose one of these for its condition, or delete that."
            )
    return problems


def _check_pairs(definition: dict, bundle) -> list[str]:
    names, own = definition["parameters"]["pairs"], definition["parameters"]["guideline_pair"]
    problems = []
    for where, name in [*(("pairs", name) for name in names), *([("guideline_pair", own)] if own else [])]:
        labels = labels_of(name, bundle.classes) if isinstance(name, str) else []
        if len(labels) != 2 or labels[0] == labels[1]:
            problems.append(f"{where}: expected two different classes, as in “cello{SEPARATOR}violin”, found {name!r}.")
            continue
        problems += [
            f"Pair “{name}”: the model has no class “{label}”." for label in labels if label not in bundle.classes
        ]
    rounds = {frozenset(labels_of(name, bundle.classes)) for name in names if isinstance(name, str)}
    if len(rounds) < len(names):
        problems.append("pairs: the same pair stands there twice.")
    if own and frozenset(labels_of(own, bundle.classes)) in rounds:
        problems.append(f"guideline_pair: expected a pair that is none of `pairs`, found {own!r}.")
    if names and len(names) < ROUNDS:
        problems.append(f"pairs: expected at least {ROUNDS}, one for each round, or none for all, found {len(names)}.")
    return problems


def _check_roles(stimuli: dict) -> list[str]:
    """Return which images have two roles, as in stimuli that came with a study's file."""
    roles = Counter(
        image_id
        for pair in shown_pairs(stimuli)
        for image_id in [*{*pair.get("training", ())}, *{*pair.get("evaluation", ())}, pair["worked"]]
    )
    twice = sorted(image_id for image_id, count in roles.items() if count > 1)
    return [f"Image {twice[0]} is drawn for two purposes; training and evaluation must not overlap."] if twice else []


def _check_trees(definition: dict, stimuli: dict, bundle) -> list[str]:
    problems = []
    for method in methods_of(definition):
        bare = sorted(
            image_id
            for pair in shown_pairs(stimuli)
            for image_id in pair["facts"]
            if not leaves(read_tree(bundle, image_id, method)).keys() >= set(pair["labels"])
        )
        if bare:
            more = f" and {len(bare) - 1} more" if len(bare) > 1 else ""
            problems.append(f"Method “{method}”: the tree of image {bare[0]}{more} lacks a map that is to be shown.")
    return problems
