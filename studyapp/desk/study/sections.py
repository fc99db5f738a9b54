"""The sections of a study's *Set up*: each a page that is saved on its own, and an index that says what each lacks."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.admin.utils import flatten
from django.urls import reverse

from studyapp import models, publishing
from studyapp.access import roles
from studyapp.core.engine.kinds import Kind, kind
from studyapp.core.engine.particulars import PARTICULARS
from studyapp.data import audit

from .advice import Advice

PARAMETER, TEXT = "parameter__", "text__"
Rows = tuple[str | tuple[str, ...], ...]  # fields of a form, some side by side


@dataclass(frozen=True)
class Section:
    """A part of *Set up*: its name in addresses, title, what it is for, and the fields that it edits.

    `checks` are those of `publishing.checks` that are mended there, `recorded` how names of what it edits begin on
    record where they are no fields, `action` what a user must be allowed to see it.
    """

    name: str
    title: str
    about: str
    rows: Callable[[Kind], Rows] = lambda study_kind: ()
    checks: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    action: str = "view"

    def fields(self, study_kind: Kind) -> tuple[str, ...]:
        """Return the names of the form's fields, in order."""
        return tuple(flatten(self.rows(study_kind)))

    def concerns(self, study_kind: Kind) -> tuple[str, ...]:
        """Return how names begin under which what is edited here stands on record."""
        return (*self.recorded, *(_recorded_as(field) for field in self.fields(study_kind)))


def _recorded_as(field: str) -> str:
    if field.startswith(PARAMETER):
        return audit.parameter_name(field.removeprefix(PARAMETER))
    if field.startswith(TEXT):
        return audit.text_name(field.removeprefix(TEXT))
    return audit.field_name(field)


def _always(*rows: str | tuple[str, ...]) -> Callable[[Kind], Rows]:
    return lambda study_kind: rows


def _parameters(study_kind: Kind) -> Rows:
    return tuple(f"{PARAMETER}{one.name}" for one in study_kind.parameters if one.name not in PARTICULARS)


def _particulars(study_kind: Kind) -> Rows:
    return tuple(f"{PARAMETER}{one.name}" for one in study_kind.parameters if one.name in PARTICULARS)


def _texts(study_kind: Kind) -> Rows:
    """Return a kind's texts in the order in which participants meet them."""
    met = ["entry", *(key for page in study_kind.pages for key in page.texts)]
    known = study_kind.texts()
    return tuple(f"{TEXT}{key}" for key in dict.fromkeys([*met, *known]) if key in known)


BASICS, CONDITIONS, LINKS, TEXTS = "basics", "conditions", "links", "texts"
SECTIONS = (
    Section(
        BASICS,
        "Name and bundle",
        "What participants see the study called, where its link leads, its language, and whose heatmaps it shows.",
        _always(("title", "slug"), ("bundle", "language")),
        checks=("Bundle",),
    ),
    Section(
        CONDITIONS,
        "Conditions",
        "The cells of the design, how many completed runs each is to have, and whether anybody new is assigned to it.",
        checks=("Conditions",),
        recorded=(audit.CONDITION,),
    ),
    Section(
        "parameters",
        "Parameters",
        "What is drawn from the bundle, how much of it, and how it is asked.",
        _parameters,
        checks=("Parameters",),
    ),
    Section(
        "particulars",
        "Information page",
        "What ethics boards want participants to be told before they consent.",
        _particulars,
        checks=("Information page",),
    ),
    Section(TEXTS, "Texts", "What participants read, in the order in which they meet it.", _texts, checks=("Texts",)),
    Section(
        "payment",
        "Payment",
        "What participants get, as texts, bonus list and export tell it.",
        _always("currency", "reward_base", "reward_bonus", "reward_partial"),
    ),
    Section(
        "recruitment",
        "Recruitment and codes",
        "Who gets in, how they are told apart, and where they are sent at the end.",
        _always(
            ("id_parameter", "require_id", "lab_mode"),
            ("return_url", "return_after_s"),
            ("devices", "starts_per_minute", "starts_per_address"),
            ("code_completed", "code_screened_out", "code_no_consent", "code_withdrawn"),
        ),
    ),
    Section(
        LINKS,
        "Personal links",
        "Links for one person each, who comes back to the same run on any device.",
        recorded=(audit.LINKS,),
        action="identities",
    ),
    Section(
        "plan",
        "Analysis plan",
        "What is to be tested, stated beforehand: the report holds itself to it.",
        _always("analysis_plan"),
        checks=("Analysis plan",),
    ),
    Section(
        "keeping",
        "Timing, keeping, seed",
        "When unfinished runs end, how long recruitment ids are kept, who is told, and what draws the stimuli.",
        _always(("active_minutes", "expire_hours", "retention_days"), "notify", "seed"),
    ),
)
EDITED_TOGETHER = {CONDITIONS, LINKS}  # tables of rows, which have no fields of the study


def of(study: models.Study, user) -> list[Section]:
    """Return the sections that a user sees of a study: those of its kind, and of the user's role."""
    study_kind = kind(study.kind)
    return [
        section
        for section in SECTIONS
        if roles.may(user, section.action, study) and (section.fields(study_kind) or section.name in EDITED_TOGETHER)
    ]


def address(study: models.Study, name: str) -> str:
    """Return where a section of a study is edited."""
    return reverse("admin:study_section", args=[study.pk, name])


def place_of(study: models.Study, check: str) -> str:
    """Return the page on which one of `publishing.checks` is mended; empty where it has none."""
    if check in ELSEWHERE:
        return reverse(ELSEWHERE[check], args=[study.pk])
    return next((address(study, section.name) for section in SECTIONS if check in section.checks), "")


# Where checks are seen to that no section is for.
ELSEWHERE = {
    "Display": "admin:study_display",
    "Stimuli": "admin:study_stimuli",
    "Questionnaires": "admin:questionnaires",
    "Wording by condition": "admin:variants",
    "Languages": "admin:languages",
}


def index(
    study: models.Study, user, checks: list[publishing.Check], advised: list[Advice], shown: str = ""
) -> list[dict]:
    """Return the sections with their addresses, what is wrong with each, and which one is `shown`."""
    return [
        {
            "section": section,
            "address": address(study, section.name),
            "shown": section.name == shown,
            **_state(section, checks, advised),
        }
        for section in of(study, user)
    ]


def _state(section: Section, checks: list[publishing.Check], advised: list[Advice]) -> dict:
    own = [check for check in checks if check.title in section.checks]
    problems = [problem for check in own for problem in check.problems]
    wanting = [check.wanting for check in own if check.wanting]
    hints = [one for one in advised if one.section == section.name]
    state, words = "done" if own else "", "done" if own else ""
    if problems:
        state, words = "wrong", "has errors"
    elif wanting:
        state, words = "todo", "unfinished"
    elif hints:
        state, words = "advice", "worth a look"
    return {"state": state, "words": words, "problems": problems, "wanting": wanting, "hints": hints}
