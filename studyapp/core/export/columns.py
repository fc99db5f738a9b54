"""The columns of an export's tables: the same for every kind, plus what the kind's pages declare."""

from dataclasses import replace

from studyapp.core.engine import flow
from studyapp.core.engine.kinds import Field, Kind, Page

STATUSES = {
    flow.ACTIVE: "not finished yet",
    flow.COMPLETED: "went all the way",
    flow.SCREENED_OUT: "did not fit, or failed the screening",
    flow.NO_CONSENT: "did not consent; nothing but the refusal is kept",
    flow.WITHDRAWN: "left for good",
    flow.EXPIRED: "never came back",
    "erased": "erased; nothing but this row is kept",
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


def columns(kind: Kind, *, with_ids: bool = False) -> dict[str, list[Field]]:
    """Return the columns of each table, in order."""
    run = [STUDY, VERSION, PARTICIPANT, CONDITION, *_factors(kind)]
    trial_fields = _merged(page for page in kind.pages if page.trial)
    return {
        "participants": [*run, *_participant(with_ids), *kind.fields],
        "trials": [
            *run,
            *WHERE,
            STIMULUS,
            Field("method", "text", "The explanation method shown, or none."),
            *trial_fields,
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
            *TIMES,
            Field("server_ms", "number", "Time since the run's previous answer, or its start; by the server.", "ms"),
            INPUT,
            *STAMPS,
            *(field for page in kind.pages if not page.trial for field in page_fields(page)),
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


def page_fields(page: Page) -> list[Field]:
    """Return a page's declared fields under their names in the steps table: `<page>_<field>`."""
    return [replace(field, name=f"{page.name}_{field.name}") for field in page.fields]


def wide_columns(kind: Kind, steps: dict[tuple, Page], *, with_ids: bool = False) -> list[Field]:
    """Return the columns of the wide table: one row per participant, then every step's fields and time.

    `steps` maps each step's prefix in the column names (`trial03`, `consent`) to its page, in order of appearance.
    """
    answers = [
        replace(field, name=f"{prefix}_{field.name}", description=f"{prefix}: {field.description}")
        for prefix, page in steps.items()
        for field in (*page.fields, TIMES[0])
    ]
    return [*columns(kind, with_ids=with_ids)["participants"], *answers]


def _factors(kind: Kind) -> list[Field]:
    return [Field(f"factor_{factor.name}", "text", factor.description) for factor in kind.factors]


def _participant(with_ids: bool) -> list[Field]:
    ids = [
        Field("recruitment_source", "text", "Who named the participant: the link's parameter, a personal link …"),
        Field("recruitment_id", "text", "The name the recruiter gave. Personal data."),
    ]
    return [
        Field("group", "text", "The group from the link, as in expert or non-expert."),
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
        *(ids if with_ids else []),
    ]


def _merged(pages) -> list[Field]:
    return list({field.name: field for page in pages for field in page.fields}.values())
