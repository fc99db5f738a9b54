"""Which `{placeholders}` a study's texts may have, as the pages fill them in."""

from collections.abc import Mapping
from difflib import get_close_matches

from studyapp.core.texts import placeholders

from .kinds import Kind
from .questions import text_key

BASE = "base"  # the base reward as people write it
PAYMENT = ("currency", "reward_base", "reward_bonus", "reward_partial")
ENDING = "ending_"


def known(study_kind: Kind) -> dict[str, list[str]]:
    """Return the placeholders of each of a kind's texts: the study's own, and what the text's pages know besides."""
    own = [*PAYMENT, *(one.name for one in study_kind.parameters if one.type not in ("list", "object"))]
    found = {key: list(own) for key in study_kind.texts()}
    for key in found:
        if key.startswith(ENDING):
            found[key] += [field.name for field in study_kind.fields]
    found["entry"] += study_kind.entry_fills
    for page in study_kind.pages:
        asked = {key: question.fills for question in page.questions if (key := text_key(page.name, question))}
        for key in page.texts:
            others = [] if page.fills_alone else [*found[key], BASE, *study_kind.fills]
            found[key] = list(asked[key]) if key in asked else [*others, *page.fills]
    return {key: list(dict.fromkeys(names)) for key, names in found.items()}


def problems(study_kind: Kind, texts: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with some texts, by text: a placeholder that nothing fills in would be read as it is."""
    names, found = known(study_kind), {}
    for key, text in texts.items():
        unknown = sorted(placeholders(text) - set(names.get(key, ())))
        if key in names and unknown:
            near = get_close_matches(unknown[0], names[key], n=1)
            meant = f" Did you mean {{{near[0]}}}?" if near else ""
            can = ", ".join(f"{{{name}}}" for name in sorted(names[key])) or "none"
            found[key] = f"Nothing fills in {{{unknown[0]}}}.{meant} This text can have {can}."
    return found
