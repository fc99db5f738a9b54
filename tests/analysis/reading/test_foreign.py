"""A CSV from elsewhere through `--csv --map`."""

import json

import pandas as pd
import pytest

from analysis.cli import main
from analysis.errors import AnalysisError
from analysis.reading.foreign.layout import read_map
from analysis.reading.foreign.tables import read_foreign
from tests.analysis.analysed import analysed
from tests.analysis.reference_data import FOLDER, R, rows

BETWEEN = """
participant = "participant"
between = ["heatmap", "score"]
[[outcomes]]
column = "fraction_correct"
name = "fraction_correct"
kind = "fraction"
[[outcomes]]
column = "confidence"
name = "confidence"
kind = "ordinal"
"""
WITHIN = """
participant = "participant"
between = ["group"]
within = ["method"]
[[outcomes]]
column = "correct"
name = "accuracy"
kind = "binary"
[[outcomes]]
column = "rating"
name = "rating"
kind = "ordinal"
"""
CLUSTER = """
participant = "participant"
between = ["condition"]
[[outcomes]]
column = "user_cluster"
name = "sorting"
kind = "cluster"
groups = 4
"""


def report(tmp_path, csv, text, plan=None) -> dict[str, dict]:
    (tmp_path / "map.toml").write_text(text)
    (tmp_path / "plan.json").write_text(json.dumps(plan or {}))
    return analysed(None, csv=csv, map_file=tmp_path / "map.toml", plan_file=tmp_path / "plan.json")


def refused(tmp_path, capsys, csv, text) -> str:
    (tmp_path / "map.toml").write_text(text)
    arguments = ["report", "--csv", str(csv), "--map", str(tmp_path / "map.toml"), "--out", str(tmp_path / "report")]
    assert main(arguments) == 2
    assert not (tmp_path / "report").exists()
    return capsys.readouterr().err


def test_a_between_subjects_file_gives_r_s_answers(tmp_path):
    # car::Anova(m, type = 3 [, white.adjust = "hc3"]), pairs(emmeans(m, "heatmap")), kruskal.test(confidence, cells)
    found = report(tmp_path, FOLDER / "unbalanced71.csv", BETWEEN)
    r = R["unbalanced71"]
    for suffix, key, column in (("anova", "anova_type3_sum", "F.value"), ("anova_hc3", "anova_type3_hc3_sum", "F")):
        terms = {term["term"]: term for term in found[f"fraction_correct.{suffix}"]["terms"]}
        for term in ("heatmap", "score", "heatmap:score"):
            assert terms[term]["F"] == pytest.approx(rows(r["fraction_correct"][key])[term][column], rel=1e-8)
            assert terms[term]["p"] == pytest.approx(rows(r["fraction_correct"][key])[term]["Pr..F."], rel=1e-8)
    pairs = {f"{term['a']} - {term['b']}": term for term in found["fraction_correct.tukey.heatmap"]["terms"]}
    for name, expected in rows(r["fraction_correct"]["emmeans_heatmap_tukey"], "contrast").items():
        assert pairs[name]["p_adjusted"] == pytest.approx(expected["p.value"], abs=1e-6)
    assert found["confidence.kruskal"]["terms"][0]["H"] == pytest.approx(r["kruskal_confidence_cells"]["H"], abs=1e-8)


def test_the_command_writes_a_report_of_it(tmp_path, capsys):
    (tmp_path / "map.toml").write_text(CLUSTER)
    csv = str(FOLDER / "clusters.csv")
    out = tmp_path / "report"
    assert main(["report", "--csv", csv, "--map", str(tmp_path / "map.toml"), "--out", str(out)]) == 0
    assert "24 participants" in capsys.readouterr().out
    assert "purity against its chance level" in (out / "report.html").read_text().lower()


def test_repeated_answers_are_paired_and_modelled(tmp_path):
    # wilcox.test(A, B, paired = TRUE), t.test(A, B, paired = TRUE)
    found = report(tmp_path, FOLDER / "trials_long.csv", WITHIN)
    terms = {term["term"]: term for term in found["accuracy.paired.A-B"]["terms"]}
    assert terms["wilcoxon"]["V"] == R["paired_method"]["wilcox_V"]
    assert terms["t"]["t"] == pytest.approx(R["paired_method"]["t"], abs=1e-8)
    for id in (
        "accuracy.anova",
        "accuracy.logistic",
        "accuracy.gee",
        "rating.mixed",
        "rating.ordinal",
        "rating.kruskal",
    ):
        assert found[id]["defined"], id
    assert "accuracy.friedman" not in found  # two conditions have nothing for it


def test_games_howell_comes_with_welch_s_test(tmp_path):
    # oneway.test(y ~ heatmap, var.equal = FALSE)
    found = report(tmp_path, FOLDER / "unbalanced71.csv", BETWEEN, {"posthoc": "games_howell"})
    expected = R["unbalanced71"]["fraction_correct"]["welch_oneway_heatmap"]
    assert found["fraction_correct.welch.heatmap"]["terms"][0]["F"] == pytest.approx(expected["F"])
    assert found["fraction_correct.games_howell.heatmap"]["method"]["covariance"] == "separate variances"
    assert "fraction_correct.tukey.heatmap" not in found


def test_a_bound_in_the_plan_brings_equivalence_tests(tmp_path):
    found = report(tmp_path, FOLDER / "trials_long.csv", WITHIN, {"bounds": {"accuracy": 0.3}})
    assert found["accuracy.equivalence"]["terms"][0]["p"] < 0.001


def test_sortings_are_scored_as_purity_against_chance(tmp_path):
    found = report(tmp_path, FOLDER / "clusters.csv", CLUSTER)
    expected = pd.read_csv(FOLDER / "py_cluster_metrics.csv").groupby("condition")[["purity", "ari"]].mean()
    terms = {term["term"]: term for term in found["sorting.purity"]["terms"]}
    for condition in ("with", "without"):
        assert terms[condition]["purity"] == pytest.approx(expected["purity"][condition])
        assert terms[condition]["ari"] == pytest.approx(expected["ari"][condition])
        assert terms[condition]["chance"] == pytest.approx(0.540, abs=5e-4)
    assert found["sorting.purity"]["method"]["null"] == "independent uniform assignment"
    assert found["sorting.anova"]["defined"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "participant: expected the name of the participant column"),
        ('participant = "participant"', "names no outcome"),
        (
            BETWEEN.replace("fraction_correct", "fraction_right", 1),
            "lacks the column fraction_right; found participant",
        ),
        (
            BETWEEN.replace('kind = "fraction"', 'kind = "number"'),
            "outcomes 1, kind: found 'number', expected one of fraction",
        ),
        (BETWEEN.replace('"heatmap"', '"method"'), "lacks the column method"),
        (BETWEEN.replace("between", "betwen"), "unknown field betwen"),
        (BETWEEN.replace('name = "confidence"', 'name = "fraction_correct"'), "have the same name"),
        (BETWEEN.replace('kind = "fraction"', 'kind = "binary"'), "expected 0, 1, true, false, yes or no"),
        (BETWEEN.replace('kind = "fraction"', 'kind = "fraction"\nchanse = 1'), "outcomes 1: unknown field chanse"),
        ("participant = ", "is no TOML"),
    ],
)
def test_a_mistake_in_the_map_names_its_field(tmp_path, capsys, text, message):
    assert message in refused(tmp_path, capsys, FOLDER / "balanced96.csv", text)


def test_a_between_factor_that_varies_inside_a_participant_is_refused(tmp_path, capsys):
    text = WITHIN.replace('["group"]', '["method"]').replace('within = ["method"]', "")
    assert "name it under within instead" in refused(tmp_path, capsys, FOLDER / "trials_long.csv", text)


def test_text_where_a_number_belongs_names_row_and_cell(tmp_path, capsys):
    (tmp_path / "data.csv").write_text(
        "participant,heatmap,score,fraction_correct,confidence\na,x,y,0.5,3\nb,x,z,half,2\n"
    )
    said = refused(tmp_path, capsys, tmp_path / "data.csv", BETWEEN)
    assert "data.csv, column fraction_correct, row 3: found 'half', expected a number" in said


@pytest.mark.parametrize("content", ["", "participant,heatmap,score,fraction_correct,confidence\n"])
def test_an_empty_file_is_refused(tmp_path, capsys, content):
    (tmp_path / "data.csv").write_text(content)
    assert "data.csv" in refused(tmp_path, capsys, tmp_path / "data.csv", BETWEEN)


PLAIN = 'participant = "p"\nbetween = ["g"]\n{}[[outcomes]]\ncolumn = "y"\nkind = "{}"\n{}'


def read(tmp_path, text: str, kind: str = "ratio", top: str = "", bottom: str = ""):
    """Return a CSV as a study."""
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    (tmp_path / "m.toml").write_text(PLAIN.format(top, kind, bottom), encoding="utf-8")
    return read_foreign(tmp_path / "t.csv", tmp_path / "m.toml")


def test_semicolons_decimal_commas_a_mark_of_order_and_blanks_are_read(tmp_path):
    plain = read(tmp_path, "p,g,y\na,x,1.5\nb,z,2.25\n")
    found = read(tmp_path, "\ufeffp;g;y\na; x;1,5\nb;z ;2,25\n")
    pd.testing.assert_frame_equal(found.trials, plain.trials)
    assert found.remarks == ["Column g: blanks around 2 cells were taken off."]


def test_a_likert_scale_of_words_has_its_points_in_the_map(tmp_path):
    rows = "p,g,y\na,x,Agree\nb,z,Neutral\nc,z,Disagree\n"
    levels = 'levels = ["Disagree", "Neutral", "Agree"]\n'
    assert read(tmp_path, rows, "ordinal", bottom=levels).trials["y"].tolist() == [3, 2, 1]
    with pytest.raises(AnalysisError, match="row 3: found 'Neutral', expected one of Disagree, Agree"):
        read(tmp_path, rows, "ordinal", bottom='levels = ["Disagree", "Agree"]\n')


@pytest.mark.parametrize("words", [("Yes", "No"), ("T", "F"), ("TRUE", "FALSE"), ("y", "n"), ("Ja", "Nein"),
                                   ("oui", "non"), ("Sí", "No"), ("WAHR", "FALSCH"), ("ja", "nej"),
                                   ("Да", "Нет")])  # fmt: skip
def test_yes_and_no_are_binary(tmp_path, words):
    study = read(tmp_path, "p,g,y\na,x,{}\nb,z,{}\n".format(*words), "binary")
    assert study.trials["y"].tolist() == [1, 0]


def test_a_word_for_nothing_is_a_level_with_a_remark_or_missing_by_the_map(tmp_path):
    rows = "p,g,y\na,x,1\nb,NA,2\nc,z,3\nd,X,4\n"
    study = read(tmp_path, rows)
    assert study.factors["g"] == ["x", "NA", "z", "X"]
    assert study.remarks == [
        "Column g: “NA” (1 rows) was taken for a level; if it means that nothing is known, write "
        'missing = ["NA"] into the map.',
        "Column g: the levels X, x differ in upper and lower case alone.",
    ]
    assert read(tmp_path, rows, top='missing = ["NA"]\n').factors["g"] == ["x", "z", "X"]


def test_rows_are_left_out_with_their_reason(tmp_path):
    rule = 'exclude = [{column = "done", values = ["False"], reason = "did not finish"}]\n'
    study = read(tmp_path, "p,g,y,done\na,x,1,True\nb,z,2,False\nc,z,3,True\n", top=rule)
    assert study.participants["participant"].tolist() == ["a", "c"]
    assert study.remarks == ["1 row was left out by the map: did not finish."]
    with pytest.raises(AnalysisError, match="exclude 1: found"):
        read(tmp_path, "p,g,y\na,x,1\n", top='exclude = [{column = "g"}]\n')


@pytest.mark.parametrize("name", ["a:b", "cells", "all", "Residuals"])
def test_a_factor_called_as_results_call_their_own_is_refused(tmp_path, name):
    (tmp_path / "m.toml").write_text(
        f'participant = "p"\nbetween = ["{name}"]\n[[outcomes]]\ncolumn = "y"\nkind = "ratio"\n'
    )
    with pytest.raises(AnalysisError, match=f"found the factor '{name}'"):
        read_map(tmp_path / "m.toml")
