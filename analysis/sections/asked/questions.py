"""What participants were asked beside the trials: shares of each answer by condition, and whether they depend on it.

A question is a column of the steps table that its page wrote once per participant: `closing_useful_heatmaps`. Checks
(`<page>_passed`) count as at the last attempt. Its wording is the column's description in the export. The items of
questionnaires have sections of their own (`questionnaires.py`); only their checks are told here.
"""

from dataclasses import dataclass

import pandas as pd

from analysis.errors import NotDefined
from analysis.reading import checks
from analysis.reading.checks import PASSED
from analysis.reading.plans import Plan
from analysis.reading.study import Measure, Study
from analysis.results import apa
from analysis.results.records import Record, record
from analysis.results.section import Section
from analysis.sections import between
from analysis.statistics.association import contingency
from analysis.statistics.effects import wilson
from analysis.statistics.multiplicity import adjust

SHARES = ("term", "level", "answer", "n", "count", "share", "ci_low", "ci_high")
ASSOCIATIONS = ("term", "n", "chi2", "df", "p", "p_adjusted", "cramers_v")
NO_QUESTION = ("consent_consent", "eligibility_eligible")
MOST_CHOICES = 12
LEAST_PER_CHOICE = 3  # what fewer people gave on average is their own words, which no report prints
MOST_POINTS = 15


@dataclass(frozen=True)
class Question:
    """One question: its column, its wording, its scale (choice, rating or text), and everybody's answer."""

    column: str
    label: str
    scale: str
    answers: pd.Series


def section(study: Study, plan: Plan, leave_out: tuple[str, ...] = ()) -> Section | None:
    """Return the section of all questions but the columns in `leave_out`; None where nothing was asked."""
    asked = [question for question in questions(study) if question.column not in leave_out]
    if not asked:
        return None
    records = choices([question for question in asked if question.scale == "choice"], study, plan)
    for question in asked:
        if question.scale == "rating":
            records += _rating(question, study, plan)
    texts = [question for question in asked if question.scale == "text"]
    return Section("What participants said", _summary(records, asked), records, intro=_intro(texts), figures_first=0)


def choices(asked: list[Question], study: Study, plan: Plan, family: str = "questions") -> list[Record]:
    """Return the shares of each answer by condition, and whether answers depend on it; none where none was asked."""
    records = [_shares(question, study) for question in asked]
    return [*records, _associations(asked, study, plan, family)] if asked and study.tested else records


def questions(study: Study) -> list[Question]:
    """Return what was asked once, in the order of the table; who wasn't asked has no answer."""
    if study.steps is None:
        return []
    pages = set(study.steps["page"].dropna()) if "page" in study.steps else set()
    own = set() if study.answers is None else set(study.answers["questionnaire"])
    columns = [column for column in study.steps if column not in NO_QUESTION
               and (page := _page(column, pages)) and (page not in own or column == f"{page}{PASSED}")]  # fmt: skip
    every = [_question(column, study) for column in columns]
    return [question for question in every if question is not None]


def _page(column: str, pages: set[str]) -> str:
    """Return the page that wrote a column, of two that could have the longer name; empty where none did."""
    return max((page for page in pages if column.startswith(f"{page}_")), key=len, default="")


def _question(column: str, study: Study) -> Question | None:
    given = study.table("steps").dropna(subset=[column]).sort_values("step_index")
    people = given["participant"]
    if given.empty or (people.duplicated().any() and not column.endswith(PASSED)):
        return None
    answers = checks.passed(given, column) if column.endswith(PASSED) else given.groupby("participant")[column].last()
    label = next((entry.get("description", "") for entry in study.variables if entry.get("name") == column), "")
    label = label.removeprefix("Whether ").split(";")[0].rstrip(".") or apa.words(column)
    return Question(column, label[0].upper() + label[1:], _scale(answers), answers)


def _scale(answers: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(answers):
        return "choice"
    if pd.api.types.is_numeric_dtype(answers):
        return "rating" if answers.nunique() <= MOST_POINTS else "text"
    given = answers.nunique()
    return "choice" if given <= MOST_CHOICES and LEAST_PER_CHOICE * given <= len(answers) else "text"


def _by_condition(question: Question, study: Study) -> dict[tuple[str, str], pd.Series]:
    """Return the answers of everybody and of each level of each factor."""
    people = study.participants.set_index("participant")
    known = people.loc[people.index.isin(question.answers.index)]
    parts = {("all", "all"): question.answers}
    for factor in study.tested:
        for level, rows in known.groupby(factor, observed=True):
            parts[factor, str(level)] = question.answers.loc[rows.index]
    return parts


def _shares(question: Question, study: Study) -> Record:
    values = [True] if pd.api.types.is_bool_dtype(question.answers) else sorted(question.answers.unique(), key=str)
    entry = next((entry for entry in study.variables if entry.get("name") == question.column), {})
    levels = {str(code): str(label) for code, label in (entry.get("levels") or {}).items()}
    rows = []
    for (term, level), answers in _by_condition(question, study).items():
        for value in values:
            count = int((answers == value).sum())
            answer = "yes" if value is True else levels.get(str(value), str(value))
            share = count / len(answers)
            rows.append((term, level, answer, len(answers), count, share, *wilson(count, len(answers))))
    n = len(question.answers)
    return record(
        f"questions.{question.column}",
        question.label,
        lambda: pd.DataFrame(rows, columns=SHARES),
        SHARES,
        {"function": "share of the participants who answered, with Wilson's 95% interval"},
        n,
        len(study.participants) - n,
    )


def _associations(asked: list[Question], study: Study, plan: Plan, family: str) -> Record:
    """Return χ² of every question by every factor, p adjusted over all of them."""

    def tested() -> pd.DataFrame:
        people = study.participants.set_index("participant")
        frames = [_association(question, factor, people[factor]) for question in asked for factor in study.tested]
        table = pd.concat(frames, ignore_index=True).reindex(columns=[*ASSOCIATIONS, "reason"])
        return table.assign(p_adjusted=adjust(table["p"], plan.correction))[[*ASSOCIATIONS, "reason"]]

    return record(
        f"{family}.association",
        "Answers by condition",
        tested,
        ASSOCIATIONS,
        {"function": "Pearson χ² without continuity correction, Cramér's V", "correction": plan.correction,
         "family": f"{len(asked)} questions by {apa.listing(study.tested)}"},
        len(study.participants),
    )  # fmt: skip


def _association(question: Question, factor: str, conditions: pd.Series) -> pd.DataFrame:
    term = f"{question.label} by {factor}"
    table = pd.crosstab(conditions.reindex(question.answers.index).astype(str), question.answers.astype(str))
    try:
        return contingency.association(table, term)
    except NotDefined as refusal:
        return pd.DataFrame([{"term": term, "n": len(question.answers), "reason": refusal.reason_with(apa.words)}])


def _rating(question: Question, study: Study, plan: Plan) -> list[Record]:
    people = study.participants[["participant", *study.factors]]
    values = people["participant"].map(question.answers).astype(float)
    data = people.assign(**{question.column: values})
    measure = Measure(question.column, question.label, "ordinal", data, study.tested)
    return [between.describe(measure), *(between.rank_tests(measure, plan) if study.tested else [])]


def _summary(records: list[Record], asked: list[Question]) -> str:
    """Return the shares of yes, and otherwise how many questions there were."""
    shares = []
    for kept in records:
        if kept.id.startswith("questions.") and "answer" in kept.terms:
            everybody = kept.terms[(kept.terms["term"] == "all") & (kept.terms["answer"] == "yes")]
            shares += [
                f"{kept.title[0].lower()}{kept.title[1:]} {apa.percent(row.share)}" for row in everybody.itertuples()
            ]
    return f"Yes answers: {', '.join(shares)}." if shares else f"{len(asked)} questions were asked."


def _intro(texts: list[Question]) -> str:
    return " ".join(f"“{question.label}”: {len(question.answers)} answers in free text." for question in texts)
