"""Coded answers: shares per class and heatmap, the saliency ratio, and how far coders agree."""

import pytest

from analysis.reading.exports import read_export
from analysis.reading.plans import Plan
from analysis.report.running import analyse
from analysis.sections.coding import saliency_ratio, section
from analysis.statistics.effects import wilson
from analysis.statistics.factorial.anova import anova
from tests.analysis import factory
from tests.analysis.analysed import analysed

KINDS = {"ears": "saliency_feature", "legs": "saliency_feature", "background": "general_attribute"}


def export(tmp_path, codes: list[tuple], n=12):
    """Return an export whose codes are (participant, trial, coder, code), all about a cat, with a stage at the end."""
    folder = factory.forward_simulation(tmp_path / "export", n=n, codes=False)
    rows = [{"participant": f"p{person:05d}", "trial_index": trial, "class_name": "cat", "field": "sensitive_to",
             "coder": coder, "code": code, "kind": KINDS.get(code, ""), "stage": stage}
            for person, trial, coder, code, *rest in codes for stage in (rest or ["independent"])]  # fmt: skip
    factory.write(folder, "codes", rows)
    return folder


def test_the_saliency_ratio_by_hand(tmp_path):
    # person 0: anna 2 of 3, ben 1 of 2; person 1: nothing found, hence missing; person 2: 0 of 1; person 3 uncoded
    folder = export(tmp_path, [(0, 0, "anna", "ears"), (0, 1, "anna", "legs"), (0, 1, "anna", "background"),
                               (0, 0, "ben", "ears"), (0, 1, "ben", "background"), (1, 0, "anna", ""),
                               (2, 0, "anna", "background")])  # fmt: skip
    ratio = saliency_ratio(read_export(folder), "sensitive_to").data.set_index("participant")["saliency_ratio"]
    assert ratio["p00000"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert ratio["p00002"] == 0
    assert ratio[["p00001", "p00003"]].isna().all()
    described = analysed(folder, "saliency ratio")["saliency_ratio.descriptives"]
    assert (described["n"], described["n_excluded"]) == (2, 10)


def test_the_saliency_ratio_is_tested_by_hc3_and_tukey_with_the_same_covariance(tmp_path):
    folder = factory.forward_simulation(tmp_path / "export", n=48)
    found = analysed(folder, "saliency ratio")
    measure = saliency_ratio(read_export(folder), "sensitive_to")
    expected = anova(measure.data, "saliency_ratio", ["heatmap", "scores"], covariance="hc3")
    assert found["saliency_ratio.anova_hc3"]["terms"][0]["F"] == pytest.approx(expected["F"].iloc[0])
    assert found["saliency_ratio.tukey.heatmap"]["method"]["covariance"] == "hc3"
    assert found["saliency_ratio.anova_hc3"]["type"] == "secondary"


def test_shares_are_of_the_coded_answers_by_class_and_heatmap(tmp_path):
    # heatmaps go none, lrp, multiscale occlusion with the participant's number; ears: 1 of 2, 1 of 1, 0 of 1 answers
    folder = export(tmp_path, [(0, 0, "anna", "ears"), (0, 0, "anna", "legs"), (3, 0, "anna", "background"),
                               (1, 0, "anna", "ears"), (2, 0, "anna", "")])  # fmt: skip
    found = analysed(folder, "features named")
    rows = {term["condition"]: term for term in found["coding.ears"]["terms"]}
    assert [(rows[h]["n_with_code"], rows[h]["n_responses"]) for h in factory.HEATMAPS] == [(1, 2), (1, 1), (0, 1)]
    # two people whose variance is estimated from two: an effective sample size of 1
    assert (rows["none"]["ci_low"], rows["none"]["ci_high"]) == pytest.approx(wilson(0.5, 1))


def test_half_of_the_coders_suffice_and_what_they_agreed_on_later_replaces_their_codes(tmp_path):
    both = [(0, 0, "anna", "ears"), (0, 0, "ben", "legs")]
    assert _share(analysed(export(tmp_path / "a", both), "features named"), "ears") == 1
    resolved = [*both, (0, 0, "", "legs", "resolved")]
    found = analysed(export(tmp_path / "b", resolved), "features named")
    assert (_share(found, "ears"), _share(found, "legs")) == (0, 1)
    assert found["coding.agreement"]["terms"][0]["n"] == 1


def _share(found, code) -> float:
    return next(term["share"] for term in found[f"coding.{code}"]["terms"] if term["condition"] == "none")


def test_differences_between_heatmaps_have_newcombe_s_limits(tmp_path):
    found = analysed(factory.forward_simulation(tmp_path / "export", n=24), "features named")["coding.differences"]
    assert len(found["terms"]) == len(factory.CODES) * 2 * 3
    for term in found["terms"]:
        assert term["diff"] == pytest.approx(term["share_a"] - term["share_b"])
        assert -1 <= term["ci_low"] <= term["diff"] <= term["ci_high"] <= 1


def test_each_class_has_a_panel_of_features_and_one_of_attributes(tmp_path):
    # figures 27 and 28 of the source: cat and horse, saliency features above general attributes, by heatmap
    study = read_export(factory.forward_simulation(tmp_path / "export", n=12))
    panels = section(study, Plan(), "sensitive_to").figures
    assert [figure.id for figure in panels] == [
        "codes-cat-saliency_feature", "codes-cat-general_attribute",
        "codes-horse-saliency_feature", "codes-horse-general_attribute"]  # fmt: skip
    labels = panels[0].draw().axes[0].get_legend_handles_labels()[1]
    assert labels == ["none", "lrp", "multiscale occlusion"]


def test_agreement_of_coders_who_always_give_one_value_is_not_defined(tmp_path):
    folder = export(tmp_path, [(i, 0, coder, "ears") for i in range(6) for coder in ("anna", "ben")])
    found = analysed(folder, "features named")["coding.agreement"]
    assert {term["measure"] for term in found["terms"]} == {"krippendorff_alpha", "cohen_kappa"}
    for term in found["terms"]:
        assert term["value"] is None
        assert "not defined" in term["reason"]


def test_agreement_has_an_interval_that_holds_its_value(tmp_path):
    for term in analysed(factory.forward_simulation(tmp_path / "export", n=24), "features named")["coding.agreement"][
        "terms"
    ]:
        assert term["ci_low"] <= term["value"] <= term["ci_high"] <= 1


def test_coders_who_found_nothing_are_said(tmp_path):
    report = analyse(export(tmp_path, [(i, 0, "anna", "") for i in range(6)]))
    shown = next(found for found in report.sections if found.title == "Features named")
    assert shown.answer == "The coders found no feature in any of 6 answers."
    ratio = next(found for part in report.sections for found in part.records if found.id == "saliency_ratio.anova")
    assert ratio.reason == "no participant has a value"
