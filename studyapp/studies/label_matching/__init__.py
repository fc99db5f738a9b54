"""Label matching: learn by guessing which of two confusable labels a heatmap explains, then do it without help.

After the user study (section B) of the CWOX-2s supplement in `shared/papers`. Where the paper leaves a choice open,
it is a parameter here and recorded with every export.
"""

from studyapp.core.engine import shared_pages
from studyapp.core.engine.fields import Field
from studyapp.core.engine.kinds import Column, Factor, Kind, Page, Parameter, Start
from studyapp.core.engine.questions import Choice
from studyapp.core.engine.shared_parameters import shared_parameters

START = f"{__name__}.pages:start"
LABELS = ("first_label", "second_label")

TRIAL_FIELDS = (
    Field("pair", "text", "The pair of labels that the round is about."),
    Field("round", "integer", "Which of the participant's two rounds, from 1."),
    Field("truth", "text", "The class that the picture truly shows, one of the pair."),
    Field("leaf_order", "text", "The labels that the heatmaps explain, from left to right: the right answer, as JSON."),
    Field("tray_order", "text", "The labels in the order in which they lay in the tray, as JSON."),
    Field("probabilities", "text", "The model's probabilities of these classes, in the heatmaps' order, as JSON."),
    Field("response", "text", "The labels as they were placed, from left to right, as JSON."),
    Field("n_labels", "integer", "How many labels there were to place."),
    Field("n_matched", "integer", "How many of them were placed under the heatmap that explains them."),
    Field("share_matched", "number", "The share of labels placed rightly."),
    Field("correct", "boolean", "Whether all labels were placed rightly."),
    Field("moves", "integer", "How often a label was placed, swapped or taken back; empty where no script ran."),
)

SUMMARY_FIELDS = (
    Field("n_trials", "integer", "How many examples were answered in the evaluation."),
    Field("n_correct", "integer", "In how many of them all labels were placed rightly."),
    Field("n_training", "integer", "How many examples were answered in the training."),
    Field("n_training_correct", "integer", "In how many of them all labels were placed rightly."),
    Field("bonus", "number", "What the examples right in the evaluation earn.", unit="the study's currency"),
    Field("reward", "number", "Base reward and bonus together.", unit="the study's currency"),
)

PAGES = (
    shared_pages.information(),
    shared_pages.consent(),
    Page(
        "group",
        "label_matching/question.html",
        questions=(Choice("group", "The group that the participant's answer leads to.", options_from="groups"),),
        texts=("group",),
    ),
    Page(
        "guideline",
        "label_matching/guideline.html",
        texts=(
            "guideline_background",
            "guideline_classification",
            "caption_single",
            "guideline_training",
            "caption_tree",
            "guideline_evaluation",
            "guideline_flow",
        ),
        fills=(*LABELS, "reading"),
        guide="label_matching/_part.html",
    ),
    Page(
        "choose",
        "label_matching/question.html",
        form=f"{__name__}.forms:ChooseForm",
        questions=(
            Choice(
                "first",
                "The pair chosen to come first.",
                "Which pair would you like to do first?",
                options_at="pairs",
            ),
        ),
        texts=("choose",),
        arrange=f"{__name__}.plan:arrange",
    ),
    *(
        Page(start, "label_matching/start.html", context=START, texts=(start,), fills=(*LABELS, "n_images", "round"))
        for start in ("training_start", "evaluation_start")
    ),
    Page(
        "guess",
        "label_matching/guess.html",
        form=f"{__name__}.forms:GuessForm",
        fields=TRIAL_FIELDS,
        texts=("guess", "guess_training", "guess_evaluation"),
        fills=(*LABELS, "n_images", "number", "round"),
        trial=True,
    ),
    Page(
        "verify",
        "label_matching/verify.html",
        texts=("verify_right", "verify_wrong"),
        fills=(*LABELS, "n_images", "number", "round"),
    ),
)

PARAMETERS = (
    Parameter(
        "pairs",
        "list",
        [],
        "The pairs of confusable classes, as in “cello / violin”; each participant gets two of them at random. "
        "Empty: all pairs with enough qualifying images. “Confusable pairs” on the bundle's page is where researchers "
        "settle which.",
        offered="pairs",
    ),
    Parameter(
        "guideline_pair",
        "text",
        "",
        "The pair of the guideline's worked example, as in “cello / violin”, which no participant gets. Empty: of the "
        "study's pairs one that isn't the participant's; where it has but two, another of the bundle's.",
    ),
    Parameter(
        "training_trials",
        "integer",
        8,
        "Examples of each pair that are guessed, then verified. The paper doesn't say how many.",
        minimum=1,
        maximum=100,
    ),
    Parameter(
        "evaluation_trials",
        "integer",
        8,
        "Examples of each pair that are guessed without verification. The paper doesn't say how many.",
        minimum=1,
        maximum=100,
    ),
    Parameter(
        "split",
        "text",
        "",
        "Which part of the data set all images come from, as in the bundle's column `split`; empty: any. The paper "
        "uses ImageNet's validation set.",
    ),
    Parameter(
        "other_nodes",
        "choice",
        "unnamed",
        "Maps that lead to none of the pair's labels: `unnamed` draws them without a name, `hidden` leaves them out.",
        choices=("unnamed", "hidden"),
    ),
    Parameter(
        "probabilities",
        "boolean",
        False,
        "Whether each map is shown with the model's probability. It is a cue of its own, beside the heatmap.",
    ),
    Parameter(
        "group_source",
        "choice",
        "asked",
        "Where the group, expert or not, comes from: `asked` on a page of its own, or the `link` through which the "
        "participant came.",
        choices=("asked", "link"),
    ),
    Parameter(
        "groups",
        "list",
        [["expert", "Yes, I have"], ["non-expert", "No, I haven’t"]],
        "The groups, each with the answer that leads to it, in the order in which they are offered.",
        columns=(Column("group"), Column("answer", spoken=True)),
    ),
    *shared_parameters(minutes=25, photo_px=140, map_px=140),
)

FACTORS = (
    Factor(
        "method",
        ("cwox_2s", "cwox_1s", "swox"),
        "Which explanation of the model's whole output is shown: any in the bundle that is a tree of maps.",
        open=True,
        offered="methods",
    ),
)

STARTS = (
    Start(
        "asked",
        "Label matching, group asked",
        "CWOX-2s, CWOX-1s or SWOX between people, who say themselves whether they are experts.",
    ),
    Start(
        "by_link",
        "Label matching, group by link",
        "The same, with experts and non-experts invited by links of their own: ?group=expert, ?group=non-expert.",
        parameters={"group_source": "link"},
    ),
)

KIND = Kind(
    title="Label matching",
    summary="Participants learn which evidence belongs to which of two confusable labels, by guessing and verifying.",
    module=__name__,
    windows=f"{__name__}.windows:windows",
    entry=f"{__name__}.pages:entry",
    names=f"{__name__}.stimuli:class_names",
    entry_fills=LABELS,
    wanting=f"{__name__}.stimuli:wanting",
    pages=PAGES,
    parameters=PARAMETERS,
    factors=FACTORS,
    habits=f"{__name__}.scoring:habits",
    fields=SUMMARY_FIELDS,
    fills=("n_rounds", "n_training", "n_evaluation", "n_examples", "bonus"),
    trial_word="Example",
    starts=STARTS,
)
