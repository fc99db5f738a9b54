"""What each page shows. Nothing in it depends on the model's predictions but the heatmaps that a stage shows."""

from .groups import group_names, picture_names
from .maps import FEATURES, NONE, maps_of

MIDDLE, HALF_BAR = 20.5, 20  # where a contribution's bar begins and how far it reaches, in `_contribution.html`


def fillings(run) -> dict:
    """Return what all texts can say of the study's design."""
    parameters, stages, names = run.parameters, _stages(run), group_names(run.definition)
    n_datasets = len(run.definition["stimuli"]["datasets"])
    return {
        "first_group": names[0],
        "last_group": names[-1],
        "n_images": parameters["batch_size"],
        "n_groups": parameters["groups"],
        "n_stages": len(stages),
        "n_batches": len(stages) * n_datasets,
        "n_datasets": n_datasets,
        "n_maps": max((one["n_maps"] for one in stages), default=0),
    }


def task(step: dict, run) -> dict:
    """Return the instructions: what to do on the board, and how."""
    return {"part": {"body": run.text("task")}}


def stage(step: dict, run) -> dict:
    """Return the instructions of a stage with a worked example, a picture that is in no batch."""
    data = step["data"]
    drawn = run.definition["stimuli"]["datasets"][data["dataset"]]
    told = _named(data) | {"reading": run.reading(step["method"]) if data["help"] != NONE else ""}
    shown = {"body": run.text(f"stage_{data['help']}", **told), "help": data["help"], "where": _where(step)}
    if data["help"] != NONE:
        shown["example"] = _picture(drawn["worked"], step, run)
        shown["caption"] = run.text(f"caption_{data['help']}", **told)
        shown["legend"] = run.legend(step["method"])
        shown["key"] = step["key"]
    return {"part": shown}


def sort(step: dict, run) -> dict:
    """Return the board: the batch's pictures with the stage's maps, and the groups to put them in."""
    data = step["data"]
    n_maps = next(found["n_maps"] for found in _stages(run) if found["name"] == data["stage"])
    return {
        "heading": run.text("sort", **_named(data)),
        "help": data["help"],
        "where": _where(step),
        "pictures": [
            _picture(image_id, step, run) | {"number": number, "name": name}
            for number, (image_id, name) in enumerate(picture_names(data["images"]).items(), start=1)
        ],
        "features": list(range(1, n_maps + 1)) if data["help"] == FEATURES else [],
        "groups": group_names(run.definition),
        "legend": run.legend(step["method"]) if data["help"] != NONE else None,
    }


def confidence(step: dict, run) -> dict:
    """Return where the participant stands; the question is the form's."""
    return {"where": _where(step)}


def agents(step: dict, run) -> dict:
    """Return the agents to be rated, each with what it showed of the picture by which it was explained."""
    drawn = next(iter(run.definition["stimuli"]["datasets"].values()))
    methods = {found["name"]: found["method"] for found in _stages(run)}
    shown = [
        {"rating": f"rating_{number}", "thoughts": f"thoughts_{number}"}
        | _picture(drawn["worked"], {"method": methods[agent["stage"]], "data": agent}, run)
        for number, agent in enumerate(step["data"]["agents"], start=1)
    ]
    return {"body": run.text("agents"), "agents": shown}


def _stages(run) -> list[dict]:
    return run.definition["stimuli"]["stages"]


def _picture(image_id: str, step: dict, run) -> dict:
    maps = maps_of(run.bundle, image_id, step["method"]) if step["data"]["help"] != NONE else []
    return {
        "image": run.image(image_id),
        "maps": [
            {"number": place, "overlay": run.heatmap_url(one.heatmap), **_contribution(one.contribution)}
            for place, one in enumerate(maps, start=1)
        ],
    }


def _contribution(value: float | None) -> dict:
    """Return a contribution as it stands above its map: signed, so that colour alone doesn't tell, and as a bar.

    The bar reaches to either side of a middle line, as far as `HALF_BAR` for half of all contributions or more.
    """
    if value is None:
        return {"contribution": "", "sign": ""}
    rounded = round(value, 2)
    sign = "for" if rounded > 0 else "against" if rounded < 0 else ""
    amount = f"{abs(rounded):.2f}".removeprefix("0")
    width = round(min(1.0, 2 * abs(rounded)) * HALF_BAR, 1)
    return {
        "contribution": {"for": "+", "against": "−", "": ""}[sign] + amount,
        "sign": sign,
        "bar": {"x": MIDDLE - width if sign == "against" else MIDDLE, "width": width},
    }


def _where(step: dict) -> dict:
    data = step["data"]
    return {"part": data["part"], "n_parts": data["n_parts"], "number": data.get("number"), "n": data["n_datasets"]}


def _named(data: dict) -> dict:
    return {name: data[name] for name in ("part", "n_parts", "n_maps") if name in data}
