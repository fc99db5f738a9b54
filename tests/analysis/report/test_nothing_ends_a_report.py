"""What one analysis cannot do costs the report that analysis alone; what is ours to mend is told as a fault."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.cli import main
from analysis.plots import distributions
from analysis.report.content import Report
from analysis.report.folder import results
from analysis.report.running import analyse
from analysis.results.records import FAULT
from analysis.sections import sensitivity
from analysis.statistics.comparisons import friedman, paired
from analysis.statistics.effects import d_z, eta2p_interval
from analysis.statistics.factorial import ranks
from tests.analysis.analysed import analysed

RNG = np.random.default_rng(4)
SCORES = np.round(RNG.normal(size=(12, 3)), 3)


def layout(tmp_path, rows: pd.DataFrame, between=(), within=(), name="y", kind="ratio") -> dict:
    """Write a CSV with its map, and return them as options of `analyse`."""
    rows.to_csv(tmp_path / "t.csv", index=False)
    text = f'participant = "p"\nbetween = {json.dumps(between)}\nwithin = {json.dumps(within)}\n'
    (tmp_path / "m.toml").write_text(f'{text}[[outcomes]]\ncolumn = "{name}"\nkind = "{kind}"\n')
    return {"csv": tmp_path / "t.csv", "map_file": tmp_path / "m.toml"}


def repeated(values: np.ndarray, levels="ABC") -> pd.DataFrame:
    """Return people × conditions as rows."""
    rows = [(f"s{i}", level, row[j]) for i, row in enumerate(values) for j, level in enumerate(levels[: len(row)])]
    return pd.DataFrame(rows, columns=["p", "c", "y"])


@pytest.mark.parametrize("offset", [1e5, 1e7, 2e7, 5e7])
def test_an_offset_common_to_all_values_changes_no_test(tmp_path, offset):
    near = analysed(None, **layout(tmp_path, repeated(SCORES), within=["c"]))
    far = analysed(None, **layout(tmp_path, repeated(SCORES + offset), within=["c"]))
    for id in ("y.mixed", "y.paired.A-B", "y.friedman"):
        for a, b in zip(near[id]["terms"], far[id]["terms"], strict=True):
            for column in {"se", "p", "t", "diff", "effect_low", "chi2"} & set(a):
                if a["term"] != "(Intercept)" and a[column] is not None:
                    assert b[column] == pytest.approx(a[column], rel=1e-5, abs=1e-6), (id, column)


def test_a_huge_effect_has_its_limits():
    d, low, high = d_z(1e8 + SCORES[:, 0])
    assert 0 < low < d < high
    assert low / d == pytest.approx(np.divide(*d_z(900 * SCORES[:, 0].std(ddof=1) + SCORES[:, 0])[1::-1]), rel=1e-2)
    low, high = eta2p_interval(1e15, 2, 30)
    assert 0.999 < low < high <= 1


def test_one_level_an_empty_column_and_one_answer_are_reports(tmp_path):
    for frame in (repeated(SCORES[:, :1]), repeated(SCORES).assign(y=np.nan), repeated(SCORES).assign(y=3)):
        report = analyse(None, **layout(tmp_path, frame, within=["c"]))
        assert "could not be compared" in report.sections[0].answer or "one condition" in report.sections[0].answer


@pytest.mark.parametrize("name", ["bot", "rt_ms", "status", "response", "study_version", "n_correct", "passed"])
def test_foreign_columns_are_not_the_apps_own(tmp_path, name):
    frame = pd.DataFrame({"p": [f"s{i}" for i in range(8)], name: list("abababab"), "y": SCORES[:8, 0]})
    report = analyse(None, **layout(tmp_path, frame, between=[name]))
    assert len(report.sample.study.participants) == 8
    assert not report.sample.simulated
    assert report.sample.flags.empty
    assert report.remarks == []


def test_ties_that_rounding_breaks_are_said_by_friedman_and_wilcoxon():
    a = np.array([0.1 + 0.2, 0.4, 0.5, 0.9])
    table = pd.DataFrame({"a": a, "b": [0.3, 0.5, 0.7, 0.1], "c": [0.6, 0.2, 0.8, 0.4]})
    said = friedman.broken_ties(table)
    rounded = friedman.friedman(table.round(9), "c")
    assert f"χ² = {rounded['chi2'].item():.3g}, p = {rounded['p'].item():.3g}" in said
    assert friedman.broken_ties(table.round(9)) == ""
    both = paired.compare(table[["a", "b"]])
    assert "tied they give V = 3" in both.loc[both["term"] == "wilcoxon", "warning"].item()


def test_what_only_rounding_tells_apart_is_no_difference():
    table = pd.DataFrame({"a": np.full(5, 0.1 + 0.2), "b": np.full(5, 0.3), "c": np.full(5, 0.3)})
    assert paired.compare(table)["reason"].str.contains("all paired differences are").all()
    with pytest.raises(Exception, match="same value in all conditions"):
        friedman.friedman(table, "c")


def test_a_fault_of_ours_costs_one_analysis_and_is_not_hidden(tmp_path, monkeypatch, capsys):
    def broken(*_):
        raise ZeroDivisionError("by\nzero")

    frame = pd.DataFrame({"p": [f"s{i}" for i in range(8)], "c": list("abababab"), "y": SCORES[:8, 0]})
    monkeypatch.setattr(ranks, "kruskal", broken)
    monkeypatch.setattr(sensitivity, "section", broken)
    monkeypatch.setattr(distributions, "boxes", broken)
    files = layout(tmp_path, frame, between=["c"])
    command = ["report", "--csv", str(files["csv"]), "--map", str(files["map_file"]), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    content = json.loads((tmp_path / "out" / "results.json").read_text())
    found = {entry["id"]: entry for entry in content["analyses"]}
    said = f"{FAULT} (ZeroDivisionError: by zero)"
    assert found["y.kruskal"]["reason"] == said
    assert found["y.kruskal"]["warnings"] == [said]
    assert found["y.anova"]["defined"]
    assert [said in text for text in content["warnings"]] == [True, True]
    assert "Sensitivity could not be analysed." in (tmp_path / "out" / "report.md").read_text()
    assert capsys.readouterr().err.count(said) == 3


def test_two_results_of_one_id_are_told_apart(tmp_path):
    frame = pd.DataFrame({"p": [f"s{i}" for i in range(8)], "c": list("abababab"), "y": SCORES[:8, 0]})
    first = analyse(None, **layout(tmp_path, frame, between=["c"]))
    first.sections[0].records.append(first.sections[0].records[0])
    again = results(Report(first.title, first.sample, first.plan, first.sections, []))
    assert "y.descriptives~2" in {found["id"] for found in again["analyses"]}
    assert FAULT in again["warnings"][0]


def test_pairs_of_two_factors_with_the_same_levels_have_their_factors_ids(tmp_path):
    rows = [(f"s{i}", heat, score, float(i % 3) + 2 * (heat == "yes") - (score == "yes") * (1 + i % 2))
            for i in range(9) for heat in ("yes", "no") for score in ("yes", "no")]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["p", "heat", "score", "y"])
    found = analysed(None, **layout(tmp_path, frame, within=["heat", "score"]))
    diffs = {id: entry["terms"][0]["diff"] for id, entry in found.items() if ".paired." in id}
    assert diffs == {"y.paired.heat.yes-no": pytest.approx(2), "y.paired.score.yes-no": pytest.approx(-13 / 9)}
