"""The columns of an export's tables: the same for every kind, plus what the kind's pages declare.

What values mean is a study's own: `versions` maps each of its versions to that version's parameters, and where two
differ, both are told. Left out, it's what the kind's defaults say.
"""

from dataclasses import replace
from typing import Any, TypeAlias

from studyapp.core.engine import flow
from studyapp.core.engine.fields import Field, levels_of_all
from studyapp.core.engine.kinds import Kind, Page
from studyapp.core.heatmaps import displays
from studyapp.core.questionnaires.entries import OF_TYPE, PLACE_WORDS

STATUSES = {
    flow.ACTIVE: "not finished yet",
    flow.COMPLETED: "went all the way",
    flow.SCREENED_OUT: "did not fit, or failed the screening",
    flow.NO_CONSENT: "did not consent; nothing but the refusal is kept",
    flow.WITHDRAWN: "left for good",
    flow.EXPIRED: "never came back",
    "erased": "erased; nothing but this row is kept",
}

LANGUAGE_BY = {
    "link": "their link's `lang`",
    "choice": "their choice on the first page",
    "browser": "their browser's languages",
    "study": "none of these fitted, or there was but one: the study's own",
}

STUDY = Field("study", "text", "The study's short name, as in its link.")
VERSION = Field("study_version", "text", "Number and start of the hash of the frozen study that the run follows.")
PARTICIPANT = Field("participant", "text", "The participant's pseudonym.")
CONDITION = Field("condition", "text", "The condition that the run was assigned to.")
WHERE = (
    Field("block", "text", "The block of the design that the step belongs to."),
    Field("phase", "text", "The phase of the study: instructions, screening, training, evaluation …"),
    Field("step_index", "integer", "Where the step stands in the run's plan, from 0."),
    Field("trial_index", "integer", "Where the trial stands among the run's trials, from 1."),
)
STIMULUS = Field("stimulus", "text", "What is judged: the image's id in the bundle.")
TIMES = (
    Field(
        "rt_ms", "number", "Time from the step being shown, all images decoded, to its answer; by the browser.", "ms"
    ),
    Field("hidden_ms", "number", "How long of that the page was in the background.", "ms"),
)
INPUT = Field("input_mode", "text", "How the answer was given: mouse, touch or keyboard.")
STAMPS = (
    Field("shown_at", "time", "When the step was shown, by the browser's clock.", "UTC"),
    Field("submitted_at", "time", "When the server stored the answer.", "UTC"),
)


Versions: TypeAlias = dict[str, dict[str, Any]]


def columns(
    kind: Kind, versions: Versions | None = None, shown: Versions | None = None, *, with_ids: bool = False
) -> dict[str, list[Field]]:
    """Return the columns of each table, in order; `shown` maps each version to its displays, as it was frozen."""
    versions, shown = versions or {"": kind.defaults()}, shown or {}
    run = [STUDY, VERSION, PARTICIPANT, CONDITION, *_factors(kind), *_varied(shown, displays.BETWEEN)]
    trial_fields = [field for page in kind.pages if page.trial for field in recorded(page, versions)]
    return {
        "participants": [*run, *_participant(with_ids), *kind.fields],
        "trials": [
            *run,
            *WHERE,
            STIMULUS,
            Field("method", "text", "The explanation method shown, or none."),
            *_varied(shown, displays.WITHIN),
            *{field.name: field for field in trial_fields}.values(),
            *TIMES,
            INPUT,
            *STAMPS,
        ],
        "steps": [
            *run,
            *WHERE,
            Field("page", "text", "The kind of page."),
            Field("key", "text", "The step's name, unique in the run."),
            STIMULUS,
            *_varied(shown, displays.WITHIN),
            *TIMES,
            Field("server_ms", "number", "Time since the run's previous answer, or its start; by the server.", "ms"),
            INPUT,
            *STAMPS,
            *(field for page in kind.pages if not page.trial for field in _prefixed(page, versions)),
        ],
        "answers": [
            *run,
            Field(
                "questionnaire",
                "text",
                "The questionnaire that the item belongs to.",
                levels={page.name: page.title for page in kind.pages if page.title},
            ),
            Field("place", "text", "When it is asked.", levels=PLACE_WORDS),
            *WHERE,
            STIMULUS,
            Field("attempt", "integer", "Which attempt at the questionnaire's checks, from 1."),
            Field("item", "text", "The item's code."),
            Field("order", "integer", "Where the item stood in the order that the run met, from 1."),
            Field("type", "text", "The item's type: " + ", ".join(OF_TYPE) + "."),
            Field("scale", "text", "The scale that it belongs to; empty for none."),
            Field("reverse", "boolean", "Whether it is reverse-coded."),
            Field(
                "value", "text", "The answer as it is stored; several choices and rankings as JSON; empty: left open."
            ),
            Field(
                "label", "text", "What the answer read like; empty for numbers and words. Several: separated by ' | '."
            ),
            Field("score", "number", "The answer as a number of its scale, reverse-coded ones turned round."),
            Field("correct", "boolean", "Whether a check was answered as expected; empty for other items."),
            Field("rt_ms", "number", "Time from the item's page being shown to its last change; by the browser.", "ms"),
            STAMPS[1],
        ],
        "events": [
            STUDY,
            VERSION,
            PARTICIPANT,
            CONDITION,
            Field("step_index", "integer", "The step at which it happened, from 0."),
            Field("name", "text", "What happened."),
            Field("t_ms", "number", "Time since the step was shown; empty for what happened to the run.", "ms"),
            Field("input_mode", "text", "How it was done: mouse, touch or keyboard."),
            Field("data", "text", "What belongs to it, as JSON."),
            Field("received_at", "time", "When the server stored it.", "UTC"),
        ],
        "codes": [
            STUDY,
            PARTICIPANT,
            Field("trial_index", "integer", "The trial whose answer was coded, from 1."),
            Field("step_index", "integer", "Its place in the run's plan, from 0."),
            Field("class_name", "text", "The class that the trial is about."),
            Field("field", "text", "The answer's column that was coded."),
            Field("coder", "text", "Who coded it; empty for what the coders agreed on after they had differed."),
            Field("code", "text", "The code given; empty where the answer was read and nothing found."),
            Field(
                "kind",
                "text",
                "What sort of code it is.",
                levels={"saliency_feature": "can be pointed at", "general_attribute": "a property of the whole image"},
            ),
            Field(
                "stage",
                "text",
                "Whether a coder gave it alone, or all of them together after they had differed.",
                levels={
                    "independent": "one coder's own, blind to the others'",
                    "resolved": "agreed on; stands for the coders' own in whatever counts codes",
                },
            ),
        ],
    }


def recorded(page: Page, versions: Versions) -> list[Field]:
    """Return a page's fields with what their values mean in all the study's versions."""
    of_each = {label: page.recorded(parameters) for label, parameters in versions.items()}
    return [
        replace(field, levels=levels_of_all({label: fields[place].levels for label, fields in of_each.items()}))
        for place, field in enumerate(page.columns)
    ]


def wide_columns(
    kind: Kind,
    steps: dict[str, Page],
    versions: Versions | None = None,
    shown: Versions | None = None,
    *,
    with_ids: bool = False,
) -> list[Field]:
    """Return the columns of the wide table: one row per participant, then every step's fields and time.

    `steps` maps each step's prefix in the column names (`trial03`, `consent`) to its page, in order of appearance.
    """
    versions = versions or {"": kind.defaults()}
    within = _varied(shown or {}, displays.WITHIN)
    of_pages = {page.name: recorded(page, versions) for page in steps.values()}
    answers = [
        replace(field, name=f"{prefix}_{field.name}", description=f"{prefix}: {field.description}")
        for prefix, page in steps.items()
        for field in (*of_pages[page.name], *(within if page.trial else ()), TIMES[0])
    ]
    return [*columns(kind, versions, shown, with_ids=with_ids)["participants"], *answers]


def _factors(kind: Kind) -> list[Field]:
    return [Field(f"factor_{factor.name}", "text", factor.description) for factor in kind.factors]


def _varied(shown: Versions, varies: str) -> list[Field]:
    """Return the column of the display that varies so in some version, with how each of its levels draws heatmaps."""
    by_version = {
        label: {level: displays.methods_in_words(one["levels"][level]) for level in displays.level_names(one)}
        for label, one in shown.items()
        if one.get("varies") == varies
    }
    if not by_version:
        return []
    name = f"factor_{displays.FACTOR}" if varies == displays.BETWEEN else displays.FACTOR
    return [Field(name, "text", "How the heatmaps were drawn.", levels=levels_of_all(by_version))]


def _participant(with_ids: bool) -> list[Field]:
    ids = [
        Field("recruitment_source", "text", "Who named the participant: the link's parameter, a personal link …"),
        Field("recruitment_id", "text", "The name the recruiter gave. Personal data."),
    ]
    return [
        Field("group", "text", "The group from the link, as in expert or non-expert."),
        Field("language", "text", "The language in which the run's pages were, as a code (BCP 47)."),
        Field(
            "language_by",
            "text",
            "By what the pages came to be in it; empty for runs from before this was recorded.",
            levels=LANGUAGE_BY,
        ),
        Field("order", "integer", "Which counterbalanced order the run follows, from 0."),
        Field("status", "text", "How the run stands or ended.", levels=STATUSES),
        Field("bot", "boolean", "Whether the run is a bot's."),
        Field("started_at", "time", "When the run began.", "UTC"),
        Field("finished_at", "time", "When it ended, in whatever way.", "UTC"),
        Field("duration_s", "number", "Time from start to end, pauses included.", "s"),
        Field(
            "failed_checks",
            "integer",
            "How many questions of its checks the run failed at their last attempt; empty unless completed.",
        ),
        Field(
            "constant_answers",
            "boolean",
            "Whether every closed question of the trials had the same answer throughout; empty unless completed.",
        ),
        *(ids if with_ids else []),
    ]


def _prefixed(page: Page, versions: Versions) -> list[Field]:
    """Return a page's fields under their names in the steps table: `<page>_<field>`."""
    return [replace(field, name=f"{page.name}_{field.name}") for field in recorded(page, versions)]
