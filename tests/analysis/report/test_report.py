"""The report folder: complete, consistent, the same every time, and honest about what is not defined."""

import json
import os
import re
import subprocess
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from analysis.cli import main
from analysis.report.folder import results, versions
from analysis.report.running import analyse
from analysis.results.section import Section
from analysis.statistics.factorial.anova import COLUMNS
from tests.analysis import factory
from tests.analysis.analysed import analysed


@pytest.fixture
def export(usual):
    return usual("forward_simulation")[0]


@pytest.fixture
def small(tmp_path):
    """An export for analyses whose numbers don't matter."""
    return factory.forward_simulation(tmp_path / "small", n=12)


@pytest.fixture
def report(usual):
    return usual("forward_simulation")[1]


def analyses(folder) -> dict[str, dict]:
    return {found["id"]: found for found in json.loads((folder / "results.json").read_text())["analyses"]}


def content(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_holds_every_file_of_the_layout(report):
    names = {path.name for path in report.iterdir()}
    assert names == {"report.html", "report.md", "results.json", "tables", "figures", "methods.txt", "versions.json",
                     "analysis_plan.json", "preregistration.md"}  # fmt: skip
    assert {path.suffix for path in (report / "figures").iterdir()} == {".svg", ".png"}
    assert {path.suffix for path in (report / "tables").iterdir()} == {".csv", ".md", ".tex"}


def test_results_have_the_agreed_ids_and_columns(report):
    found = analyses(report)
    for outcome in ("fraction_correct", "saliency_ratio"):
        for suffix in (
            "descriptives",
            "normality",
            "levene",
            "anova",
            "anova_hc3",
            "kruskal",
            "tukey.heatmap",
            "tukey.scores",
        ):
            assert f"{outcome}.{suffix}" in found
    for id in (
        "confidence.kruskal",
        "confidence.dunn",
        "fraction_correct.logistic",
        "fraction_correct.gee",
        "coding.ears",
    ):
        assert id in found
    assert set(COLUMNS) <= set(found["fraction_correct.anova"]["terms"][0])
    assert found["fraction_correct.anova"]["method"]["contrasts"] == "sum-to-zero"
    assert found["saliency_ratio.tukey.heatmap"]["method"]["covariance"] == "hc3"
    assert found["fraction_correct.levene"]["method"]["levene_center"] == "median"


def test_every_null_has_a_reason(report):
    for found in analyses(report).values():
        for term in found["terms"]:
            assert None not in term.values() or term.get("reason"), (found["id"], term)


def test_the_anova_is_that_of_the_participants_means(export, report):
    trials = pd.read_csv(export / "study-demo_table-trials_data.csv", keep_default_na=False)
    cell = ["factor_heatmap", "factor_scores"]
    means = trials.groupby(["participant", *cell])["correct"].mean().reset_index()
    # balanced: sums of squares by hand, 16 participants per heatmap, 8 per cell
    error = ((means["correct"] - means.groupby(cell)["correct"].transform("mean")) ** 2).sum() / (48 - 6)
    between = 16 * ((means.groupby("factor_heatmap")["correct"].mean() - means["correct"].mean()) ** 2).sum() / 2
    terms = {term["term"]: term for term in analyses(report)["fraction_correct.anova"]["terms"]}
    assert terms["heatmap"]["F"] == pytest.approx(between / error, rel=1e-8)


def test_html_is_one_self_contained_page(report):
    html = (report / "report.html").read_text()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    ids = set(re.findall(r'id="([^"]+)"', html))
    assert {address[1:] for address in addresses if address.startswith("#")} <= ids


def test_every_picture_has_a_text_and_every_table_a_heading(report):
    class Tags(HTMLParser):
        pictures, headings = [], 0

        def handle_starttag(self, tag, attributes):
            if tag == "img":
                self.pictures.append(dict(attributes).get("alt", ""))
            self.headings += tag == "th"

    tags = Tags()
    tags.feed((report / "report.html").read_text())
    assert tags.pictures
    assert all(len(text) > 20 for text in tags.pictures)
    assert tags.headings


def test_the_text_of_a_figure_tells_its_numbers(report):
    results = json.loads((report / "results.json").read_text())
    for figure in results["figures"]:
        assert re.search(r"\d", figure["alt"]), figure["id"]
        assert figure["warnings"] == []
        assert (report / figure["file"]).exists()
    alt = next(figure["alt"] for figure in results["figures"] if figure["id"] == "confidence-answers")
    assert "lrp × shown: extremely unconfident" in alt


def test_nothing_in_the_analysis_of_a_clean_study_warns(report):
    results = json.loads((report / "results.json").read_text())
    assert results["warnings"] == results["remarks"] == []
    said = {found["id"]: text for found in results["analyses"] for text in found["warnings"]}
    assert all("ranked apart, as in R" in text for text in said.values())  # shares of few trials tie but for rounding
    assert set(said) <= {"reliance.paired.system right-system wrong"}


def test_the_page_tells_design_rules_and_what_they_did(report):
    html = (report / "report.html").read_text()
    assert "The design was between subjects, with heatmap (none, lrp, multiscale occlusion)" in html
    rules = json.loads((report / "results.json").read_text())["sample"]["rules"]
    done = {rule["rule"]: rule["done"].split(",")[0] for rule in rules if rule["n"] == 0}
    assert done == {"incomplete": "excluded", "too_fast": "kept", "constant": "kept", "failed_checks": "kept"}
    assert all(rule["text"] in html for rule in rules)


def test_latex_tables_of_a_study_need_no_letters_beyond_ascii(report):
    paths = sorted((report / "tables").glob("*.tex"))
    assert paths
    for path in paths:
        strange = set(re.findall(r"[^\x00-\x7f]", path.read_text()))
        assert not strange, (path.name, strange)


def test_the_same_data_give_the_same_bytes_whatever_was_made_before_and_however_sets_are_ordered(report, tmp_path):
    """One run in this process, where another report was made, and one in its own, with other hashes."""
    folder = factory.forward_simulation(tmp_path / "export", n=12, codes=True)
    arguments = ["report", str(folder), "--out"]
    assert main([*arguments, str(tmp_path / "here")]) == 0
    other = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    command = [sys.executable, "-m", "analysis", *arguments, str(tmp_path / "there")]
    subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": other}, check=True, capture_output=True)
    assert content(tmp_path / "here") == content(tmp_path / "there")


def test_csv_tables_keep_full_precision(report):
    found = analyses(report)["fraction_correct.anova"]["terms"][0]
    path = next((report / "tables").glob("*_fraction_correct.anova.csv"))
    assert pd.read_csv(path)["F"].iloc[0] == found["F"]


def test_without_a_plan_the_report_says_so(report):
    assert "nothing was registered before the data were seen" in (report / "report.html").read_text()
    assert json.loads((report / "analysis_plan.json").read_text())["source"] == "default"


def test_a_plan_decides_what_is_primary(small, tmp_path):
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"primary": ["confidence.kruskal"], "secondary": [], "bounds": {"fraction_correct": 0.2},
                                "hypotheses": []}))  # fmt: skip
    found = analysed(small, plan_file=plan)
    assert [id for id, analysis in found.items() if analysis["type"] == "primary"] == ["confidence.kruskal"]
    assert found["fraction_correct.anova"]["type"] == "exploratory"
    assert found["fraction_correct.equivalence"]["method"]["bound"] == 0.2


def test_what_is_planned_and_not_in_the_report_is_said(small, tmp_path):
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"primary": ["fraction_correct.anova", "happiness.anova"], "hypotheses": []}))
    assert analyse(small, plan_file=plan).remarks == [
        "Planned, and not part of this report because the data hold nothing for it: happiness.anova."
    ]


def test_a_warning_outside_of_every_record_stands_in_the_report(small, monkeypatch):
    from analysis.sections import prediction

    def section(*_):
        warnings.warn("the sky is falling", RuntimeWarning, stacklevel=1)
        return Section("Weather", "It fell.")

    monkeypatch.setattr(prediction, "section", section)
    report = analyse(small)
    assert results(report)["warnings"] == ["RuntimeWarning: the sky is falling"]


def test_the_methods_paragraph_names_every_sort_of_test(report):
    text = (report / "methods.txt").read_text()
    for words in ("type 3 sums of squares", "HC3", "Tukey's method", "Kruskal-Wallis", "Dunn's two-sided", "Cohen's κ",
                  "adaptive Gauss-Hermite quadrature, 15 nodes", "seeded with 20180", "α = .05"):  # fmt: skip
        assert words in text
    assert "{" not in text


def test_a_plan_frozen_with_the_study_is_used(small):
    (small / "analysis_plan.json").write_text(json.dumps({"alpha": 0.01}))
    assert results(analyse(small))["plan"] == {"source": "frozen", "alpha": 0.01}


def test_constant_answers_are_not_defined_in_words(small, tmp_path):
    factory.rewrite(small, "trials", lambda rows: [row | {"correct": "true", "confidence": "4"} for row in rows])
    factory.rewrite(small, "participants", lambda rows: [row | {"n_correct": "14"} for row in rows])
    assert main(["report", str(small), "--out", str(tmp_path / "report")]) == 0
    found = analyses(tmp_path / "report")
    for id in ("anova", "anova_hc3", "normality", "logistic", "gee"):
        assert not found[f"fraction_correct.{id}"]["defined"]
        assert found[f"fraction_correct.{id}"]["reason"]
        assert all(term.get("p") is None for term in found[f"fraction_correct.{id}"]["terms"])
    assert "no variation" in (tmp_path / "report" / "report.html").read_text()


def test_the_versions_begin_with_our_own_which_is_the_app_s():
    name, version = next(iter(versions().items()))
    assert name == "heatwise"
    assert f'__version__ = "{version}"' in Path("studyapp/__init__.py").read_text(encoding="utf-8")


def test_several_versions_of_a_study_and_totals_that_differ_from_the_trials_are_said(small):
    change = {"study_version": "2", "n_correct": "99"}
    factory.rewrite(small, "participants", lambda rows: [rows[0] | change, *rows[1:]])
    assert sorted(analyse(small).remarks) == [
        "The participants followed 2 versions of the study: 2 (1) and 1 (11).",
        "n_correct differs from the trials for 1 participants; the trials were used.",
    ]
