"""The pages of one run in their order: what a participant of one condition meets."""

import random

from studyapp.core.engine.flow import SCREENED_OUT, step
from studyapp.core.engine.shared_pages import attention_steps, entrance

from .statements import FRAMES, speaks, statements_of
from .stimuli import attempts

FIRST_TRIAL = "block-1"


def build(definition: dict, condition: dict, order: int, rng: random.Random) -> list[dict]:
    """Return the steps of one run; `order` 0 or 1 says which class comes first, `rng` orders the trials within."""
    names = definition["parameters"]["classes"]
    names = names[::-1] if order else names
    return [
        *entrance("information", "eligibility", "consent"),
        *_instructions(condition),
        *_screening(definition, condition, order),
        *_trials(definition, names, rng),
        step("closing", "closing", data={"asked": ["outcomes", *_shown(condition)]}),
        step("feedback", "feedback"),
    ]


def parts(condition: dict) -> list[str]:
    """Return the parts of the instructions that participants of a condition get, in order."""
    shown = _shown(condition)
    return [
        "classes",
        "outcomes",
        "task",
        *(["scores"] if "scores" in shown else []),
        *(["heatmap"] if "heatmaps" in shown else []),
        "screen",
    ]


def _shown(condition: dict) -> list[str]:
    heatmaps = ["heatmaps"] if condition["heatmap"] != "none" else []
    return heatmaps + (["scores"] if condition["scores"] == "shown" else [])


def _instructions(condition: dict) -> list[dict]:
    return [
        step("instructions", f"instructions-{part}", phase="instructions", data={"part": part})
        for part in parts(condition)
    ]


def _screening(definition: dict, condition: dict, order: int) -> list[dict]:
    """Return the steps of all attempts. Both examples of an attempt are met, whatever the answer to the first.

    Unless the policy is `record`, the way after the second example depends on both: it stands twice, the second
    time for those who missed the first example, where no answer leads past a further attempt.
    """
    policy, last = definition["parameters"]["screening_policy"], attempts(definition["parameters"])
    if policy == "record":
        first, second = _examples(definition, condition, order, 1)
        return [_ask("screening-1-a", first), _ask("screening-1-b", second)]
    steps = []
    for attempt in range(1, last + 1):
        first, second = _examples(definition, condition, order, attempt)
        key = f"screening-{attempt}"
        after = _after_failing(policy, attempt, last)
        again = [step("instructions_again", f"again-{attempt}", phase="instructions")] if attempt > 1 else []
        steps += [
            *again,
            _ask(f"{key}-a", first, {"failed": f"{key}-b-missed"}),
            _ask(f"{key}-b", second, {"passed": FIRST_TRIAL, "failed": after}),
            _ask(f"{key}-b-missed", second, {"passed": after, "failed": after}),
        ]
    return steps


def _after_failing(policy: str, attempt: int, last: int) -> str:
    if attempt < last:
        return f"again-{attempt + 1}"
    return SCREENED_OUT if policy == "screen_out" else FIRST_TRIAL


def _ask(key: str, data: dict, goto: dict | None = None) -> dict:
    where = {"phase": "screening", "stimulus": data["image"], "block": data["class_name"]}
    return step("screening", key, data=data, goto=goto, **where)


def _examples(definition: dict, condition: dict, order: int, attempt: int) -> list[dict]:
    """Return the two worked examples of an attempt, the answer key with them."""
    about = ["outcome", next((part for part in ("heatmap", "scores") if part in parts(condition)), "task")]
    drawn = definition["stimuli"]["screening"][attempt - 1]
    return [
        example | {"about": topic, "attempt": attempt} | _statements(definition, topic, example, order)
        for topic, example in zip(about, drawn, strict=True)
    ]


def _statements(definition: dict, about: str, example: dict, order: int) -> dict:
    """Return an example's statements and, where they speak of frames on the heatmap, what the frames are called.

    Half of the participants have the right frame as A; the statement about A comes first.
    """
    text = definition["texts"][f"screening_{about}"]
    frames = dict(zip(FRAMES, "BA" if order else "AB", strict=True)) if about == "heatmap" and speaks(text) else {}
    shown = statements_of(definition, about, example["class_name"], frames)
    return {"statements": shown, "frames": frames} if frames else {"statements": shown}


def _trials(definition: dict, names: list[str], rng: random.Random) -> list[dict]:
    checks = _attention(definition, names, rng)
    steps, count = [], 0
    for number, name in enumerate(names, start=1):
        drawn = definition["stimuli"]["classes"][name]
        queries = sorted(drawn["queries"])
        rng.shuffle(queries)
        values = {"class_name": name, "block": number, "n_queries": len(queries)}
        steps.append(step("block", f"block-{number}", block=name, data=values))
        for query in queries:
            count += 1
            facts = {"class_name": name, "examples": drawn["examples"][query]} | drawn["facts"][query]
            where = {"block": name, "phase": "evaluation", "trial_index": count, "stimulus": query}
            steps.append(step("trial", f"trial-{count:02d}", data=facts, **where))
            steps += checks.get(count, [])
    return steps


def _attention(definition: dict, names: list[str], rng: random.Random) -> dict[int, list[dict]]:
    parameters = definition["parameters"]
    n_trials = sum(len(definition["stimuli"]["classes"][name]["queries"]) for name in names)
    failed = SCREENED_OUT if parameters["attention_policy"] == "screen_out" else None
    return attention_steps(parameters["confidence_labels"], parameters["attention_checks"], n_trials, failed, rng)
