"""Every recipe on a made-up export of its kind: found by being there, complete, its figures by hand."""

import json
import pkgutil

import numpy as np
import pandas as pd
import pytest

from analysis import recipes
from analysis.cli import main
from analysis.reading.exports import read_export
from analysis.reading.plans import Plan
from analysis.reading.study import KINDS
from analysis.results.section import Section
from tests.analysis import factory
from tests.analysis.analysed import analysed

KINDS_OF_STUDY = ["forward_simulation", "label_matching", "clustering"]


@pytest.fixture(scope="module", params=KINDS_OF_STUDY)
def kind(request):
    return request.param


@pytest.fixture
def export(kind, usual):
    return usual(kind)[0]


@pytest.fixture
def report(kind, usual):
    return usual(kind)[1]


def analyses(folder) -> dict[str, dict]:
    return {found["id"]: found for found in json.loads((folder / "results.json").read_text())["analyses"]}


def test_every_module_of_the_package_is_a_recipe():
    names = [module.name for module in pkgutil.iter_modules(recipes.__path__)]
    assert {recipes.find(name).KIND for name in names} == set(names) == {*KINDS_OF_STUDY, "generic"}


def test_measures_have_a_value_per_participant_or_condition(kind, export):
    study = read_export(export)
    for measure in recipes.find(kind).measures(study):
        keys = ["participant", *measure.within]
        assert not measure.data.duplicated(keys).any()
        assert set(measure.data["participant"]) == set(study.participants["participant"])
        assert measure.data[measure.name].notna().any()
        assert measure.kind in (*KINDS, "time", "number")


def test_sections_answer_in_a_sentence_and_ids_are_unique(kind, tmp_path):
    recipe = recipes.find(kind)
    assert isinstance(recipe.PLAN, Plan)
    study = read_export(getattr(factory, kind)(tmp_path / "export", n=12))
    found = [compute() for _, compute in recipe.sections(study, recipe.PLAN)]
    found = [section for section in found if section is not None]
    assert all(isinstance(section, Section) and section.answer.endswith(".") for section in found)
    ids = [record.id for section in found for record in section.records]
    assert len(set(ids)) == len(ids)
    figures = [figure.id for section in found for figure in section.figures]
    assert len(set(figures)) == len(figures)


def test_the_default_plan_names_analyses_that_exist(kind, report):
    found = analyses(report)
    plan = recipes.find(kind).PLAN
    for listed in plan.primary:
        assert any(id == listed or id.startswith(f"{listed}.") for id in found), listed
    for hypothesis in plan.hypotheses:
        assert hypothesis["term"] in {term["term"] for term in found[hypothesis["analysis"]]["terms"]}


def test_no_null_without_a_reason_and_no_infinite_number(report):
    for found in analyses(report).values():
        for term in found["terms"]:
            assert None not in term.values() or term.get("reason"), (found["id"], term)


def test_label_matching_counts_evaluation_only_and_tests_chance(usual):
    folder, report = usual("label_matching")
    trials = pd.read_csv(folder / "study-demo_table-trials_data.csv")
    expected = trials[trials["phase"] == "evaluation"].groupby("participant")["correct"].mean()
    found = analyses(report)
    everybody = found["fraction_correct.descriptives"]["terms"][0]
    assert everybody["mean"] == pytest.approx(expected.mean())
    chance = found["fraction_correct.chance"]["terms"][0]
    assert (chance["n_above"], chance["n_below"]) == (int((expected > 0.5).sum()), int((expected < 0.5).sum()))
    assert {term["term"] for term in found["fraction_correct.anova"]["terms"]} == {"method", "group", "method:group",
                                                                                   "Residuals"}  # fmt: skip
    curve = [term for term in found["fraction_correct.learning"]["terms"] if term["series"] == "cwox_2s"]
    assert [term["x"] for term in curve] == [1, 2, 3, 4]


def test_clustering_pairs_stages_within_participants(usual):
    found = analyses(usual("clustering")[1])
    for pair in ("NoVis-1-Heatmap", "NoVis-XNN", "1-Heatmap-XNN"):
        for outcome in ("purity", "purity_cells", "purity_gulls", "confidence"):
            assert f"{outcome}.paired.{pair}" in found
    assert found["purity.friedman"]["defined"]
    assert found["purity.purity"]["terms"][0]["chance"] == pytest.approx(0.540, abs=5e-4)
    assert found["purity.purity"]["terms"][0]["p_permutation"] < 0.001
    assert "confidence_gulls.paired.NoVis-XNN" in found
    assert found["rating.paired.1-Heatmap-XNN"]["terms"][0]["n"] == 20
    assert found["purity.paired.NoVis-XNN"]["type"] == "primary"


def test_clustering_says_who_took_part_and_how_hard_it_was(usual):
    folder, report = usual("clustering")
    steps = pd.read_csv(folder / "study-demo_table-steps_data.csv")
    found = analyses(report)
    assert found["difficulty.descriptives"]["terms"][0]["mean"] == pytest.approx(steps["closing_difficulty"].mean())
    shares = {(term["term"], term["answer"]): term["share"] for term in found["demographics"]["terms"]}
    assert shares == {
        ("Gender", "Female"): 0.5,
        ("Gender", "Male"): 0.5,
        ("Age", "18–30"): 0.75,
        ("Age", "31–40"): 0.25,
    }


def test_a_complementary_study_is_compared_unpaired(tmp_path):
    folder = factory.clustering(tmp_path / "export")
    other = factory.clustering(tmp_path / "other", n=14, seed=9, stages=("NoVis", "DeepLIFT"))
    found = analysed(folder, "comparison", against=other)["purity.unpaired"]
    assert len(found["terms"]) == 3 * 2
    term = next(t for t in found["terms"] if t["a"] == "XNN" and t["b"].startswith("DeepLIFT"))
    assert (term["n_a"], term["n_b"]) == (20, 14)
    assert term["df"] < 32  # Welch
    assert term["p"] <= term["p_adjusted"]


def test_a_study_of_another_kind_is_no_complement(tmp_path, capsys):
    folder, other = factory.clustering(tmp_path / "a", n=4), factory.label_matching(tmp_path / "b", n=4)
    assert main(["report", str(folder), "--against", str(other), "--out", str(tmp_path / "report")]) == 2
    assert "found a label_matching study, expected one of clustering" in capsys.readouterr().err


def test_flagged_people_are_compared_within_participants_too(tmp_path):
    folder = factory.clustering(tmp_path / "export")
    factory.rewrite(
        folder, "trials", lambda rows: [r | ({"rt_ms": "9"} if r["participant"] == "p00003" else {}) for r in rows]
    )
    terms = analysed(folder, "sensitivity")["sensitivity.flagged"]["terms"]
    found = {(term["outcome"], term["statistic"], term["n_all"], term["n_unflagged"]) for term in terms}
    assert ("purity", "chi2", 20, 19) in found


def test_a_sorting_that_is_no_json_names_its_place(tmp_path, capsys):
    folder = factory.clustering(tmp_path / "export", n=4)
    factory.rewrite(folder, "trials", lambda rows: [rows[0] | {"placement": "img0: 1"}, *rows[1:]])
    assert main(["report", str(folder), "--out", str(tmp_path / "report")]) == 2
    assert "column placement, participant p00000, trial 0: found 'img0: 1'" in capsys.readouterr().err


def test_the_same_image_in_the_same_group_as_its_class_is_pure(tmp_path):
    folder = factory.clustering(tmp_path / "export", n=4)
    factory.rewrite(folder, "trials", lambda rows: [row | {"placement": row["prediction"]} for row in rows])
    measure = recipes.find("clustering").measures(read_export(folder))[0]
    assert np.allclose(measure.data["purity"], 1)
