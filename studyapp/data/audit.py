"""The trail of who changed what in a study: written with each action, never changed."""

import json
from typing import cast

from django.db.models import Field

from studyapp import models
from studyapp.core.engine import display_settings
from studyapp.core.engine.parameters import in_words
from studyapp.core.texts import words
from studyapp.core.variants import reading as variants

# What isn't the researchers' own doing, or stands in an action of its own.
IN_PARTS = {"parameters", "texts", "display", "questionnaires", "variants", "translations"}
LEFT_OUT = {"id", "status", "current", "created_at", "stimuli", *IN_PARTS}
CONDITION, LINKS = "Condition ", "Personal links"
EDITED = "Edited the study."
ASKED = "Edited the questionnaires."
WORDED = "Edited the wording by condition."
TRANSLATED = "Edited the translations."
EDITS = (
    EDITED,
    ASKED,
    WORDED,
    "Drew other stimuli.",
    "Chose pairs of classes.",
)  # what a page opened before would put back


def record(user, study: models.Study | None, action: str, details: list | None = None, *, who: str = "") -> None:
    """Put an action on record; `details` lists [what, before, after], `who` is whoever took it without an account."""
    who, slug = user.get_username() if user else who, study.slug if study else ""
    models.Change.objects.create(user=user, who=who, study=study, slug=slug, action=action[:200], details=details or [])


def snapshot(pk: int) -> dict[str, str | None]:
    """Return all that researchers edit of a study as it is stored, each thing by its name, in words."""
    study = models.Study.objects.get(pk=pk)
    fields = [field for field in study._meta.concrete_fields if field.name not in LEFT_OUT]
    stored: dict[str, str | None] = {field_name(field.name): _word(getattr(study, field.name)) for field in fields}
    stored |= {parameter_name(name): in_words(value) for name, value in study.parameters.items()}
    stored |= {text_name(name): text for name, text in study.texts.items()}
    stored |= display_settings.in_words(study.display)
    for one in study.questionnaires:
        stored[f"Questionnaire “{one['name']}”"] = json.dumps(one, ensure_ascii=False, indent=1)
    for number, one in enumerate(variants.complete(study.variants), start=1):
        stored[f"Wording by condition {number} ({variants.in_words(one['conditions'])})"] = json.dumps(
            one, ensure_ascii=False, indent=1
        )
    stored |= {"Further languages": ", ".join(sorted(study.translations))} if study.translations else {}
    for language, texts in study.translations.items():
        stored |= {f"Translation into {language}: {key}": one["text"] for key, one in texts.items()}
    for cell in study.conditions.all():
        levels = ", ".join(f"{name}: {level}" for name, level in cell.factors.items())
        quota = "no quota" if cell.quota is None else f"quota {cell.quota}"
        stored[f"{CONDITION}“{cell.name}”"] = f"{levels}; {quota}; {'open' if cell.open else 'closed'}"
    return stored | {LINKS: str(study.invitations.count())}


def field_name(name: str) -> str:
    """Return what the record calls a field of the study."""
    return str(cast(Field, models.Study._meta.get_field(name)).verbose_name).capitalize()


def parameter_name(name: str) -> str:
    """Return what the record calls a parameter."""
    return f"Parameter “{words(name)}”"


def text_name(name: str) -> str:
    """Return what the record calls a text."""
    return f"Text “{words(name)}”"


def differences(before: dict, after: dict) -> list[list]:
    """Return [what, before, after] for all that differs; None stands for what wasn't there, or is there no longer."""
    names = dict.fromkeys([*before, *after])
    return [[name, before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)]


def latest(study: models.Study) -> int:
    """Return which action is the last on record for a study, as its page tells when it is saved."""
    return study.changes.order_by("-pk").values_list("pk", flat=True).first() or 0


def edited_since(study: models.Study, seen: str, concerned: tuple[str, ...] = ("",)) -> str:
    """Return who edited what of a study after the action that a page had seen, in words; empty where nobody did.

    Only what has a name on record that begins as one of `concerned` counts; by default that is everything.
    """
    later = study.changes.filter(pk__gt=int(seen)).order_by("-pk") if seen.isdecimal() else ()
    for change in later:
        names = [name for name, _, _ in change.details if name.startswith(concerned)]
        if names and change.action in EDITS:
            return f"{change.who} changed: {', '.join(names)}"
    return ""


def _word(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
