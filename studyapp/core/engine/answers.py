"""What is known of answers to any kind's pages: what they score, and what bots answer.

Declared questions and fields tell most of it; a kind's `scoring` and `bots` add what only they know, and what they say
counts.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from .kinds import Kind, load
from .run import Answered
from .skills import NAMED, Skill


def score(study_kind: Kind, step: dict[str, Any], answer: dict[str, Any], definition: dict[str, Any]) -> dict[str, Any]:
    """Return what the answer to one step scored.

    `passed` where the page has questions that decide; and what stands in the step's data, a right answer too, where the
    page declares a field of that name.
    """
    page, data = study_kind.page(step["page"]), step.get("data")
    if page.scoring:
        own: dict[str, Any] = load(page.scoring)(step, answer, definition)
        return own
    facts = {field.name: data[field.name] for field in page.columns if data and field.name in data}
    judged = [one.is_right(answer.get(one.name), data) is not False for one in page.asked(data) if one.decides]
    passed = {"passed": all(judged)} if judged else {}
    own_score = study_kind.own("scoring:score")
    scored: dict[str, Any] = own_score(step, answer, definition) if own_score else {}
    return facts | passed | scored


def summary(study_kind: Kind, answered: Sequence[Answered], definition: dict[str, Any]) -> dict[str, Any]:
    """Return the totals over a run's answered steps; of a kind that counts nothing else, how many trials there are."""
    if own_summary := study_kind.own("scoring:summary"):
        totals: dict[str, Any] = own_summary(answered, definition)
        return totals
    return {"n_trials": sum(study_kind.page(one.step["page"]).trial for one in answered)}


def skills_of(study_kind: Kind) -> dict[str, str]:
    """Return the named skills that the kind's bots have, each with what such a bot does."""
    own: dict[str, str] = study_kind.part("bots:SKILLS") if study_kind.has("bots") else NAMED
    return own


def of_bot(
    study_kind: Kind, step: dict[str, Any], skill: Skill, definition: dict[str, Any], rng: Random
) -> dict[str, Any]:
    """Return a bot's answer to one step, as its form would clean it."""
    page, named, data = study_kind.page(step["page"]), skills_of(study_kind), step.get("data")
    if page.bots:
        given_by_page: dict[str, Any] = load(page.bots)(step, skill, definition, rng, named)
        return given_by_page
    own = study_kind.part("bots:answer")(step, skill, definition, rng) if study_kind.has("bots") else {}
    by_question = {
        one.name: one.of_bot(skill, definition["parameters"], data, rng, named) if one.is_asked(data) else None
        for one in page.questions
        if one.name not in own
    }
    return by_question | own
