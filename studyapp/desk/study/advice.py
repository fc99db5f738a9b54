"""What a study can be published without, but seldom should be."""

from dataclasses import dataclass

from studyapp import models
from studyapp.core import recruiters
from studyapp.core.engine.kinds import kind
from studyapp.core.heatmaps.reading import READING
from studyapp.core.texts import words


@dataclass(frozen=True)
class Advice:
    """A sentence, and the section and field of *Set up* to look at."""

    words: str
    section: str
    field: str = ""


def advice(study: models.Study) -> list[Advice]:
    """Return what is worth a look, in the order in which a study is set up."""
    return [*_on_recruitment(study), *_on_texts(study), *_on_previews(study)]


def is_open_to_anybody(study: models.Study) -> bool:
    """Return whether a study that pays takes whoever comes by its open link."""
    pays = study.reward_base > 0 or study.reward_bonus > 0 or study.code_completed
    return bool(pays and not study.require_id and not study.lab_mode and not study.invitations.exists())


def _on_recruitment(study: models.Study) -> list[Advice]:
    advised = []
    if not study.code_completed and not study.return_url:
        advised.append(("No completion code: recruiters such as Prolific need one to pay people.", "code_completed"))
    if "{code}" in study.return_url and not study.code_completed:
        advised.append(
            ("The return address asks for a code, but there is no code for completed runs.", "code_completed")
        )
    if wrong := recruiters.mismatch(study.id_parameter, study.return_url):
        advised.append((wrong, "return_url"))
    if is_open_to_anybody(study):
        open_to_all = (
            "Anybody who has the link can take part, again and again, and be paid for it. Give out personal links, or "
            "require the recruiter’s id."
        )
        advised.append((open_to_all, "require_id"))
    return [Advice(sentence, "recruitment", f"id_{field}") for sentence, field in advised]


def _on_texts(study: models.Study) -> list[Advice]:
    told = kind(study.kind).texts(study.language)
    return [
        Advice(
            f"Text “{words(key)}” tells how heatmaps are read without {READING}: see that it fits the display.",
            "texts",
            f"id_text__{key}",
        )
        for key, default in told.items()
        if READING in default and READING not in study.texts.get(key, default)
    ]


def _on_previews(study: models.Study) -> list[Advice]:
    if study.current is not None:
        return []
    unseen = list(study.conditions.exclude(participants__preview=True).values_list("name", flat=True))
    return [Advice(f"Not previewed yet: {', '.join(unseen)}.", "conditions")] if unseen else []
