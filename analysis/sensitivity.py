"""Do the results depend on who was left out? The main tests with and without the flagged participants."""

import pandas as pd

from analysis import apa, between, repeated
from analysis.plan import Plan
from analysis.records import Record, record
from analysis.samples import FLAGS, Sample
from analysis.sections import Section
from analysis.study import Measure, Study

COLUMNS = (
    "outcome",
    "term",
    "statistic",
    "n_all",
    "value_all",
    "p_all",
    "n_unflagged",
    "value_unflagged",
    "p_unflagged",
)


def section(recipe, sample: Sample, plan: Plan) -> Section | None:
    """Return the comparison of both samples, None where nobody is flagged or nothing can be tested."""
    unflagged = sample.unflagged
    if len(unflagged) in (0, len(sample.study.participants)):
        return None
    everybody = _tests(recipe.measures(sample.study), plan)
    cleaned = _tests(recipe.measures(sample.study.only(unflagged)), plan)
    if everybody.empty or cleaned.empty:
        return None
    keys = ["outcome", "term", "statistic"]
    both = everybody.merge(cleaned, on=keys, suffixes=("_all", "_unflagged"), how="left")
    both["reason"] = both["p_unflagged"].isna().map({True: "not defined without the flagged participants", False: ""})
    found = record(
        "sensitivity.flagged",
        "Main tests with and without flagged participants",
        lambda: both[[*COLUMNS, "reason"]],
        COLUMNS,
        {"function": "the same tests on all analysed participants and on those without a flag"},
        len(sample.study.participants),
    )
    return Section("With and without flagged participants", _said(both, plan), [found], intro=_flags(sample, plan))


def remarks(study: Study) -> list[str]:
    """Return what readers must know about the tables: several versions, totals that differ from the trials."""
    return [*_versions(study), *_totals(study)]


def _versions(study: Study) -> list[str]:
    if "study_version" not in study.participants:
        return []
    counts = study.participants["study_version"].value_counts(sort=False)
    said = apa.listing([f"{version} ({n})" for version, n in counts.items()])
    return [f"The participants followed {len(counts)} versions of the study: {said}."] if len(counts) > 1 else []


def _totals(study: Study) -> list[str]:
    if study.trials is None or "n_correct" not in study.participants or "correct" not in study.trials:
        return []
    counted = study.trials.groupby("participant")["correct"].sum()
    stored = study.participants.set_index("participant")["n_correct"].dropna().astype(float)
    differing = stored.index[(counted.reindex(stored.index).astype(float) - stored).fillna(0) != 0]
    if not len(differing):
        return []
    return [f"n_correct differs from the trials for {len(differing)} participants; the trials were used."]


def _tests(measures: list[Measure], plan: Plan) -> pd.DataFrame:
    parts = [_test(measure, plan) for measure in measures if measure.between or measure.within]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _test(measure: Measure, plan: Plan) -> pd.DataFrame:
    found = _main_record(measure, plan)
    column = next(name for name in ("F", "H", "chi2", "V", "t") if name in found.terms)
    terms = found.terms[found.terms["term"] != "Residuals"]
    return pd.DataFrame({"outcome": measure.name, "term": terms["term"], "statistic": column, "n": found.n,
                         "value": terms[column], "p": terms["p"]})  # fmt: skip


def _main_record(measure: Measure, plan: Plan) -> Record:
    """Return the test that the report puts first for a measure."""
    if measure.within:
        tests = repeated.paired_tests(measure, plan)
        return next((found for found in tests if "friedman" in found.id), tests[0])
    if measure.kind in ("ordinal", "time"):
        return between.rank_tests(measure, plan)[0]
    wanted = f"{measure.name}.anova" + ("_hc3" if plan.covariance_of(measure.name) == "hc3" else "")
    return next(found for found in between.parametric(measure, plan) if found.id == wanted)


def _said(both: pd.DataFrame, plan: Plan) -> str:
    changed = both[(both["p_all"] < plan.alpha) != (both["p_unflagged"] < plan.alpha)]
    if changed.empty:
        return "No test changes sides when flagged participants are left out."
    names = [f"{apa.words(row.outcome)}: {apa.words(row.term)}" for row in changed.itertuples()]
    return f"Leaving out flagged participants changes the verdict for {apa.listing(names)}."


def _flags(sample: Sample, plan: Plan) -> str:
    counts = sample.flags["flag"].value_counts(sort=False)
    return "Flagged: " + "; ".join(f"{n} × {FLAGS[flag].format(**vars(plan))}" for flag, n in counts.items()) + "."
