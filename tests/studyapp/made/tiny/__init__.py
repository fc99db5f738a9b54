"""The smallest study kind that uses every turn of the engine: consent, a check with a second try, trials."""

from studyapp.core.engine.kinds import Factor, Field, Kind, Page, Parameter

KIND = Kind(
    title="Tiny",
    summary="For the engine's own tests.",
    module="tests.studyapp.made.tiny",
    pages=(
        Page(
            "consent",
            "tiny/step.html",
            form="tests.studyapp.made.tiny.parts:ConsentForm",
            fields=(Field("agree", "boolean", "Whether the participant agreed."),),
            consents=True,
        ),
        Page(
            "check",
            "tiny/step.html",
            form="tests.studyapp.made.tiny.parts:NumberForm",
            fields=(
                Field("number", "integer", "The number typed."),
                Field("passed", "boolean", "Whether it was right."),
            ),
        ),
        Page(
            "trial",
            "tiny/step.html",
            form="tests.studyapp.made.tiny.parts:NumberForm",
            context="tests.studyapp.made.tiny.parts:context",
            fields=(
                Field("number", "integer", "The number typed."),
                Field("correct", "boolean", "Whether it was right."),
            ),
            trial=True,
        ),
    ),
    parameters=(
        Parameter("n_trials", "integer", 5, "How many trials."),
        Parameter("min_width_px", "integer", 1024, "Smallest screen."),
        Parameter("min_height_px", "integer", 768, "Smallest screen."),
    ),
    factors=(Factor("size", ("small", "large"), "A factor."),),
    orders=2,
    fields=(
        Field("n_trials", "integer", "Trials answered."),
        Field("n_correct", "integer", "Trials answered rightly."),
    ),
)
PROLIFIC = "/s/tiny/?PROLIFIC_PID=5f1&STUDY_ID=s1&SESSION_ID=x1"
