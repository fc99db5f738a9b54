"""Forward simulation: see how a classifier decided on examples, then predict what it does with a new picture.

After "User testing" (section 5) of the multi-scale occlusion study in `shared/papers`, which extends Alqaraawi et
al. 2020. Where the paper leaves a choice open, it is a parameter here and recorded with every export.
"""

from studyapp.core.engine import shared_pages
from studyapp.core.engine.fields import Field
from studyapp.core.engine.kinds import Column, Factor, Kind, Page, Parameter, Start
from studyapp.core.engine.questions import Scale, Words, YesNo
from studyapp.core.engine.run import to_say
from studyapp.core.engine.shared_parameters import shared_parameters

OUTCOMES = {
    "TP": "true positive: the class is in the picture and the system says so",
    "FN": "false negative: the class is in the picture and the system misses it",
    "FP": "false positive: the class isn't in the picture and the system says it is",
    "TN": "true negative: the class isn't in the picture and the system says so",
}
TRUE, NOT_TRUE = to_say("True"), to_say("Not true")
CONFIDENCE = ["extremely unconfident", "slightly unconfident", "slightly confident", "extremely confident"]

TRIAL_QUESTIONS = (
    Words(
        "sensitive_to",
        "Features the system is thought to be sensitive to, in the participant's words.",
        "Which features do you think the system is sensitive to?\n\nTwo or three",
        letters=3,
    ),
    Words(
        "ignores",
        "Features the system is thought to ignore, in the participant's words.",
        "Which features do you think the system ignores?\n\nTwo or three",
        letters=3,
    ),
    YesNo(
        "response",
        "Whether the participant predicted that the model assigns the class.",
        "Will the system say “{class_name}”?",
        fills=("class_name",),
        missing=to_say("Please choose Yes or No."),
        right_from="model_answer",
    ),
    Scale(
        "confidence",
        "Confidence in the prediction; the labels are the parameter `confidence_labels`.",
        "How confident are you?",
        labels_from="confidence_labels",
        missing=to_say("Please choose how confident you are."),
    ),
)

TRIAL_FIELDS = (
    Field("class_name", "text", "The class that the question is about."),
    Field("outcome", "text", "How the model's answer compares with the truth.", levels=OUTCOMES),
    Field("score", "number", "The model's score for the class on this picture."),
    Field("threshold", "number", "The score above which the model assigns the class."),
    Field("model_answer", "boolean", "Whether the model assigns the class: the right answer."),
    "response",
    Field("correct", "boolean", "Whether the prediction agrees with the model."),
    "confidence",
)

SUMMARY_FIELDS = (
    Field("n_trials", "integer", "How many pictures were answered."),
    Field("n_correct", "integer", "How many of them were predicted rightly."),
    Field("bonus", "number", "What the right predictions earn.", unit="the study's currency"),
    Field("reward", "number", "Base reward and bonus together.", unit="the study's currency"),
)

PAGES = (
    shared_pages.information(),
    shared_pages.eligibility(),
    shared_pages.consent(),
    Page(
        "instructions",
        "forward_simulation/instructions.html",
        texts=(
            "instructions_classes",
            "instructions_outcomes",
            "instructions_task",
            "instructions_scores",
            "instructions_heatmap",
            "instructions_screen",
            "commentary_tp",
            "commentary_fp",
        ),
        fills=("class_name", "reading"),
        guide="forward_simulation/_part.html",
    ),
    Page(
        "instructions_again",
        "forward_simulation/instructions_again.html",
        texts=("instructions_again",),
    ),
    Page(
        "screening",
        "forward_simulation/screening.html",
        form=f"{__name__}.forms:ScreeningForm",
        questions=(
            YesNo("statement_1", "Whether the first statement was called true.", yes=TRUE, no=NOT_TRUE),
            YesNo("statement_2", "Whether the second statement was called true.", yes=TRUE, no=NOT_TRUE),
        ),
        fields=(
            Field("attempt", "integer", "Which attempt at the screening questions, from 1."),
            Field("about", "text", "What the statements are about: outcome, heatmap, scores or task."),
            "statement_1",
            "statement_2",
            Field("passed", "boolean", "Whether both statements were judged rightly."),
        ),
        texts=("screening_outcome", "screening_heatmap", "screening_scores", "screening_task"),
        fills=("class_name", "inside", "outside"),
        fills_alone=True,
        back=True,
    ),
    Page(
        "block",
        "forward_simulation/block.html",
        texts=("block",),
        fills=("class_name", "block", "n_queries"),
    ),
    Page(
        "trial",
        "forward_simulation/trial.html",
        questions=TRIAL_QUESTIONS,
        fields=TRIAL_FIELDS,
        texts=("trial", "outcome_tp", "outcome_fn", "outcome_fp", "outcome_tn", "confidence_note"),
        fills=("class_name",),
        trial=True,
    ),
    shared_pages.attention("confidence_labels"),
    Page(
        "closing",
        "forward_simulation/closing.html",
        questions=(
            YesNo(
                "useful_outcomes",
                "Whether the outcomes helped.",
                "The outcomes: recognised correctly, missed, false alarm",
                when="outcomes",
            ),
            YesNo(
                "useful_heatmaps",
                "Whether the heatmaps helped; empty where none were shown.",
                "The heatmaps",
                when="heatmaps",
            ),
            YesNo(
                "useful_scores", "Whether the scores helped; empty where none were shown.", "The scores", when="scores"
            ),
            Words(
                "learned",
                "What the participant learned about the system, in their words.",
                "What have you learned about how the system decides?",
                rows=4,
            ),
        ),
        texts=("closing",),
    ),
    Page(
        "feedback",
        "forward_simulation/feedback.html",
        texts=("feedback",),
        fills=("n_correct", "reward"),
    ),
)

PARAMETERS = (
    Parameter(
        "classes",
        "list",
        ["cat", "horse"],
        "The two classes asked about, one block of trials each.",
        offered="classes",
    ),
    Parameter(
        "queries_per_class",
        "object",
        {"TP": 3, "FN": 2, "FP": 2, "TN": 0},
        "How many pictures of each outcome are asked about in each class.",
    ),
    Parameter(
        "examples",
        "object",
        {"TP": 6, "FN": 3, "FP": 3},
        "How many examples of each outcome a trial shows: those most similar to the picture asked about.",
    ),
    Parameter(
        "split",
        "text",
        "train",
        "Which part of the data set all pictures come from, as in the bundle's column `split`; empty: any.",
    ),
    Parameter(
        "query_pool",
        "integer",
        2,
        "Pictures asked about have middling scores: they are drawn from this many times as many pictures whose "
        "scores lie nearest to the class's threshold. 1: exactly the nearest ones.",
        minimum=1,
    ),
    Parameter(
        "screening_policy",
        "choice",
        "record",
        "What follows on failed screening questions: `record` goes on; `retry` shows the instructions and asks "
        "again, and goes on after the last attempt; `screen_out` ends the run after the last attempt.",
        choices=("record", "retry", "screen_out"),
    ),
    Parameter("screening_attempts", "integer", 2, "Attempts under `retry` and `screen_out`.", minimum=1, maximum=5),
    Parameter(
        "screening_frames",
        "list",
        [],
        "The two frames on the heatmap of a screening's second example, where the study marks them itself: for a "
        "method and an attempt, where much of what spoke for the class lies and where hardly any does, each as left, "
        "top, width and height in percent of the picture, as in “30 40 25 20”. Without a row the map itself tells.",
        columns=(Column("method", offered="methods"), Column("attempt"), Column("inside"), Column("outside")),
        marked=f"{__name__}.marking:markings",
    ),
    Parameter(
        "attention_checks",
        "integer",
        0,
        "How many attention checks are spread over the trials; the paper has none.",
        minimum=0,
        maximum=5,
    ),
    Parameter(
        "attention_policy",
        "choice",
        "record",
        "What follows on a failed attention check: `record` goes on; `screen_out` ends the run.",
        choices=("record", "screen_out"),
    ),
    Parameter(
        "heatmap_layout",
        "choice",
        "side_by_side",
        "Where the heatmap stands: beside the photo, in its place, or in its place while it is pointed at or focused.",
        choices=("side_by_side", "overlay", "hover"),
    ),
    Parameter(
        "score_bars",
        "integer",
        4,
        "How many classes a score chart shows: the class asked about, then those with the highest scores.",
        minimum=1,
        maximum=10,
    ),
    Parameter(
        "confidence_labels",
        "list",
        CONFIDENCE,
        "The points of the confidence scale, stored as 1, 2, 3, …",
        spoken="shown",
    ),
    Parameter(
        "eligibility",
        "list",
        [
            "I am 18 years of age or older.",
            "My eyesight is normal, or corrected to normal by glasses or lenses.",
            "I have a technical background, such as a degree in computing or engineering.",
            "I am using a laptop or a desktop computer.",
        ],
        "What a participant must confirm to take part.",
        spoken="stored",
    ),
    *shared_parameters(minutes=30, photo_px=130, map_px=130),
)

FACTORS = (
    Factor(
        "heatmap",
        ("none", "lrp", "multiscale_occlusion"),
        "Which explanation the examples show: none, or any method in the bundle.",
        open=True,
        offered="methods",
        choices=("none",),
    ),
    Factor("scores", ("shown", "hidden"), "Whether the examples show the scores of the classes."),
)

STARTS = (
    Start(
        "paper",
        "Forward simulation, heatmaps and scores",
        "As in the paper: no heatmap, LRP or multi-scale occlusion, each with and without scores; 16 people per cell.",
        conditions=tuple(
            {"name": f"{heatmap}-{scores}", "factors": {"heatmap": heatmap, "scores": scores}, "quota": 16}
            for heatmap in FACTORS[0].levels
            for scores in FACTORS[1].levels
        ),
    ),
    Start(
        "heatmaps",
        "Forward simulation, heatmaps alone",
        "No heatmap, LRP or multi-scale occlusion; nobody sees scores. 16 people per cell.",
        conditions=tuple(
            {"name": heatmap, "factors": {"heatmap": heatmap, "scores": "hidden"}, "quota": 16}
            for heatmap in FACTORS[0].levels
        ),
    ),
)

KIND = Kind(
    title="Forward simulation",
    summary="Participants see how a classifier decided on examples, then predict what it does with a new picture.",
    module=__name__,
    windows=f"{__name__}.windows:windows",
    pages=PAGES,
    parameters=PARAMETERS,
    factors=FACTORS,
    orders=2,
    fields=SUMMARY_FIELDS,
    fills=("first_class", "second_class", "n_trials", "n_examples", "bonus", "max_reward"),
    trial_word="Picture",
    starts=STARTS,
    display=f"{__name__}.pages:usual_display",
    names=f"{__name__}.stimuli:class_names",
)
