"""Clustering: sort ten unlabelled pictures into groups, with more or less visual help from the system.

After the human evaluation (section 4.1, appendix I) of the XNN paper in `shared/papers`. Where the paper leaves a
choice open, it is a parameter here and recorded with every export.
"""

from studyapp.core.engine import shared_pages
from studyapp.core.engine.fields import Field
from studyapp.core.engine.kinds import Column, Kind, Page, Parameter, Start
from studyapp.core.engine.questions import Choice, Scale, Words
from studyapp.core.engine.shared_parameters import shared_parameters

CONFIDENCE = ["Zero", "Very Low", "Low", "Mediocre", "High", "Very High", "100%"]
RATING = ["Very Good", "Good", "Slightly Good", "Neutral or N/A", "Slightly Poor", "Poor", "Very Poor"]
DIFFICULTY = ["0, not at all", "1", "2", "3", "4", "5", "6", "7, extremely"]

TRIAL_FIELDS = (
    Field("stage", "text", "The stage of the study: which visual help there was."),
    Field("dataset", "text", "The data set that the pictures come from."),
    Field("batch", "integer", "Which of the data set's fixed batches was sorted, from 1."),
    Field("images", "text", "The pictures' ids in the order in which they lay on the board, as JSON."),
    Field("placement", "text", "The group that each picture was put in, as JSON: image id → group."),
    Field("prediction", "text", "The class that the model predicts for each picture, as JSON: image id → class."),
    Field(
        "purity",
        "number",
        "The share of pictures whose predicted class is their group's most frequent one. Guessing reaches .54 on "
        "average with four groups: compare with the chance level that the report gives.",
    ),
    Field("groups_used", "integer", "How many groups have a picture in them."),
    Field("moves", "integer", "How often pictures were moved into or out of a group; empty where no script ran."),
)

SUMMARY_FIELDS = (
    Field("n_trials", "integer", "How many batches were sorted."),
    Field("mean_purity", "number", "Mean purity of the groups, over all batches sorted."),
    Field("reward", "number", "What taking part earns.", unit="the study's currency"),
)

PAGES = (
    shared_pages.information(),
    shared_pages.consent(),
    Page(
        "demographics",
        "clustering/questions.html",
        questions=(
            Choice(
                "gender",
                "Gender, in the words of the answer chosen.",
                "What is your gender?",
                options_from="genders",
            ),
            Choice("age", "Age band, in years.", "How old are you?", options_from="ages"),
            Choice(
                "computing_courses",
                "How many courses in computing were taken.",
                "How many courses in computing have you taken?",
                options_from="courses",
            ),
            Choice(
                "ai_courses",
                "How many courses in artificial intelligence were taken.",
                "How many courses in artificial intelligence have you taken?",
                options_from="courses",
            ),
        ),
        texts=("demographics",),
        again=True,
    ),
    Page(
        "task",
        "clustering/task.html",
        texts=("task",),
        guide="clustering/_task.html",
    ),
    Page(
        "stage",
        "clustering/stage.html",
        texts=("stage_none", "stage_single", "caption_single", "stage_features", "caption_features"),
        fills=("part", "n_parts", "reading"),
        guide="clustering/_stage.html",
    ),
    Page(
        "sort",
        "clustering/sort.html",
        form=f"{__name__}.forms:SortForm",
        fields=TRIAL_FIELDS,
        texts=("sort",),
        fills=("part", "n_parts"),
        trial=True,
    ),
    Page(
        "confidence",
        "clustering/confidence.html",
        questions=(
            Scale(
                "level",
                "Confidence that all pictures are grouped correctly; the labels are the parameter `confidence_labels`.",
                text="confidence",
                labels_from="confidence_labels",
            ),
        ),
    ),
    Page(
        "agents",
        "clustering/agents.html",
        form=f"{__name__}.forms:AgentsForm",
        questions=(
            Scale(
                "ratings",
                "How well each stage's AI agent did, as JSON: stage → rating from 1, the worst; the labels are the "
                "parameter `rating_labels`, the best first.",
                labels_from="rating_labels",
                best_first=True,
                each=True,
            ),
            Words(
                "thoughts",
                "What was thought of each stage's AI agent, in the participant's words, as JSON: stage → words, "
                "without those of which nothing was written.",
                "What did you think of it?\n\nOptional",
                required=False,
            ),
        ),
        texts=("agents", "agent_single", "agent_features"),
        again=True,
    ),
    Page(
        "closing",
        "clustering/questions.html",
        questions=(
            Scale(
                "difficulty",
                "How difficult grouping the pictures was; the labels are the parameter `difficulty_labels`.",
                "How difficult was it to group the pictures?",
                labels_from="difficulty_labels",
                first=0,
            ),
            Words(
                "comments",
                "Comments, in the participant's words; may be empty.",
                "Is there anything you would like to tell us?\n\nOptional",
                required=False,
                rows=4,
                samples=("They look so alike.",),
            ),
        ),
        texts=("closing",),
        again=True,
    ),
)

PARAMETERS = (
    Parameter(
        "stages",
        "list",
        [["NoVis", "none"], ["1-Heatmap", "c_mwp"], ["XNN", "xnn"]],
        "The stages, each with its explanation method: none, or one of the bundle's. The first always comes first, the "
        "others in every order equally often. A method with one map per picture is shown by pointing at it, one with "
        "several (x-features) by a switch for each.",
        columns=(Column("stage"), Column("explanation", offered="methods", choices=("none",))),
    ),
    Parameter(
        "datasets",
        "list",
        [],
        "The data sets, one batch of each in every stage; empty: all of the bundle.",
        offered="datasets",
    ),
    Parameter("split", "text", "", "Which part of the data sets all pictures come from, as in the bundle; empty: any."),
    Parameter("groups", "integer", 4, "How many groups there are to sort into.", minimum=2, maximum=6),
    Parameter("batch_size", "integer", 10, "How many pictures are sorted at once.", minimum=4, maximum=10),
    Parameter(
        "batches",
        "integer",
        5,
        "How many fixed batches are drawn of each data set; a participant meets none of them twice.",
        minimum=1,
        maximum=50,
    ),
    Parameter(
        "require_all_groups",
        "boolean",
        False,
        "Whether every group needs a picture. The paper lets groups stay empty.",
    ),
    Parameter(
        "agent_ratings",
        "boolean",
        True,
        "Whether the AI agents of the stages with visual help are rated at the end, as in the paper's main study.",
    ),
    Parameter(
        "confidence_labels",
        "list",
        CONFIDENCE,
        "The points of the confidence scale, stored as 1, 2, 3, …",
        spoken="shown",
    ),
    Parameter(
        "rating_labels",
        "list",
        RATING,
        "The points of the agents' rating, best first; stored as 7, 6, 5, …",
        spoken="shown",
    ),
    Parameter(
        "difficulty_labels",
        "list",
        DIFFICULTY,
        "The points of the difficulty scale, stored as 0, 1, 2, …",
        spoken="shown",
    ),
    Parameter(
        "genders",
        "list",
        ["Female", "Male", "Trans female", "Trans male", "Non-binary", "Another", "I’d rather not say"],
        "What can be answered to the question about gender.",
        spoken="stored",
    ),
    Parameter(
        "ages",
        "list",
        ["18–30", "31–40", "41–50", "51–60", "61 or older", "I’d rather not say"],
        "The age bands, in years.",
        spoken="stored",
    ),
    Parameter(
        "courses",
        "list",
        ["No course", "1 course", "2 courses", "3 courses", "4 courses or more"],
        "What can be answered to the questions about courses in computing and in artificial intelligence.",
        spoken="stored",
    ),
    *shared_parameters(minutes=30, photo_px=150, map_px=150),
)

STARTS = (
    Start(
        "main",
        "Clustering, main study",
        "No help first, then one heatmap and an explanation network (XNN) in either order; the agents are rated.",
        conditions=({"name": "main", "factors": {}, "quota": 30},),
    ),
    Start(
        "complementary",
        "Clustering, complementary study",
        "No help, then one heatmap by DeepLIFT, with other participants than the main study's.",
        parameters={
            "stages": [["NoVis", "none"], ["1-Heatmap (DeepLIFT)", "deeplift"]],
            "agent_ratings": False,
            "minutes": 20,
        },
        conditions=({"name": "complementary", "factors": {}, "quota": 14},),
    ),
)

KIND = Kind(
    title="Clustering",
    summary="Participants sort ten unlabelled pictures into groups, with more or less visual help from the system.",
    module=__name__,
    windows=f"{__name__}.windows:windows",
    pages=PAGES,
    parameters=PARAMETERS,
    factors=(),
    orders=f"{__name__}.plan:n_orders",
    habits=f"{__name__}.scoring:habits",
    fields=SUMMARY_FIELDS,
    fills=(
        "first_group",
        "last_group",
        "n_images",
        "n_groups",
        "n_stages",
        "n_batches",
        "n_datasets",
        "n_maps",
    ),
    trial_word="Batch",
    starts=STARTS,
    display={"scale": "map"},
    within=f"{__name__}.plan:within",
)
