"""The main tests with and without those whom rules exclude or mark."""

import json

import pandas as pd
import pytest

from tests.analysis import factory
from tests.analysis.analysed import analysed

FAST = ("p00001", "p00002")


def careless(tmp_path, n=24):
    """Return an export in which two people answered too fast, and a third left out a trial."""
    folder = factory.forward_simulation(tmp_path / "export", n=n, codes=False)
    factory.rewrite(folder, "trials", lambda rows: [
        row | ({"rt_ms": "9"} if row["participant"] in FAST else {}) for row in rows
        if (row["participant"], row["trial_index"]) != ("p00005", "13")
    ])  # fmt: skip
    return folder


def sizes(terms) -> set[tuple]:
    return {(term["n_completed"], term["n_all"], term["n_unflagged"]) for term in terms}


def test_excluded_and_flagged_participants_give_three_samples(tmp_path):
    found = analysed(careless(tmp_path), "sensitivity")["sensitivity.flagged"]
    assert sizes(found["terms"]) == {(24, 23, 21)}
    measures = {"fraction_correct", "confidence", "rt_s", "d_prime", "criterion", "auroc2", "reliance"}
    assert {term["outcome"] for term in found["terms"]} == measures


def test_what_the_plan_excludes_stays_in_the_first_sample(tmp_path):
    folder = careless(tmp_path)
    (folder / "analysis_plan.json").write_text(json.dumps({"exclude": ["incomplete", "too_fast"]}))
    found = analysed(folder, "sensitivity")["sensitivity.flagged"]
    assert sizes(found["terms"]) == {(24, 21, 21)}


def test_the_analysed_sample_has_the_values_of_the_report(tmp_path):
    found = analysed(careless(tmp_path), "fraction correct", "sensitivity")
    anova = {term["term"]: term for term in found["fraction_correct.anova"]["terms"]}
    for term in found["sensitivity.flagged"]["terms"]:
        if term["outcome"] == "fraction_correct":
            assert term["value_all"] == pytest.approx(anova[term["term"]]["F"])
            assert term["p_all"] == pytest.approx(anova[term["term"]]["p"])
            assert term["value_completed"] != term["value_all"] != term["value_unflagged"]


def test_nobody_excluded_or_flagged_needs_no_table(tmp_path):
    found = analysed(factory.forward_simulation(tmp_path / "export", n=12, codes=False), "sensitivity")
    assert "sensitivity.flagged" not in found


def test_people_of_a_shorter_version_are_not_incomplete(tmp_path):
    folder = factory.forward_simulation(tmp_path / "export", n=12, codes=False)
    short = {f"p{i:05d}" for i in range(6)}
    factory.rewrite(folder, "trials", lambda rows: [
        row for row in rows if row["participant"] not in short or int(row["trial_index"]) < 10
    ])  # fmt: skip
    factory.rewrite(folder, "participants", lambda rows: [
        row | {"study_version": "0" if row["participant"] in short else "1", "n_correct": ""} for row in rows
    ])  # fmt: skip
    assert analysed(folder, "fraction correct")["fraction_correct.anova"]["n"] == 12


def test_sensitivity_says_which_rule_pointed_at_how_many(tmp_path):
    from analysis.report.running import analyse

    section = analyse(careless(tmp_path)).sections[-1]
    assert section.intro == (
        "By rule: fewer trials than the study has: 1 (excluded); trials in less than a third of the usual time: 2 "
        "(kept)."
    )
    assert isinstance(section.records[0].terms, pd.DataFrame)
