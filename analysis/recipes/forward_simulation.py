"""Forward simulation: do heatmaps and scores help people to predict what a classifier will do?

Measures as in the multiscale-occlusion study, section 6: share of right predictions per participant, by outcome too;
confidence; and, once the free answers are coded, the saliency ratio.
"""

from dataclasses import replace
from functools import partial

import pandas as pd

from analysis.errors import AnalysisError
from analysis.plots import comparisons
from analysis.reading.plans import Plan
from analysis.reading.scales import Scale, scale
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.records import record
from analysis.results.section import Figure, Section, Steps
from analysis.sections import blocks, coding, judging, repeated, varied
from analysis.sections.asked import questionnaires, questions
from analysis.statistics.descriptives import COLUMNS, descriptives
from analysis.statistics.means import METHODS, SHARE, SHORT

KIND = "forward_simulation"
PLAN = Plan(
    hypotheses=(
        {"id": "H1", "text": "The heatmap shown changes the share of right predictions.",
         "analysis": "fraction_correct.anova", "term": "heatmap"},
        {"id": "H2", "text": "Showing class scores changes the share of right predictions.",
         "analysis": "fraction_correct.anova", "term": "scores"},
    ),
    primary=("fraction_correct.anova",),
    secondary=("fraction_correct.tukey", "fraction_correct.anova_hc3", "confidence.kruskal", "saliency_ratio.anova_hc3",
               "saliency_ratio.tukey"),
    covariance={"saliency_ratio": "hc3"},
)  # fmt: skip
OUTCOMES = {"TP": "true positive", "FP": "false positive", "FN": "false negative", "TN": "true negative"}
CHANCE = 0.5
CODED = "sensitive_to"  # the source analyses these answers alone
RATIO_INTRO = (
    "Saliency codes divided by all codes in a participant's “sensitive to” answers, averaged over coders. "
    "Participants without any code have no ratio and are counted as missing."
)
CODES_BY = "heatmap"  # the source shows its codes by heatmap
DETECTION = {
    "d_prime": "How well people tell pictures on which the system says the class from those on which it does not: 0 is "
    "guessing.",
    "criterion": "Whether people lean to “no” (above 0) or to “yes” (below 0), whatever the picture.",
}
RELIED = (
    "The share of right predictions where the system itself was right, and where it was wrong: who expects a system "
    "that is always right predicts only the former."
)
CALIBRATED = (
    "How often a right prediction was made with more confidence than a wrong one; 50% is confidence that knows "
    "nothing. Calibration takes the scale's lowest point for guessing and its highest for certainty."
)
METRICS_NOTE = (
    "A stimulus is the image that was asked about, with the metric of its own heatmap for the class asked about; "
    "participants saw the heatmaps of the examples beside it."
)


def measures(study: Study) -> list[Measure]:
    """Return the measures of the trials, then those of the study's questionnaires."""
    listed = _measures(study)
    return [*listed, *questionnaires.measures(study, listed[0])]


def _measures(study: Study) -> list[Measure]:
    """Return the share of right predictions, confidence, response time, and the saliency ratio where it is coded."""
    trials = _trials(study)
    listed = [
        _per_participant(study, trials, "fraction_correct", "Fraction correct", "fraction", chance=CHANCE),
        replace(
            _per_participant(study, trials, "confidence", "Confidence", "ordinal"), limits=_certainty(study).limits
        ),
        _per_participant(study, trials, "rt_s", "Response time", "time", unit="s"),
    ]
    listed += _by_what_varied(study, trials)
    ratio = coding.saliency_ratio(study, CODED)
    people = study.participants[["participant", *study.factors]]
    judged = _judged(trials)
    more = [*judging.detection(judged, people, study.tested), judging.reliance(judged, people, study.tested),
            judging.discrimination(judged, people, study.tested), ratio]  # fmt: skip
    return [*listed, *(measure for measure in more if measure is not None)]


def _certainty(study: Study) -> Scale:
    return scale(study, "confidence", study.table("trials")["confidence"], "confidence_labels")


def _judged(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials as `judging` reads them; the system says the class on true and false positives."""
    outcome = trials["outcome"].astype(str)
    responses = (
        trials["response"].astype("boolean") if "response" in trials else pd.Series(pd.NA, trials.index, "boolean")
    )
    signal = outcome.isin(["TP", "FP"])
    return trials.assign(
        signal=signal,
        said=responses.fillna((trials["fraction_correct"] == 1) == signal).astype(bool),
        correct=trials["fraction_correct"],
        system_right=outcome.isin(["TP", "TN"]).where(trials["outcome"].notna()),
    )


def sections(study: Study, plan: Plan) -> Steps:
    """Return the report's sections in their order."""
    by_name = {measure.name: measure for measure in _measures(study)}
    steps: Steps = [
        ("fraction correct", partial(_accuracy, by_name["fraction_correct"], plan)),
        ("accuracy by outcome", partial(_by_outcome, study)),
        ("confidence", partial(_confidence, study, by_name["confidence"], plan)),
    ]
    if judging.RELIANCE in by_name:
        steps.append(("reliance", partial(_reliance, by_name[judging.RELIANCE], plan)))
    for name in ("d_prime", "criterion"):
        if name in by_name:
            steps.append((name, partial(blocks.numeric, by_name[name], plan, DETECTION[name])))
    if "auroc2" in by_name:
        steps.append(("calibration", partial(_calibration, study, by_name["auroc2"], plan)))
    if "saliency_ratio" in by_name:
        steps.append(("saliency ratio", partial(blocks.numeric, by_name["saliency_ratio"], plan, RATIO_INTRO)))
        steps.append(("features named", partial(coding.section, study, plan, CODED, CODES_BY)))
    steps.append(("response time", partial(blocks.ordinal, by_name["rt_s"], plan)))
    steps += varied.sections([one for one in by_name.values() if one.within and one.name != judging.RELIANCE], plan)
    steps += questionnaires.sections(study, plan, by_name["fraction_correct"])
    return [*steps, ("questions", partial(questions.section, study, plan))]


def _by_what_varied(study: Study, trials: pd.DataFrame) -> list[Measure]:
    return varied.measures(
        study, trials, "fraction_correct", "Fraction correct", "fraction", study.tested, chance=CHANCE
    )


def _accuracy(measure: Measure, plan: Plan) -> Section:
    section = blocks.numeric(measure, plan, "The share of each participant's predictions that were right.")
    section.records += blocks.binary_models(measure)
    return section


def _confidence(study: Study, measure: Measure, plan: Plan) -> Section:
    points = _certainty(study)
    section = blocks.ordinal(measure, plan, points.points, points.remark)
    section.records += repeated.rating_models(measure)
    return section


def _reliance(measure: Measure, plan: Plan) -> Section:
    section = blocks.within(measure, plan)
    section.intro = RELIED
    section.figures[0] = judging.relied(measure)
    return section


def _calibration(study: Study, measure: Measure, plan: Plan) -> Section:
    trials = _judged(_trials(study))
    points = _certainty(study).points
    k = int(max([*points, trials["confidence"].max()]))
    section = blocks.numeric(measure, plan, CALIBRATED)
    kept, figure = judging.calibration(trials, next(iter(study.tested), None), k, CHANCE, plan.seed)
    section.records.insert(1, kept)
    section.figures.insert(0, figure)
    return section


def _by_outcome(study: Study) -> Section:
    """Return accuracy on TP, FP, FN and TN images: per participant first, then across participants."""
    trials = _trials(study)
    factors = study.tested
    means = trials.groupby(["participant", "outcome"], observed=True)["fraction_correct"].mean().reset_index()
    means = means.merge(study.participants[["participant", *factors]], on="participant")
    terms = pd.concat(
        [_named(descriptives(rows, "fraction_correct", factors, bounds=SHARE), str(outcome))
         for outcome, rows in means.groupby("outcome", observed=True)],
        ignore_index=True,
    )  # fmt: skip
    result = record(
        "fraction_correct.by_outcome",
        "Fraction correct by outcome",
        lambda: terms,
        ("outcome", *COLUMNS),
        {"function": "per participant and outcome, then the mean over participants", "interval": METHODS[True]},
        means["participant"].nunique(),
    )
    overall = terms[terms["term"] == "all"]
    shares = ", ".join(f"{OUTCOMES[row.outcome]} {apa.percent(row.mean)}" for row in overall.itertuples())
    figure = Figure(
        "fraction_correct-by-outcome",
        "Fraction correct by the classifier's outcome",
        f"Means over participants with 95% {SHORT[True]}.",
        f"Means by outcome: {shares}.",
        lambda: comparisons.dots(
            _points(terms, factors),
            "classifier’s outcome",
            "Fraction correct",
            "fraction",
            CHANCE,
            "".join(factors[:1]),
        ),
        overall[["outcome", "mean"]],
    )
    return Section("Accuracy by outcome", f"Right predictions: {shares}.", [result], [figure])


def _points(terms: pd.DataFrame, factors: list[str]) -> pd.DataFrame:
    """Return the rows to draw: by the first factor's levels, or of everybody where no factor varies."""
    rows = terms[terms["term"] == (factors[0] if factors else "all")]
    return rows.assign(x=rows["outcome"].map(OUTCOMES), series=rows["level"])


def _named(table: pd.DataFrame, outcome: str) -> pd.DataFrame:
    table.insert(0, "outcome", outcome)
    return table


def _trials(study: Study) -> pd.DataFrame:
    """Return the answered trials with the columns that the measures average."""
    needed = ("correct", "confidence", "rt_ms", "outcome")
    table = study.table("trials")
    missing = [column for column in needed if column not in table]
    if missing:
        raise AnalysisError(f"trials table: lacks {', '.join(missing)}, which forward simulation records")
    numbers = {"fraction_correct": "correct", "confidence": "confidence"}
    answered = table.assign(
        rt_s=pd.to_numeric(table["rt_ms"]) / 1000,
        outcome=pd.Categorical(table["outcome"], [*OUTCOMES]),
        **{name: table[column].astype("Float64").astype(float) for name, column in numbers.items()},
    )
    return answered[answered["fraction_correct"].notna()]


def _per_participant(study: Study, trials: pd.DataFrame, name: str, label: str, kind: str, unit: str = "",
                     chance: float | None = None) -> Measure:  # fmt: skip
    """Return a measure as the mean of a participant's trials; response times as their median."""
    grouped = trials.groupby("participant")[name]
    values = grouped.median() if kind == "time" else grouped.mean()
    people = study.participants[["participant", *study.factors]]
    data = people.assign(**{name: people["participant"].map(values).astype(float)})
    stimulus = "stimulus" if "stimulus" in trials else ""
    responses = trials[["participant", *study.factors, name, *([stimulus] if stimulus else [])]]
    return Measure(name, label, kind, data, study.tested, responses=responses, chance=chance, unit=unit,
                   stimulus=stimulus)  # fmt: skip
