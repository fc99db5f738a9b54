"""What each page shows. Every dict is built afresh from public things: no answer of a picture asked about is in it."""

from collections.abc import Mapping
from typing import Any

from studyapp.core.engine.payment import money, reward_of
from studyapp.core.engine.run import to_say
from studyapp.core.texts import Kept, render

from . import plan
from .charts import score_chart
from .frames import frames_of, own_frames
from .scoring import summary
from .statements import FRAMES, without_statements

NAMES = {
    "TP": to_say("recognised correctly"),
    "FN": to_say("missed"),
    "FP": to_say("false alarm"),
    "TN": to_say("rightly left out"),
}
BANDS = ("TP", "FN", "FP")
SHOWN = {
    "outcomes": ("TP", "FN", "FP", "TN"),
    "scores": ("TP", "FN"),
    "heatmap": ("TP", "FP"),
    "screen": (*BANDS, "TN"),
}


def fillings(run) -> dict:
    """Return what all texts can say of the study's design and of what can be earned."""
    payment, drawn = run.definition["payment"], run.definition["stimuli"]["classes"]
    names = run.parameters["classes"]
    n_trials = sum(len(drawn[name]["queries"]) for name in names)
    return {
        "first_class": Kept(run.called(names[0])),
        "second_class": Kept(run.called(names[1])),
        "n_trials": n_trials,
        "n_examples": sum(run.parameters["examples"].values()),
        "bonus": money(payment["reward_bonus"], payment["currency"]),
        "max_reward": money(reward_of(payment, n_trials), payment["currency"]),
    }


def attention(step: dict, run) -> dict:
    """Return the check that asks for one named answer, by what the scale calls it."""
    label = run.parameters["confidence_labels"][step["data"]["asked"] - 1]
    return {"body": run.text(step["page"], **step["data"] | {"label": label})}


def instructions(step: dict, run) -> dict:
    """Return one part of the instructions with its example pictures."""
    return {"part": _part(step["data"]["part"], run)}


def instructions_again(step: dict, run) -> dict:
    """Return all parts of the instructions on one page, for another attempt at the screening."""
    return {"body": run.text("instructions_again"), "parts": [_part(name, run) for name in plan.parts(run.factors)]}


def screening(step: dict, run) -> dict:
    """Return a worked example, all about it shown, with the statements to judge."""
    data = step["data"]
    around = without_statements(run.definition["texts"][f"screening_{data['about']}"])
    named = {"class_name": Kept(run.called(data["class_name"]))} | dict.fromkeys(FRAMES, "") | data.get("frames", {})
    return {
        "body": render(around, named),
        "example": _example(run, data["image"], data["class_name"]),
        "frames": _frames(data, run),
        **_look(run, still=True),
    }


def _frames(data: dict, run) -> list[dict]:
    """Return the frames on the example's heatmap with their letters, A first; none where nothing speaks of them."""
    method, called = _method(run), data.get("frames")
    if not (method and called):
        return []
    node = run.bundle.heatmap(data["image"], method, data["class_name"])
    own = own_frames(run.parameters, method, data["attempt"])
    inside, outside = own or frames_of(run.bundle.saliency(node), node.reference)
    marked = [{"letter": called["inside"], **inside._asdict()}, {"letter": called["outside"], **outside._asdict()}]
    return sorted(marked, key=lambda frame: frame["letter"])


def block(step: dict, run) -> dict:
    """Return what comes before the trials about one class."""
    return {"body": run.text("block", **step["data"] | _class_name(run, step["data"]["class_name"]))}


def trial(step: dict, run) -> dict:
    """Return the examples in their bands and the picture asked about, bare."""
    name = step["data"]["class_name"]
    return {
        "class_name": run.called(name),
        "bands": _bands(run, step["data"]["examples"], name),
        "query": run.image(step["stimulus"]),
        "heading": run.text("trial", **_class_name(run, name)),
        "confidence_note": run.text("confidence_note", **_class_name(run, name)),
        **_look(run),
    }


def feedback(step: dict, run) -> dict:
    """Return the score, the reward and every picture asked about with the own and the right answer."""
    trials = [answered for answered in run.answered() if answered.step["page"] == "trial"]
    totals = summary(trials, run.definition)
    reward = money(totals["reward"], run.definition["payment"]["currency"])
    return {
        "body": run.text("feedback", **totals | {"reward": reward}),
        "n_correct": totals["n_correct"],
        "n_trials": totals["n_trials"],
        "reward": reward,
        "items": [_item(answered, run) for answered in trials],
    }


def _item(answered, run) -> dict:
    scores = answered.scores
    return {
        "image": run.image(answered.step["stimulus"]),
        "class_name": run.called(scores["class_name"]),
        "response": answered.answer["response"],
        "model_answer": scores["model_answer"],
        "correct": scores["correct"],
        "outcome": scores["outcome"],
        "outcome_name": run.say(NAMES[scores["outcome"]]),
    }


def _part(name: str, run) -> dict:
    stimuli = run.definition["stimuli"]["instructions"]
    asked, images = stimuli["class_name"], stimuli["images"]
    return {
        "name": name,
        "body": run.text(f"instructions_{name}", **_class_name(run, asked), reading=_reading(run, asked)),
        "classes": sorted(map(run.called, run.bundle.classes)) if name == "classes" else [],
        "examples": [
            _example(run, images[outcome], asked)
            | {"sentence": _sentence(run, outcome, asked), "commentary": _commentary(run, name, outcome, asked)}
            for outcome in SHOWN.get(name, ())
            if outcome in images
        ],
        "asked": run.called(asked),
        **_look(run, still=True),
    }


def _look(run, *, still: bool = False) -> dict:
    """Return how heatmaps and scores stand on a page of this condition; on a `still` one nothing waits for a hover."""
    method, layout = _method(run), run.parameters["heatmap_layout"]
    if still and layout == "hover":
        layout = "side_by_side"
    return {
        "layout": layout if method else "photo",
        "legend": run.legend(method) if method else None,
        "scores_shown": run.factors["scores"] == "shown",
    }


def usual_display(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return how heatmaps are usually drawn: in the photograph's place they have its colours."""
    return {} if parameters["heatmap_layout"] == "side_by_side" else {"style": "overlay"}


def _reading(run, label: str) -> str:
    method = _method(run)
    return run.reading(method, run.called(label)) if method else ""


def _method(run) -> str | None:
    return None if run.factors["heatmap"] == "none" else run.factors["heatmap"]


def _bands(run, examples: list[str], name: str) -> list[dict]:
    cards = [_example(run, image_id, name) | {"number": n} for n, image_id in enumerate(examples, start=1)]
    return [
        {
            "outcome": outcome,
            "name": run.say(NAMES[outcome]),
            "sentence": _sentence(run, outcome, name),
            "examples": [card for card in cards if card["outcome"] == outcome],
        }
        for outcome in BANDS
        if any(card["outcome"] == outcome for card in cards)
    ]


def _example(run, image_id: str, name: str) -> dict:
    """Return an example with all that is known of it. Never for a picture still to be asked about."""
    predictions = run.bundle.predictions[image_id]
    outcome = predictions[name].outcome
    shown = run.factors["scores"] == "shown"
    return {
        "image": run.image(image_id, method=_method(run), class_name=name),
        "class_name": run.called(name),
        "outcome": outcome,
        "outcome_name": run.say(NAMES[outcome]),
        "chart": score_chart(predictions, name, run.parameters["score_bars"], run.say, run.called) if shown else None,
    }


def _sentence(run, outcome: str, name: str) -> str:
    return run.text(f"outcome_{outcome.lower()}", **_class_name(run, name))


def _commentary(run, part: str, outcome: str, name: str) -> str:
    """Return what an example's heatmap tells, where the instructions come to it."""
    return (
        run.text(f"commentary_{outcome.lower()}", **_class_name(run, name), reading=_reading(run, name))
        if part == "heatmap"
        else ""
    )


def _class_name(run, name: str) -> dict:
    """Return a class as texts name it, which nothing translates."""
    return {"class_name": Kept(run.called(name))}
