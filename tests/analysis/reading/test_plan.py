"""The analysis plan: what it decides, and the text made from it."""

import json

import pytest

from analysis import recipes
from analysis.cli import main
from analysis.errors import AnalysisError
from analysis.reading.plans import Plan, read_plan


def test_a_plan_survives_being_written_and_read():
    plan = recipes.find("forward_simulation").PLAN
    stored = json.loads(json.dumps(plan.as_json()))
    assert read_plan(stored, Plan(), "plan", "default") == plan


def test_listing_an_analysis_covers_what_follows_and_what_supports_it():
    plan = Plan(primary=("purity.paired",), secondary=("confidence.kruskal",))
    assert plan.type_of("purity.paired.a-b") == "primary"
    assert plan.type_of("purity.pairedness") == "exploratory"
    assert plan.type_of("purity.descriptives") == "secondary"
    assert plan.type_of("rt_s.descriptives") == "exploratory"


def test_fields_left_out_keep_the_recipe_s_default():
    default = Plan(primary=("x.anova",), alpha=0.01)
    assert read_plan({"correction": "fdr"}, default, "plan", "given").primary == ("x.anova",)
    assert read_plan({"correction": "fdr"}, default, "plan", "given").alpha == 0.01


@pytest.mark.parametrize("content", [{"primary": "x"}, {"bounds": []}, {"seed": True}, {"posthoc": "lsd"}])
def test_a_field_of_another_type_is_named(content):
    with pytest.raises(AnalysisError, match=f"plan, {next(iter(content))}: found"):
        read_plan(content, Plan(), "plan", "given")


def test_the_command_writes_a_plan_to_freeze_and_its_preregistration(tmp_path):
    assert main(["plan", "forward_simulation", "--out", str(tmp_path)]) == 0
    text = (tmp_path / "preregistration.md").read_text()
    assert "**H1** The heatmap shown changes the share of right predictions." in text
    assert "Primary: `fraction_correct.anova`" in text
    assert "fewer trials than the study has" in text
    edited = json.loads((tmp_path / "analysis_plan.json").read_text()) | {"bounds": {"fraction_correct": 0.1}}
    (tmp_path / "edited.json").write_text(json.dumps(edited))
    plan = str(tmp_path / "edited.json")
    assert main(["plan", "forward_simulation", "--plan", plan, "--out", str(tmp_path / "second")]) == 0
    assert "equivalent within ± 0.1 (TOST)" in (tmp_path / "second" / "preregistration.md").read_text()


def test_an_unknown_kind_is_named(tmp_path, capsys):
    assert main(["plan", "telepathy", "--out", str(tmp_path)]) == 2
    assert "found 'telepathy', expected one of clustering" in capsys.readouterr().err
