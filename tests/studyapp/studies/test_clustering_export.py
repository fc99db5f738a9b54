"""A clustering study from start to export and report, on the database; the complementary study beside the main one."""

import json
from collections import Counter
from functools import partial

import pytest

from studyapp import models, publishing
from studyapp.data import exporting
from studyapp.run import sessions, showing
from studyapp.simulation import by_functions, by_http, simulate
from tests import loaded
from tests.studyapp.made.clustering import COMPLEMENTARY, KIND, write_bundle

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


@pytest.fixture
def make_study(tmp_path):
    """Publish a study on the two data sets: `make_study("main", **parameters)`."""
    bundle = loaded.load(write_bundle, "gulls-cells")

    def make(slug, **parameters) -> models.Study:
        study = models.Study.objects.create(
            slug=slug, title=f"The {slug} study", kind="clustering", bundle=bundle, seed=1, parameters=parameters
        )
        models.Condition.objects.create(study=study, name="everybody", factors={})
        assert publishing.problems(study) == []
        publishing.publish(study)
        return study

    return make


def test_orders_of_stages_and_data_sets_are_counterbalanced(make_study):
    study = make_study("main")
    runs = [sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", f"p{number}")) for number in range(12)]
    assert Counter(run.order for run in runs) == dict.fromkeys(range(4), 3)


def test_a_sorting_and_its_confidence_stand_under_one_number(make_study):
    study = make_study("main")
    run = sessions.get(sessions.start(study.pk, None).pk)
    steps = run.plan.steps
    run.position = next(number for number, step in enumerate(steps) if step["page"] == "sort")
    labels = [showing.step_context(run)["progress"]["label"]]
    run.position += 1
    labels.append(showing.step_context(run)["progress"]["label"])
    assert labels == ["Batch 1 of 6"] * 2


def test_all_maps_of_the_next_board_are_fetched_ahead(make_study):
    study = make_study("main", stages=[["XNN", "xnn"]])
    run = sessions.get(sessions.start(study.pk, None).pk)
    run.position = next(number for number, step in enumerate(run.plan.steps) if step["page"] == "sort") - 1
    assert len(showing.step_context(run)["next_images"]) == 80


def test_bots_walk_by_http_through_the_real_pages(make_study, live_server):
    study = make_study("main")
    (run,) = simulate(study, 1, partial(by_http.walk, url=live_server.url), skill="oracle")
    run = sessions.get(run.pk)
    assert (run.status, run.summary["n_trials"], run.summary["mean_purity"]) == ("completed", 6, 1.0)


@pytest.fixture
def exports(make_study, tmp_path):
    """Exports of the main study with 16 helped bots and of the complementary one with 10."""
    folders = {}
    for slug, n, parameters in (("main", 16, {}), ("complementary", 10, COMPLEMENTARY)):
        study = make_study(slug, **parameters)
        list(simulate(study, n, by_functions.walk, skill="helped"))
        folders[slug] = tmp_path / f"{slug}-export"
        exporting.export(study, folders[slug], wide=True)
    return folders


def test_every_declared_field_is_exported(exports):
    pytest.importorskip("pandas")
    from analysis.reading.exports import read_export

    read = read_export(exports["main"])
    for page in KIND.pages:
        table, prefix = (read.trials, "") if page.trial else (read.steps, f"{page.name}_")
        for field in page.fields:
            assert table[prefix + field.name].notna().any(), (page.name, field.name)
    assert {field.name for field in KIND.fields} <= set(read.participants.columns)
    assert len(read.trials) == 16 * 6
    assert read.trials["purity"].groupby(read.trials["participant"]).mean().sum() == pytest.approx(
        read.participants["mean_purity"].sum(), abs=0.01
    )
    for row in read.trials.itertuples():
        images, placement, prediction = map(json.loads, (row.images, row.placement, row.prediction))
        assert set(images) == set(placement) == set(prediction)
        assert row.dataset in ("gulls", "cells")
        assert row.stimulus == f"{row.dataset}-{row.batch}"
    assert set(read.trials["method"]) == {"none", "c_mwp", "xnn"}


def test_a_report_on_both_studies_comes_out(exports, tmp_path):
    pytest.importorskip("pandas")
    from analysis.cli import main

    arguments = ["report", str(exports["main"]), "--against", str(exports["complementary"])]
    assert main([*arguments, "--out", str(tmp_path / "report")]) == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text(encoding="utf-8"))
    found = {analysis["id"]: analysis for analysis in results["analyses"]}
    for outcome in ("purity", "purity_gulls", "purity_cells", "confidence", "confidence_gulls", "confidence_cells"):
        for pair in ("NoVis-1-Heatmap", "NoVis-XNN", "1-Heatmap-XNN"):
            assert found[f"{outcome}.paired.{pair}"]["n"] == 16
        assert f"{outcome}.friedman" in found
    for term in found["purity.purity"]["terms"]:
        assert 0.5 < term["chance"] < 0.65
        assert 0 <= term["p_permutation"] <= 1
    means = {term["level"]: term["mean"] for term in found["purity.descriptives"]["terms"] if term["term"] == "stage"}
    assert means["NoVis"] < means["1-Heatmap"] < means["XNN"]
    assert found["rating.paired.1-Heatmap-XNN"]["n"] == 16
    assert found["difficulty.descriptives"]["n"] == 16
    assert {term["term"] for term in found["demographics"]["terms"]} == {
        "Gender", "Age", "Courses in computing", "Courses in artificial intelligence"}  # fmt: skip
    unpaired = {(term["a"], term["b"]) for term in found["purity.unpaired"]["terms"]}
    assert ("XNN", "1-Heatmap (DeepLIFT) (The complementary study)") in unpaired
    figures = {path.stem.partition("_")[2] for path in (tmp_path / "report" / "figures").glob("*.svg")}
    assert {"purity_gulls-spread", "purity_cells-spread", "confidence_gulls-answers", "rating-answers"} <= figures
