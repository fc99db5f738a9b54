"""A report as a seed paper: its order, its published numbers, and ours beside them, which are those of the report."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.cli import main
from analysis.errors import AnalysisError
from analysis.papers import beside, reading
from analysis.reading.exports import read_export
from analysis.recipes import clustering
from analysis.report import as_paper, folder
from analysis.report.content import Report
from analysis.report.running import analyse
from analysis.sections import against
from tests.analysis import factory

ROOT = Path(__file__).parents[3]


def simulated(folder: Path, n: int) -> Path:
    """Write a forward-simulation study with two screening questions, of which every eighth fails the second."""
    factory.forward_simulation(folder, n)
    steps = [{"participant": f"p{i:05d}", "step_index": k, "page": "screening", "key": f"screening-{k}",
              "screening_passed": factory.truth(i % 8 or k == 0)} for i in range(n) for k in range(2)]  # fmt: skip
    factory.write(folder, "steps", steps)
    return folder


EXPORTS = {"multiscale-occlusion": (simulated, 24), "cwox": (factory.label_matching, 8),
           "xnn": (factory.clustering, 6)}  # fmt: skip
COMPLEMENT = ("NoVis", "1-Heatmap (DeepLIFT)")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Return a report of each paper's kind of study, that of clustering against its complement, and the exports."""
    base = tmp_path_factory.mktemp("papers")
    exports = {name: make(base / name, n) for name, (make, n) in EXPORTS.items()}
    against = {"xnn": factory.clustering(base / "complement", n=6, seed=4, stages=COMPLEMENT)}
    found = {name: analyse(export, against=against.get(name)) for name, export in exports.items()}
    return found, {**exports, "complement": against["xnn"]}


@pytest.fixture(scope="module")
def written(reports, tmp_path_factory):
    """Return the folder of a matching study as its paper, as the command writes it."""
    out = tmp_path_factory.mktemp("papers") / "report"
    assert main(["report", str(reports[1]["cwox"]), "--out", str(out), "--as", "cwox"]) == 0
    return out


def laid_out(name, report):
    return as_paper.lay_out(reading.read(name), report)


def test_every_paper_has_a_study_here():
    assert set(reading.names()) == set(EXPORTS)


@pytest.mark.parametrize("name", EXPORTS)
def test_items_come_in_the_papers_order(name, reports):
    labels = [item["label"] for item in reading.read(name).items]
    assert [item.label for item in laid_out(name, reports[0][name]).items] == labels


@pytest.mark.parametrize("name", EXPORTS)
def test_every_pattern_finds_something_in_a_study_like_the_papers(name, reports):
    for stated, item in zip(reading.read(name).items, laid_out(name, reports[0][name]).items, strict=True):
        for kind, found in (("figures", item.figures), ("boxes", item.boxes), ("tables", item.records)):
            assert bool(stated.get(kind)) == bool(found), (item.label, kind)


def test_ours_is_the_row_of_the_results(reports):
    report = reports[0]["multiscale-occlusion"]
    table = laid_out("multiscale-occlusion", report).numbers()
    rows = {(row["item"], row["quantity"]): row for row in table.to_dict("records")}
    found = {record["id"]: record for record in folder.results(report)["analyses"]}
    terms = {term["term"]: term for term in found["fraction_correct.anova"]["terms"]}
    ours = rows["Section 6.1, ANOVA", "Heatmap"]["ours"]
    assert ours.startswith(f"F(2, {terms['Residuals']['df']:.0f}) = {terms['heatmap']['F']:.3f}, p")
    means = {term["level"]: term["mean"] for term in found["saliency_ratio.descriptives"]["terms"]}
    assert rows["Figure 26", "LRP"]["ours"].startswith(f"M = {means['lrp']:.3f}, ")
    assert all(row["analysis"] in found for row in rows.values())


def test_the_screening_counts_who_failed_a_question(reports):
    rows = laid_out("multiscale-occlusion", reports[0]["multiscale-occlusion"]).numbers().set_index("item")
    assert rows.loc["Section 8.2", ["published", "ours"]].tolist() == ["8 of 32", "3 of 24"]


def test_a_comparison_is_found_in_either_order(reports):
    rows = laid_out("multiscale-occlusion", reports[0]["multiscale-occlusion"]).numbers().set_index("quantity")
    tukey = next(kept for section in reports[0]["multiscale-occlusion"].sections for kept in section.records
                 if kept.id == "saliency_ratio.tukey.heatmap").terms  # fmt: skip
    p = tukey.loc[(tukey["a"] == "lrp") & (tukey["b"] == "multiscale_occlusion"), "p_adjusted"].item()
    assert rows.loc["Occlusion against LRP", "ours"] == f"p = {p:.3f}".replace("0.", ".")


def test_the_complementary_study_stands_beside_the_main_one(reports):
    numbers = laid_out("xnn", reports[0]["xnn"]).numbers().set_index(["item", "quantity"])
    measures = {measure.name: measure for measure in clustering.measures(read_export(reports[1]["complement"]))}
    data = measures["purity_gulls"].data
    mean = data.loc[data["stage"] == COMPLEMENT[1], "purity_gulls"].mean()
    place = ("Figure 4 (b)", "1-Heatmap (DeepLIFT), complementary study")
    assert numbers.loc[place, "ours"] == f"{100 * mean:.1f}%"
    assert numbers.loc[place, "analysis"] == "purity_gulls.unpaired"


def test_a_complementary_study_of_one_stage_stands_there_by_its_name(reports, tmp_path):
    other = factory.clustering(tmp_path / "one", n=6, seed=4, stages=COMPLEMENT[1:])
    found = [clustering.measures(read_export(folder)) for folder in (reports[1]["xnn"], other)]
    section = against.section("main", found[0], "one", found[1], reports[0]["xnn"].plan)
    purity = next(kept for kept in section.records if kept.id == "purity_gulls.unpaired")
    assert set(purity.terms["b"]) == {"1-Heatmap (DeepLIFT) (one)"}


def test_what_a_study_lacks_is_said(reports):
    report = reports[0]["multiscale-occlusion"]
    uncoded = [section for section in report.sections if section.title not in ("Saliency ratio", "Features named")]
    measures = [measure for measure in report.measures if measure.name != "saliency_ratio"]
    shown = laid_out("multiscale-occlusion", Report("", report.sample, report.plan, uncoded, [], measures))
    missing = [one for item in shown.items if item.label == "Figure 26" for one in item.numbers]
    assert {(one.ours, one.analysis) for one in missing} == {("not in this study", "")}
    assert shown.summary().startswith("14 of the 27 numbers")


def test_a_data_set_of_another_name_is_told_by_the_names_that_are_recognised(reports):
    report = reports[0]["xnn"]
    sections = [replace(section, records=[found for found in section.records if "cells" not in found.id])
                for section in report.sections]  # fmt: skip
    shown = laid_out("xnn", Report("", report.sample, report.plan, sections, [], report.measures))
    missing = next(item for item in shown.items if item.label == "Figure 4 (a)").numbers
    assert {one.ours for one in missing} == {"nothing in this study is called cel or cells"}


def test_the_page_lies_beside_the_report(written):
    assert {path.name for path in written.iterdir()} >= {"report.html", "paper.html", "paper.md", "paper.csv"}
    page = (written / "paper.html").read_text()
    places = [page.index(f"<h2>{item['label']}") for item in reading.read("cwox").items]
    assert places == sorted(places)
    assert 'src="data:image/svg+xml' in page
    described = {figure["file"] for figure in json.loads((written / "results.json").read_text())["figures"]}
    assert all((written / file).exists() for file in described)
    with (written / "paper.csv").open(newline="") as file:
        assert next(csv.reader(file)) == ["item", "quantity", "published", "ours", "analysis"]


@pytest.mark.parametrize("name", EXPORTS)
def test_a_study_of_another_kind_is_refused(name, reports, tmp_path, capsys):
    other = next(export for key, export in reports[1].items() if key not in (name, "complement"))
    assert main(["report", str(other), "--out", str(tmp_path / "out"), "--as", name]) == 2
    said = capsys.readouterr().err
    assert f"--as {name}: found a " in said
    assert reading.read(name).kind.replace("_", " ") in said
    assert not (tmp_path / "out").exists()


def test_a_table_from_elsewhere_and_an_unknown_paper_are_refused():
    with pytest.raises(AnalysisError, match="found a table from elsewhere, expected a clustering study"):
        reading.read("xnn").check_kind("generic")
    with pytest.raises(AnalysisError, match=r"found 'lime', expected one of cwox, multiscale-occlusion, xnn"):
        reading.read("lime")


def test_names_fit_whole_and_whatever_their_capitals():
    names = {"CEL": ["cel", "cells"], "male": ["male"]}
    assert beside._fits("purity_Cells.descriptives", "purity_<CEL>.descriptives", names)
    assert not beside._fits("Female", "<male>", names)
    assert not beside._fits("purity_cells2.descriptives", "purity_<CEL>.descriptives", names)


@pytest.mark.parametrize("name", EXPORTS)
def test_the_index_names_every_item(name):
    index = (ROOT / "docs" / "papers.md").read_text()
    assert f"--as {name}" in index
    for item in reading.read(name).items:
        assert item["label"] in index, item["label"]
