"""Draw each data set's fixed batches of pictures, and find out what each stage can show."""

import random

from studyapp.core.audit import shows_something
from studyapp.core.engine.sizes import unequal

from .maps import NONE, help_of, maps_of, predicted_class

SOLE = "images"


def draw(definition: dict, bundle, rng: random.Random) -> dict:
    """Return the study's stages and batches, drawn once and frozen with the version.

    {"stages": [{"name", "method", "help", "n_maps"}], "datasets": {name: {"batches": [[image ids], …], "worked": image
    id, "prediction": {image id: class}}}}. Each batch is a plain random draw, so that class sizes vary; no picture is
    in two batches, nor is the worked example in any.
    Raises `ValueError` saying everything that is wrong with the settings or lacking in the bundle.
    """
    if problems := _check_settings(definition["parameters"]) or _check_methods(definition, bundle):
        raise ValueError(" ".join(problems))
    parameters, datasets = definition["parameters"], _datasets(definition, bundle)
    needed = parameters["batches"] * parameters["batch_size"] + 1
    problems = [
        f"Data set “{name}”: expected at least {needed} pictures, for {parameters['batches']} batches of "
        f"{parameters['batch_size']} and a worked example; found {len(images)}."
        for name, images in datasets.items()
        if len(images) < needed
    ]
    if problems:
        raise ValueError(" ".join(problems))
    some = [next(iter(images)) for images in datasets.values()]
    return {
        "stages": [_stage(bundle, some, name, method) for name, method in parameters["stages"]],
        "datasets": {name: _dataset(definition, bundle, images, rng) for name, images in datasets.items()},
    }


def check(definition: dict, bundle) -> list[str]:
    """Return what is missing before launch, one sentence each; empty when the study can start."""
    try:
        stimuli = definition.get("stimuli") or draw(definition, bundle, random.Random(0))
    except ValueError as shortage:
        return [str(shortage)]
    sizes = unequal(definition["parameters"], "a heatmap takes its picture's place on the board")
    return sizes + _check_batches(definition, stimuli) + _check_maps(stimuli, bundle)


def heatmaps(definition: dict, bundle) -> list:
    """Return the heatmaps that some participant can meet."""
    images = [image_id for dataset in definition["stimuli"]["datasets"].values() for image_id in images_of(dataset)]
    methods = [stage["method"] for stage in definition["stimuli"]["stages"] if stage["method"] != NONE]
    return [one.heatmap for method in methods for image_id in images for one in maps_of(bundle, image_id, method)]


def images_of(dataset: dict) -> list[str]:
    """Return all pictures of a data set that participants see."""
    return [*(image_id for batch in dataset["batches"] for image_id in batch), dataset["worked"]]


def _datasets(definition: dict, bundle) -> dict[str, list[str]]:
    """Return the pictures of each of the study's data sets; a bundle that tells none is one of its own."""
    split, wanted = definition["parameters"]["split"], definition["parameters"]["datasets"]
    found: dict[str, list[str]] = {}
    for image_id, image in bundle.images.items():
        if not split or image.get("split") == split:
            found.setdefault(image.get("dataset") or SOLE, []).append(image_id)
    return {name: found.get(name, []) for name in wanted or sorted(found)}


def _stage(bundle, some: list[str], name: str, method: str) -> dict:
    if method == NONE:
        return {"name": name, "method": method, "help": NONE, "n_maps": 0}
    n_maps = max(len(maps_of(bundle, image_id, method)) for image_id in some)
    return {"name": name, "method": method, "help": help_of(n_maps), "n_maps": n_maps}


def _dataset(definition: dict, bundle, images: list[str], rng: random.Random) -> dict:
    """Return a data set's batches, and as a worked example a picture whose maps show something, if one has such."""
    size, n = definition["parameters"]["batch_size"], definition["parameters"]["batches"]
    methods = [method for _, method in definition["parameters"]["stages"] if method != NONE]

    def is_readable(image_id: str) -> bool:
        maps = [maps_of(bundle, image_id, method) for method in methods]
        frozen = definition.get("display", {})
        return all(any(shows_something(bundle, [one.heatmap], frozen) for one in shown) for shown in maps if shown)

    sample = rng.sample(sorted(images), 1 + n * size)
    worked = next(filter(is_readable, sample), sample[0])
    drawn = [one for one in sample if one != worked]
    return {
        "batches": [drawn[start : start + size] for start in range(0, len(drawn), size)],
        "worked": worked,
        "prediction": {image_id: predicted_class(bundle, image_id) for image_id in drawn},
    }


def _check_settings(parameters: dict) -> list[str]:
    stages = parameters["stages"]
    pairs = all(isinstance(stage, list) and len(stage) == 2 and all(map(_named, stage)) for stage in stages)
    if not stages or not pairs:
        return ['stages: expected a name and a method each, as in [["NoVis", "none"], ["XNN", "xnn"]].']
    names = [name for name, _ in stages]
    problems = []
    if len(set(names)) < len(names):
        problems.append("stages: two have the same name.")
    if len(stages) > parameters["batches"]:
        problems.append(
            f"batches: expected at least {len(stages)}, one for each stage, so that none is met twice; found "
            f"{parameters['batches']}."
        )
    return problems


def _named(value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _check_methods(definition: dict, bundle) -> list[str]:
    parameters, problems = definition["parameters"], []
    known = {method for _, method, _ in bundle.nodes}
    for name, method in parameters["stages"]:
        if method != NONE and method not in known:
            has = ", ".join(sorted(known)) or "none"
            problems.append(f"Stage “{name}”: the bundle has no maps by “{method}”; expected none or one of {has}.")
    return problems


def _check_batches(definition: dict, stimuli: dict) -> list[str]:
    """Return what is wrong with the batches, as with those that came with a study's file."""
    problems = []
    for name, dataset in stimuli["datasets"].items():
        images = images_of(dataset)
        if len(set(images)) < len(images):
            problems.append(f"Data set “{name}”: a picture is in two batches, or in one and the worked example.")
        if len(dataset["batches"]) < len(stimuli["stages"]):
            problems.append(f"Data set “{name}”: there are fewer batches than stages, so one would be met twice.")
        unknown = [image_id for image_id in images[:-1] if not dataset["prediction"].get(image_id)]
        if unknown:
            problems.append(f"Data set “{name}”: the model's prediction for image {unknown[0]} is missing.")
    return problems


def _check_maps(stimuli: dict, bundle) -> list[str]:
    problems = []
    for stage in stimuli["stages"]:
        if stage["method"] == NONE:
            continue
        for name, dataset in stimuli["datasets"].items():
            drawn = images_of(dataset)
            bare = [one for one in drawn if len(maps_of(bundle, one, stage["method"])) != stage["n_maps"]]
            if bare:
                more = f" and {len(bare) - 1} more" if len(bare) > 1 else ""
                maps = "a map" if stage["n_maps"] == 1 else f"{stage['n_maps']} maps"
                problems.append(
                    f"Data set “{name}”, method “{stage['method']}”: image {bare[0]}{more} lacks {maps} to be shown."
                )
    return problems
