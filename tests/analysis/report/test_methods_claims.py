"""Every sentence of methods.txt stands there if, and only if, the results hold what it claims; so do its facts."""

import re

import pytest

from analysis.report import folder
from analysis.report.methods import SENTENCES, methods_text
from analysis.report.running import analyse
from analysis.results import apa
from analysis.statistics.multiplicity import CORRECTIONS
from tests.analysis.reading.test_foreign_files import OTREE, QUALTRICS, proposed
from tests.analysis.report.test_true_sentences import DESIGNS, RECIPES, written

FACTS = re.compile(r"\{\w+\}")


def claimed(text: str) -> set[str]:
    """Return the sorts of analysis whose sentence stands in the text, whatever its facts are."""
    patterns = {name: ".*?".join(map(re.escape, FACTS.split(sentence))) for name, sentence in SENTENCES.items()}
    return {name for name, pattern in patterns.items() if re.search(pattern, text)}


def held(report, content: dict) -> dict[str, list[dict]]:
    """Return the analyses of `results.json` that hold a result, by their sort and by what they are of."""
    found: dict[str, list[dict]] = {}
    ids = {entry["id"] for entry in content["analyses"]}
    for entry in content["analyses"]:
        tests = [term[name] for term in entry["terms"] for name in ("p", "p_adjusted") if name in term]
        outcome, kind = report.kind_of(entry["id"])
        once = kind == "logistic" and f"{outcome}.deviance" in ids
        if "." in entry["id"] and entry["defined"] and (not tests or any(p is not None for p in tests)) and not once:
            for name in {outcome, kind}:
                found.setdefault(name, []).append(entry)
    return found


def check_claims(report) -> None:
    content = folder.results(report)
    with apa.calling(report.sample.study.titles):
        text = methods_text(report)
    people, analysis = text.split("\n\n")[1], text.split("\n\n")[3]
    kinds = held(report, content)
    assert claimed(analysis) == set(kinds) & set(SENTENCES)
    flow = {row["reason"]: row["n"] for row in content["sample"]["flow"]}
    started, analysed = flow.pop("started"), flow.pop("analysed")
    assert started == analysed + sum(flow.values())
    assert people.startswith(f"{started} participants started and {analysed} were analysed")
    assert ("nobody was left out" in people) == (not flow)
    assert ("simulated (bots)" in people) == content["sample"]["simulated"]
    methods = [entry["method"] for entries in kinds.values() for entry in entries]
    corrections = {CORRECTIONS[method["correction"]] for method in methods if method.get("correction") in CORRECTIONS}
    said = {word for word in CORRECTIONS.values() if re.search(rf"\({word} (?:over|within)", analysis)}
    assert said <= corrections
    assert {int(n) for n in re.findall(r"m = (\d+)", analysis)} == {
        m["permutations"] for m in methods if "permutations" in m
    }
    seeds = {method["seed"] for method in methods if method.get("seed")}
    assert {int(seed) for seed in re.findall(r"seeded with (\d+)\.", analysis)} == seeds
    assert {int(n) for n in re.findall(r"ANOVA \(type (\d) sums", analysis)} == {
        entry["method"]["ss_type"] for entry in kinds.get("anova", [])}  # fmt: skip
    nodes = {re.search(r"(\d+) nodes", entry["method"]["function"])[1] for entry in kinds.get("logistic", [])}
    assert set(re.findall(r"(\d+) nodes", analysis)) == nodes
    paired = kinds.get("paired", [])
    several = any(n > 1 for entry in paired for n in entry["method"]["pairs"].values())
    assert ("over the pairs of conditions" in analysis) == several
    named = {"wilcoxon": "by the Wilcoxon signed-rank test, ", "t": "by the paired t test, "}
    assert all(named[entry["method"]["primary_test"]] in analysis for entry in paired)
    stated = report.plan.source != "default"
    assert not paired or ("which the plan names" in analysis) == stated
    assert ("pre-specified" in text) == bool(paired and report.plan.source == "frozen")
    hc3 = any(entry["method"]["covariance"] == "hc3" for entry in kinds.get("tukey", []))
    assert ("Tukey" in analysis and "(Long & Ervin, 2000)" in analysis) == hc3
    sides = {"mixed" if "mixed" in entry["title"] else "within-subjects" for entry in kinds.get("anova_within", [])}
    assert {side for side in ("mixed", "within-subjects") if f"{side} analysis of variance" in analysis} == sides
    versions = folder.versions()
    told = dict(re.findall(r"(Heatwise|pandas|SciPy|statsmodels) (\d+(?:\.\d+)+)", analysis))
    assert told == {name: versions[name.lower()] for name in ("Heatwise", "pandas", "SciPy", "statsmodels")}


@pytest.mark.parametrize("kind", RECIPES)
def test_the_methods_of_every_recipe_claim_what_was_done(reported, kind):
    check_claims(reported(kind))


@pytest.mark.parametrize("kind", ["ratio", "ordinal"])
@pytest.mark.parametrize(("n_between", "n_within"), DESIGNS)
def test_the_methods_of_every_design_claim_what_was_done(tmp_path, n_between, n_within, kind):
    plan = {"paired_test": "t", "correction": "fdr"} if n_within == 2 else None
    check_claims(written(tmp_path, n_between, n_within, 0.0, kind, plan=plan, people=8))


def test_the_methods_claim_what_a_plan_asked_for(tmp_path):
    contrast = {"analysis": "Score.Sum.contrast", "higher": "lrp", "lower": "none", "sided": "one"}
    alike = {"analysis": "Score.Sum.equivalence", "a": "none", "b": "lrp"}
    plan = {"hypotheses": [{"id": "H1", "text": "So.", **contrast}, {"id": "H2", "text": "Alike.", **alike}],
            "covariance": {"Score.Sum": "hc3"}, "ss_type": 2}  # fmt: skip
    report = written(tmp_path, 1, 0, 0.0, plan=plan, bounds={"Score.Sum": 0.7})
    check_claims(report)
    assert "against the plan's bounds: Score.Sum ± 0.7." in methods_text(report)


HARD = {
    "one condition": ("p,g,y\n" + "".join(f"p{i},x,{i * i % 7}\n" for i in range(9)), "ratio", "between"),
    "one person a cell": ("p,g,y\n" + "".join(f"p{i},{'abc'[i]},{i}\n" for i in range(3)), "ratio", "between"),
    "constant": ("p,g,y\n" + "".join(f"p{i},{'ab'[i % 2]},3\n" for i in range(9)), "ordinal", "between"),
    "no values": ("p,g,y\n" + "".join(f"p{i},{'ab'[i % 2]},\n" for i in range(9)), "binary", "between"),
    "yes and no": ("p,g,y\n" + "".join(f"p{i},{'ab'[i % 2]},{i % 3 % 2}\n" for i in range(12)), "binary", "between"),
    "yes and no within": ("p,g,y\n" + "".join(f"p{i},{g},{(i + len(g)) % 3 % 2}\n" for i in range(9) for g in "ab"),
                          "binary", "within"),
    "no difference within": ("p,g,y\n" + "".join(f"p{i},{g},{i}\n" for i in range(9) for g in "ab"), "ratio", "within"),
}  # fmt: skip


@pytest.mark.parametrize("case", HARD)
def test_methods_claim_no_analysis_that_the_data_did_not_define(tmp_path, case):
    rows, kind, side = HARD[case]
    (tmp_path / "t.csv").write_text(rows)
    (tmp_path / "m.toml").write_text(
        f'participant = "p"\n{side} = ["g"]\n[[outcomes]]\ncolumn = "y"\nkind = "{kind}"\n'
    )
    check_claims(analyse(None, csv=tmp_path / "t.csv", map_file=tmp_path / "m.toml"))


@pytest.mark.parametrize("content", [QUALTRICS, OTREE])
def test_whom_the_map_leaves_out_is_told_as_left_out(tmp_path, content):
    proposed(tmp_path, content)
    report = analyse(None, csv=tmp_path / "file.csv", map_file=tmp_path / "map.toml")
    check_claims(report)
    flow = dict(report.sample.flow.itertuples(index=False))
    assert flow["started"] == {QUALTRICS: 12, OTREE: 10}[content]
    text = methods_text(report)
    assert f"{flow['started']} participants started and {flow['analysed']} were analysed (left out: 1 " in text
    assert [rule["text"] for rule in folder.results(report)["sample"]["rules"]] == ["fewer rows than others have"]


def test_single_rows_that_the_map_leaves_out_of_who_stays_are_told(tmp_path):
    rows = "".join(
        f"p{i},{'ab'[i % 2]},{i + j},{90 if (i, j) == (0, 0) else 800}\n" for i in range(8) for j in range(2)
    )
    (tmp_path / "t.csv").write_text("p,g,y,rt\n" + rows)
    rule = '[[exclude]]\ncolumn = "rt"\nbelow = 100\nreason = "too fast"\n'
    (tmp_path / "m.toml").write_text(
        f'participant = "p"\nbetween = ["g"]\n{rule}[[outcomes]]\ncolumn = "y"\nkind = "ratio"\n'
    )
    report = analyse(None, csv=tmp_path / "t.csv", map_file=tmp_path / "m.toml")
    assert "nobody was left out. Of those who stayed, single rows were left out: 1 (too fast)." in methods_text(report)


RAW = {
    "constant": lambda i, j: 3,
    "constant inside cells": lambda i, j: i % 2,
    "usual": lambda i, j: (i * 7 + j * 3) % 5,
    "nobody": lambda i, j: "",
}


@pytest.mark.parametrize("side", ["between", "within"])
@pytest.mark.parametrize("kind", ["ratio", "ordinal", "binary"])
@pytest.mark.parametrize("case", RAW)
def test_no_sentence_holds_a_column_s_own_name(tmp_path, case, kind, side):
    value = (
        (lambda i, j: RAW[case](i, j) if RAW[case](i, j) == "" else RAW[case](i, j) % 2)
        if kind == "binary"
        else RAW[case]
    )
    rows = [(f"p{i}", j if side == "within" else i % 2, value(i, j)) for i in range(8) for j in range(2)]
    lines = "".join(f"{p},{('no_map', 'heat_map')[g]},{y}\n" for p, g, y in rows)
    (tmp_path / "t.csv").write_text("p_id,heat_kind,rt_own_s\n" + lines)
    outcome = f'[[outcomes]]\ncolumn = "rt_own_s"\nkind = "{kind}"\nlabel = "Response time"\n'
    (tmp_path / "m.toml").write_text(f'participant = "p_id"\n{side} = ["heat_kind"]\n{outcome}')
    check_words(analyse(None, csv=tmp_path / "t.csv", map_file=tmp_path / "m.toml"), {"rt_own_s", "heat_kind", "p_id"})


@pytest.mark.parametrize("kind", RECIPES)
def test_no_sentence_of_a_recipe_holds_an_identifier(reported, kind):
    report = reported(kind)
    tables = [table for table in vars(report.sample.study).values() if hasattr(table, "columns")]
    names = {str(name) for table in tables for name in table.columns} | {measure.name for measure in report.measures}
    check_words(report, {name for name in names if "_" in name})


def check_words(report, names: set[str]) -> None:
    """Hold all prose of a report free of these names: answers, reasons, sentences, warnings, captions, the methods."""
    content = folder.results(report)
    with apa.calling(report.sample.study.titles):
        said = [methods_text(report), content["design"]]
    for found in content["findings"]:
        said += [found["title"], found["answer"]]
    for entry in content["analyses"]:
        said += [entry["title"], entry["reason"] or "", *entry["apa"], *entry["warnings"]]
        said += [term.get("reason") or "" for term in entry["terms"]]
    said += [text for section in report.sections for figure in section.figures
             for text in (figure.title, figure.caption, figure.alt)]  # fmt: skip
    assert [text for text in said if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)] == []
