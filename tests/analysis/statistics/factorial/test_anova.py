"""ANOVA, classical and White-corrected, against R's car::Anova."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotDefined
from analysis.statistics.factorial.anova import anova
from tests.analysis.reference_data import R, frame, rows

FACTORS = ["heatmap", "score"]
CASES = list(product(("balanced96", "unbalanced71"), ("fraction_correct", "saliency_ratio")))


@pytest.mark.parametrize(("name", "outcome"), CASES)
@pytest.mark.parametrize("ss_type", [2, 3])
def test_equals_car_anova_with_sum_contrasts(name, outcome, ss_type):
    # car::Anova(lm(y ~ heatmap * score), type = 2 | 3), contr.sum
    expected = rows(R[name][outcome][f"anova_type{ss_type}" + ("_sum" if ss_type == 3 else "")])
    found = anova(frame(name), outcome, FACTORS, ss_type).set_index("term")
    for term, row in found.iterrows():
        assert row["ss"] == pytest.approx(expected[term]["Sum.Sq"], rel=1e-8)
        assert row["df"] == expected[term]["Df"]
        if term != "Residuals":
            assert row["F"] == pytest.approx(expected[term]["F.value"], rel=1e-8)
            assert row["p"] == pytest.approx(expected[term]["Pr..F."], rel=1e-8)
            assert row["ms"] == pytest.approx(row["ss"] / row["df"], rel=1e-12)


@pytest.mark.parametrize(("name", "outcome"), CASES)
@pytest.mark.parametrize("ss_type", [2, 3])
def test_white_correction_equals_car_anova_with_hc3(name, outcome, ss_type):
    # car::Anova(m, type = 2 | 3, white.adjust = "hc3"), contr.sum
    expected = rows(R[name][outcome][f"anova_type{ss_type}_hc3_sum"])
    found = anova(frame(name), outcome, FACTORS, ss_type, covariance="hc3").set_index("term")
    classical = anova(frame(name), outcome, FACTORS, ss_type).set_index("term")
    for term in ("heatmap", "score", "heatmap:score"):
        assert found["F"][term] == pytest.approx(expected[term]["F"], rel=1e-8)
        assert found["p"][term] == pytest.approx(expected[term]["Pr..F."], rel=1e-8)
        assert found["eta2p"][term] == classical["eta2p"][term]
        assert np.isnan(found["ss"][term])
        assert found["reason"][term]


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_effect_sizes_equal_effectsize_and_the_exact_interval(name, outcome):
    # effectsize::eta_squared, omega_squared(partial = TRUE); limits by uniroot on pf(ncp), ncp / (ncp + df_err)
    expected = rows(R[name][outcome]["partial_eta2_ci90_uniroot"])
    found = anova(frame(name), outcome, FACTORS).set_index("term")
    for term, row in expected.items():
        assert found["eta2p"][term] == pytest.approx(row["eta2p"], abs=1e-8)
        assert found["eta2p_ci_low"][term] == pytest.approx(row["low_dferr"], abs=1e-8)
        assert found["eta2p_ci_high"][term] == pytest.approx(row["high_dferr"], abs=1e-8)
        assert found["omega2p"][term] == pytest.approx(row["omega2p"], abs=1e-8)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_effect_sizes_equal_effectsize_and_afex(name, outcome):
    # effectsize::eta_squared, omega_squared(Anova(m, type = 3), ci = .9); afex::aov_car(...)$anova_table
    r = R[name][outcome]
    found = anova(frame(name), outcome, FACTORS).set_index("term")
    for term in ("heatmap", "score", "heatmap:score"):
        eta = rows(r["partial_eta2"], "Parameter")[term]
        assert found["eta2p"][term] == pytest.approx(eta["Eta2_partial"], abs=1e-8)
        assert found["eta2p"][term] == pytest.approx(rows(r["generalized_eta2_afex"])[term]["ges"], abs=1e-8)
        omega = rows(r["partial_omega2"], "Parameter")[term]["Omega2_partial"]
        assert found["omega2p"][term] == pytest.approx(omega, abs=1e-8)
        assert found["eta2p_ci_low"][term] == pytest.approx(eta["CI_low"], abs=1e-4)
        if (name, outcome, term) != ("unbalanced71", "fraction_correct", "heatmap"):  # R's optimiser failed there
            assert found["eta2p_ci_high"][term] == pytest.approx(eta["CI_high"], abs=1e-4)


@pytest.mark.parametrize("outcome", ["fraction_correct", "saliency_ratio"])
def test_types_of_sums_of_squares_agree_in_a_balanced_design_alone(outcome):
    # anova(lm(y ~ heatmap * score)): type 1, which depends on the order of the factors
    for name in ("balanced96", "unbalanced71"):
        sequential = rows(R[name][outcome]["anova_type1"])["heatmap"]["Sum.Sq"]
        for ss_type in (2, 3):
            found = anova(frame(name), outcome, FACTORS, ss_type).set_index("term")["ss"]["heatmap"]
            assert (found == pytest.approx(sequential, rel=1e-8)) == (name == "balanced96")


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_is_not_the_table_of_treatment_contrasts(name, outcome):
    # car::Anova(m, type = 3 [, white.adjust = "hc3"]) under contr.treatment, whose type 3 tests something else
    for covariance, key, column in (("classical", "anova_type3_treatment_WRONG", "F.value"),
                                    ("hc3", "anova_type3_hc3_treatment_WRONG", "F")):  # fmt: skip
        wrong = rows(R[name][outcome][key])["heatmap"][column]
        found = anova(frame(name), outcome, FACTORS, covariance=covariance).set_index("term")
        assert abs(found["F"]["heatmap"] - wrong) > 0.1


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_type_2_does_not_depend_on_the_contrasts(name, outcome):
    # car::Anova(m, type = 2, white.adjust = "hc3") under contr.treatment
    expected = rows(R[name][outcome]["anova_type2_hc3_treatment"])
    found = anova(frame(name), outcome, FACTORS, 2, covariance="hc3").set_index("term")
    for term in ("heatmap", "score", "heatmap:score"):
        assert found["F"][term] == pytest.approx(expected[term]["F"], rel=1e-8)


@pytest.mark.parametrize("variant", ["hc0", "hc1", "hc2", "hc4"])
@pytest.mark.parametrize("ss_type", [2, 3])
@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_white_correction_is_hc3_and_no_other_variant(name, outcome, ss_type, variant):
    # car::Anova(m, type = 2 | 3, white.adjust = "hc0" | "hc1" | "hc2" | "hc4")
    other = rows(R[name][outcome][f"anova_type{ss_type}_{variant}_sum"])["heatmap"]["F"]
    found = anova(frame(name), outcome, FACTORS, ss_type, covariance="hc3").set_index("term")["F"]["heatmap"]
    if name == "balanced96":  # every leverage is 1/16: the variants differ by powers of 15/16
        assert found == pytest.approx(other * (15 / 16) ** (2 if variant == "hc0" else 1), rel=1e-8)
    else:
        assert found < 0.99 * other


def test_does_not_depend_on_level_order_or_column_names():
    data = frame("unbalanced71")
    renamed = data.rename(columns={"heatmap": "Heat map (type)", "fraction_correct": "User's accuracy"})
    renamed["Heat map (type)"] = renamed["Heat map (type)"].astype(str)
    one = anova(data, "fraction_correct", FACTORS)
    other = anova(renamed, "User's accuracy", ["Heat map (type)", "score"])
    assert other["term"].tolist() == ["Heat map (type)", "score", "Heat map (type):score", "Residuals"]
    assert other["F"].to_numpy()[:3] == pytest.approx(one["F"].to_numpy()[:3], rel=1e-10)


def test_unused_levels_and_missing_values_are_dropped():
    data = frame("balanced96")
    data["heatmap"] = data["heatmap"].cat.add_categories("never shown")
    more = pd.concat([data, data.iloc[:1].assign(fraction_correct=np.nan)], ignore_index=True)
    expected = anova(frame("balanced96"), "fraction_correct", FACTORS)
    pd.testing.assert_frame_equal(anova(more, "fraction_correct", FACTORS), expected)


def test_a_factor_with_one_level_is_left_out():
    data = frame("balanced96").query("score == 'absent'")
    assert anova(data, "fraction_correct", FACTORS)["term"].tolist() == ["heatmap", "Residuals"]


def test_an_empty_cell_is_refused_by_name():
    data = frame("balanced96").query("not (heatmap == 'static' and score == 'present')")
    with pytest.raises(NotDefined, match=r"static × present \(n = 0\)"):
        anova(data, "fraction_correct", FACTORS)


def test_constant_data_are_not_defined():
    with pytest.raises(NotDefined, match="no variation") as caught:
        anova(frame("balanced96").assign(fraction_correct=0.7), "fraction_correct", FACTORS)
    assert caught.value.terms == ("heatmap", "score", "heatmap:score")


def test_cells_that_differ_but_do_not_vary_inside_are_not_defined():
    data = frame("balanced96")
    data["fraction_correct"] = data["heatmap"].cat.codes * 0.1
    with pytest.raises(NotDefined, match="error variance is zero"):
        anova(data, "fraction_correct", FACTORS)


@pytest.mark.parametrize("level", [0.7, 1e9])
def test_variation_by_rounding_alone_is_no_variation(level):
    data = frame("balanced96").assign(fraction_correct=lambda rows: level * (1 + 1e-16 * (rows.index % 5)))
    with pytest.raises(NotDefined, match="no variation"):
        anova(data, "fraction_correct", FACTORS)


def test_one_participant_per_cell_is_not_defined():
    data = frame("balanced96").groupby(FACTORS, observed=True).head(1)
    with pytest.raises(NotDefined, match="one participant per cell"):
        anova(data, "fraction_correct", FACTORS)


def test_white_correction_needs_two_per_cell():
    data = frame("balanced96").query("participant not in @few", local_dict={"few": _all_but_one()})
    with pytest.raises(NotDefined, match=r"none × absent \(n = 1\)"):
        anova(data, "fraction_correct", FACTORS, covariance="hc3")


def test_two_per_cell_are_enough_for_the_white_correction():
    data = frame("balanced96").groupby(FACTORS, observed=True).head(2)
    assert anova(data, "saliency_ratio", FACTORS, covariance="hc3")["F"][:3].notna().all()


def _all_but_one() -> list[str]:
    data = frame("balanced96")
    return data.query("heatmap == 'none' and score == 'absent'")["participant"].tolist()[1:]


def test_type_1_is_refused():
    with pytest.raises(ValueError, match="expected 2 or 3"):
        anova(frame("balanced96"), "fraction_correct", FACTORS, ss_type=1)


def test_an_unknown_covariance_is_refused():
    with pytest.raises(ValueError, match="found 'hc4', expected 'classical' or 'hc3'"):
        anova(frame("balanced96"), "fraction_correct", FACTORS, covariance="hc4")


def test_residuals_carry_no_test_and_what_is_blank_says_why():
    found = anova(frame("balanced96"), "fraction_correct", FACTORS).set_index("term")
    assert found.loc["Residuals", ["F", "p", "eta2p", "eta2p_ci_low", "omega2p"]].isna().all()
    assert found["reason"].tolist() == ["", "", "", "residuals carry no test"]
    white = anova(frame("balanced96"), "fraction_correct", FACTORS, covariance="hc3").set_index("term")
    assert white.loc["Residuals", "ss"] == found.loc["Residuals", "ss"]
    assert white.loc["Residuals", "reason"] == "residuals carry no test"
    assert white["reason"].str.startswith("a White-corrected F is a Wald test").tolist() == [True, True, True, False]


def test_an_offset_changes_nothing():
    data = frame("balanced96")
    shifted = data.assign(fraction_correct=data["fraction_correct"] + 1e7)
    expected = anova(data, "fraction_correct", FACTORS)["F"].to_numpy()[:3]
    assert anova(shifted, "fraction_correct", FACTORS)["F"].to_numpy()[:3] == pytest.approx(expected, rel=1e-6)
