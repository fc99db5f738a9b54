"""Who is analysed: unfinished runs, bots and rule-breaking answers, each removed or marked by a named rule."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading import checks
from analysis.reading.plans import Plan
from analysis.reading.study import Study

UNFINISHED = {
    "active": "still in progress, or gone without a word",
    "screened_out": "screened out",
    "no_consent": "did not consent",
    "withdrawn": "withdrew",
    "expired": "never came back",
    "erased": "asked to be erased",
}
FLAGS = {
    "incomplete": "fewer trials than the study has",
    "too_fast": "trials in less than a third of the usual time",
    "constant": "the same answers in every trial",
    "failed_checks": "did not pass the comprehension check",
}
ROWS = "fewer rows than others have"  # of a CSV from elsewhere, which says no more about care
STATED_TIME = "median response time below {min_median_rt_ms:g} ms"
FAST_SHARE = 1 / 3
LEAST_TRIALS = 5


def in_words(rule: str, plan: Plan) -> str:
    """Return a rule of `FLAGS` as the plan states it.

    >>> in_words("too_fast", Plan(min_median_rt_ms=800))
    'median response time below 800 ms'
    """
    return STATED_TIME.format(**vars(plan)) if rule == "too_fast" and plan.min_median_rt_ms else FLAGS[rule]


@dataclass(frozen=True)
class Sample:
    """The participants that are analysed and those that are not.

    `flow` has the rows reason, n, each participant under one reason; `excluded` participant, reason; `met`
    participant, flag of everybody who completed, `flags` of everybody analysed. `completed` is the study of everybody
    who finished, before the plan's rules; `simulated` says that they are bots; `others` are the runs of bots beside
    people's, or of people beside bots', which count nowhere.
    """

    study: Study
    flow: pd.DataFrame
    excluded: pd.DataFrame
    met: pd.DataFrame
    simulated: bool
    completed: Study
    others: int = 0

    @property
    def flags(self) -> pd.DataFrame:
        """The rules that the analysed participants meet: participant, flag."""
        return self.met[self.met["participant"].isin(self.study.participants["participant"])]

    @property
    def aside(self) -> str:
        """The sentence about `others`, empty where there are none."""
        runs = "1 run of" if self.others == 1 else f"{self.others} runs of"
        what = f"{runs} people, none of them completed," if self.simulated else f"{runs} bots"
        return f"{what} {'is' if self.others == 1 else 'are'} not counted in this report." if self.others else ""

    def rules(self, plan: Plan) -> list[dict[str, Any]]:
        """Return for every rule its text, how many of those who completed met it, and what was done with them."""
        analysed = set(self.study.participants["participant"])
        counts = []
        for name in FLAGS if self.study.recorded else ("incomplete",):
            met = set(self.met.loc[self.met["flag"] == name, "participant"])
            gone = len(met - analysed)
            marked = "kept, and left out in the sensitivity table" if met else "kept"
            done = "excluded" if name in plan.exclude else marked
            if gone and name not in plan.exclude:
                done += f"; {gone} of them excluded by another rule"
            text = in_words(name, plan) if self.study.recorded else ROWS
            counts.append({"rule": name, "text": text, "n": len(met), "done": done})
        return counts

    @property
    def unflagged(self) -> list[str]:
        """The analysed participants without any flag."""
        participants = self.study.participants["participant"]
        return list(participants[~participants.isin(self.flags["participant"])])


def select(study: Study, plan: Plan) -> Sample:
    """Return the sample that the plan's rules leave; raises `AnalysisError` when nobody is left."""
    participants = study.participants.set_index("participant")
    reasons = pd.Series("", index=participants.index)
    statuses = participants["status"] if study.recorded else pd.Series("completed", participants.index)
    for status, words in UNFINISHED.items():
        reasons[statuses == status] = words
    unknown = statuses[~statuses.isin([*UNFINISHED, "completed"])]
    if len(unknown):
        expected = ", ".join(["completed", *UNFINISHED])
        raise AnalysisError(f"participants, column status: found {unknown.iloc[0]!r}, expected one of {expected}")
    bots = _truth(participants.get("bot") if study.recorded else None, participants.index)
    finished = reasons == ""
    simulated = bool(finished.any() and bots[finished].all())
    others = bots != simulated
    reasons[others] = "a person beside bots" if simulated else "a bot"
    completed = study.only(reasons.index[reasons == ""])
    met = flag(completed, plan)
    for name in plan.exclude:
        flagged = met.loc[met["flag"] == name, "participant"]
        chosen = reasons.index.isin(flagged) & (reasons == "")
        reasons[chosen] = in_words(name, plan)
    left = reasons.index[reasons == ""]
    if len(left) < 2:
        remaining = "no participant is" if not len(left) else "only one participant is"
        counted = f" ({_counted(reasons, study.left_out)})" if (reasons != "").any() or study.left_out else ""
        raise AnalysisError(f"{study.name}: {remaining} left to analyse{counted}; statistics need at least two")
    excluded = reasons[reasons != ""].rename_axis("participant").reset_index(name="reason")
    flow = _flow(reasons[~others], study.left_out)
    return Sample(study.only(left), flow, excluded, met, simulated, completed, int(others.sum()))


def flag(study: Study, plan: Plan) -> pd.DataFrame:
    """Return participant, flag for every rule of `FLAGS` that a participant meets.

    Columns of a CSV from elsewhere are never taken for the app's own: of such a study only rows are counted.
    """
    rules = RULES if study.recorded else {"incomplete": _incomplete}
    by_rule = {name: rule(study, plan) for name, rule in rules.items()}
    rows = [(participant, name) for name, flagged in by_rule.items() for participant in sorted(flagged)]
    return pd.DataFrame(rows, columns=["participant", "flag"]).astype(str)


def _incomplete(study: Study, plan: Plan) -> set[str]:
    """Return who has fewer trials than others who followed the same version of the study."""
    if study.trials is None:
        return set()
    people = study.participants.set_index("participant")
    counts = study.trials.groupby("participant").size().reindex(people.index, fill_value=0)
    known = study.recorded and "study_version" in people
    versions = people["study_version"] if known else pd.Series("", people.index)
    most = counts.groupby(versions.fillna("")).transform("max")
    return set(counts.index[counts < most])


def _too_fast(study: Study, plan: Plan) -> set[str]:
    """Return whose median trial took less than the plan states, or than a third of the usual where it states nothing.

    The dashboard judges by the same rule, to the same tenth of a millisecond.
    """
    if study.trials is None or "rt_ms" not in study.trials:
        return set()
    medians = pd.to_numeric(study.trials["rt_ms"]).groupby(study.trials["participant"]).median().round(1)
    least = plan.min_median_rt_ms or FAST_SHARE * medians.median()
    return set(medians.index[medians < least])


def _constant(study: Study, plan: Plan) -> set[str]:
    """Return who answered every closed question alike throughout; the app writes that down (`constant_answers`).

    In an export that lacks it: who gave one answer, confidence included, in at least `LEAST_TRIALS` trials.
    """
    if "constant_answers" in study.participants:
        people = study.participants
        return set(people.loc[_truth(people["constant_answers"], people.index), "participant"])
    if study.trials is None:
        return set()
    columns = [name for name in ("response", "confidence") if name in study.trials]
    if not columns:
        return set()
    by_participant = study.trials.dropna(subset=columns).groupby("participant")
    same = (by_participant[columns].nunique() == 1).all(axis=1) & (by_participant.size() >= LEAST_TRIALS)
    return set(same.index[same])


def _failed_checks(study: Study, plan: Plan) -> set[str]:
    """Return who failed a check in the end."""
    return checks.failed(study.participants, study.steps)


RULES = {
    "incomplete": _incomplete,
    "too_fast": _too_fast,
    "constant": _constant,
    "failed_checks": _failed_checks,
}


def _truth(column: pd.Series | None, index: pd.Index) -> pd.Series:
    if column is None:
        return pd.Series(False, index=index)
    return column.astype("boolean").fillna(False).astype(bool)


def _flow(reasons: pd.Series, before: dict[str, int]) -> pd.DataFrame:
    """Return the steps from who started to who is analysed; `before` are those whom a map has left out."""
    counts = reasons[reasons != ""].value_counts(sort=False)
    started = len(reasons) + sum(before.values())
    rows = [("started", started), *before.items(), *counts.items(), ("analysed", int((reasons == "").sum()))]
    return pd.DataFrame(rows, columns=["reason", "n"])


def _counted(reasons: pd.Series, before: dict[str, int]) -> str:
    counts = reasons[reasons != ""].value_counts(sort=False)
    return ", ".join(f"{n} {reason}" for reason, n in [*before.items(), *counts.items()])
