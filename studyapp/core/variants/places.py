"""Where a study's variants are met: refused where a factor isn't known yet, and told by condition."""

from collections.abc import Iterator, Sequence
from typing import Any

from studyapp.core.engine.kinds import Kind, kind

from .applied import NAME, Record, applies, levels_at, within
from .reading import in_words, targets

Plans = Sequence[tuple[Record, list[Record]]]  # each condition of a study with the steps of a run in it


def problems(definition: Record, plans: Plans) -> list[str]:
    """Return which words depend on a factor within people and are met before its level is known, a sentence each."""
    return list(dict.fromkeys(_problems(definition, plans)))


def _problems(definition: Record, plans: Plans) -> Iterator[str]:
    study_kind = kind(definition["kind"])
    varying = within(study_kind, definition["parameters"], definition["display"])
    for variant in definition.get(NAME, ()):
        asked = [name for name in varying if any(name in condition for condition in variant["conditions"])]
        for factor in asked:
            for called, pages in _pages(variant, study_kind):
                yield from _unknown(definition, factor, called, pages, plans)


def _unknown(definition: Record, factor: str, called: str, pages: list[str], plans: Plans) -> Iterator[str]:
    if not pages:
        yield (
            f"{called.capitalize()}: it stands on no page of a trial or block, so it can’t follow “{factor}”, which "
            "varies within each participant."
        )
    for condition, steps in plans:
        for step in steps:
            if step["page"] in pages and factor not in levels_at(definition, condition["factors"], step):
                yield (
                    f"{called.capitalize()}: on the page “{step['page']}” no level of “{factor}” is known, which "
                    "varies within each participant; expected words that are met with one of its levels alone."
                )


def _pages(variant: Record, study_kind: Kind) -> Iterator[tuple[str, list[str]]]:
    for key in variant["texts"]:
        yield f"text “{key}”", [page.name for page in study_kind.pages if key in page.texts]
    for name in variant["questionnaires"]:
        yield f"questionnaire “{name}”", [name]


def covered(definition: Record) -> dict[str, list[tuple[str, int]]]:
    """Return for each text and questionnaire with variants what each condition reads, in the conditions' order.

    It is the number of its variant, from 1; 0 stands for the usual wording. Words that vary within people are left to
    `places_within`.
    """
    variants: list[Record] = definition.get(NAME, [])
    found: dict[str, list[tuple[str, int]]] = {}
    for condition in definition["conditions"]:
        for thing, numbers in _worded(variants).items():
            reads = next((n for n in numbers if applies(variants[n - 1], condition["factors"])), 0)
            found.setdefault(thing, []).append((condition["name"], reads))
    return found


def summary(definition: Record) -> str:
    """Return what the checklist says of variants: what has other words in which conditions, and where none do."""
    variants: list[Record] = definition.get(NAME, [])
    varying = within(kind(definition["kind"]), definition["parameters"], definition["display"])
    by_people = {thing for variant in variants for thing in _things(variant) if _follows(variant, varying)}
    sentences = []
    for thing, reads in covered(definition).items():
        own = [name for name, number in reads if number]
        usual = [name for name, number in reads if not number]
        if thing in by_people:
            numbers = _worded(variants)[thing]
            sentences.append(
                f"{thing}: other words where {'; '.join(in_words(variants[n - 1]['conditions']) for n in numbers)}"
            )
        elif not usual:
            sentences.append(f"{thing}: other words in every condition, the usual ones in none")
        else:
            sentences.append(f"{thing}: other words in {', '.join(own) or 'none'}; as usual in {', '.join(usual)}")
    return ". ".join(sentences)


def _worded(variants: list[Record]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, variant in enumerate(variants, start=1):
        for thing in _things(variant):
            found.setdefault(thing, []).append(number)
    return found


def _things(variant: Record) -> list[str]:
    return list(dict.fromkeys(path[1] for path in targets(variant)))


def _follows(variant: Record, factors: Any) -> bool:
    return any(name in condition for condition in variant["conditions"] for name in factors)
