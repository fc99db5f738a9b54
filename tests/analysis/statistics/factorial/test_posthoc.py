"""Pairwise comparisons against R's emmeans and pingouin's Games-Howell."""

from itertools import product

import numpy as np
import pingouin
import pytest
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import complete
from analysis.statistics.factorial.posthoc import Contrast, games_howell, marginal_means, planned, tukey
from analysis.statistics.factorial.welch import welch
from analysis.statistics.multiplicity import adjust
from tests.analysis.reference_data import MODELS, R, frame, rows

FACTORS = ["heatmap", "score"]
CASES = list(product(("balanced96", "unbalanced71"), ("fraction_correct", "saliency_ratio")))


@pytest.mark.parametrize(("name", "outcome"), CASES)
@pytest.mark.parametrize(("covariance", "suffix"), [("classical", ""), ("hc3", "_hc3")])
def test_tukey_equals_emmeans_pairs(name, outcome, covariance, suffix):
    # pairs(emmeans(m, "heatmap" [, vcov. = hccm(m, "hc3")]), adjust = "tukey")
    expected = rows(R[name][outcome]["emmeans_heatmap_tukey" + suffix], "contrast")
    found = tukey(frame(name), outcome, FACTORS, "heatmap", covariance)
    assert len(found) == 3
    for row in found.itertuples():
        r = expected[f"{row.a} - {row.b}"]
        assert row.diff == pytest.approx(r["estimate"], abs=1e-8)
        assert row.se == pytest.approx(r["SE"], abs=1e-8)
        assert row.df == r["df"]
        assert row.t == pytest.approx(r["t.ratio"], abs=1e-8)
        assert row.p_adjusted == pytest.approx(r["p.value"], abs=1e-6)
        assert row.ci_low == pytest.approx(r["lower.CL"], abs=1e-6)
        assert row.ci_high == pytest.approx(r["upper.CL"], abs=1e-6)
        assert row.diff == pytest.approx(row.mean_a - row.mean_b, abs=1e-12)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_marginal_means_weigh_cells_equally(name, outcome):
    # emmeans(m, "heatmap")
    means = marginal_means(complete(frame(name), outcome, FACTORS), outcome, FACTORS, "heatmap")
    for row in R[name][outcome]["emmeans_heatmap_means"]:
        assert means["mean"][row["heatmap"]] == pytest.approx(row["emmean"], abs=1e-8)
        assert means["variance"][row["heatmap"]] ** 0.5 == pytest.approx(row["SE"], abs=1e-8)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_holm_instead_of_tukey_has_the_same_t(name, outcome):
    # pairs(emmeans(m, "heatmap", vcov. = hccm(m, "hc3")), adjust = "holm")
    expected = rows(R[name][outcome]["emmeans_heatmap_holm_hc3"], "contrast")
    found = tukey(frame(name), outcome, FACTORS, "heatmap", "hc3")
    p_values = adjust(2 * stats.t.sf(np.abs(found["t"]), found["df"]), "holm")
    for row, p in zip(found.itertuples(), p_values, strict=True):
        assert row.t == pytest.approx(expected[f"{row.a} - {row.b}"]["t.ratio"], abs=1e-8)
        assert p == pytest.approx(expected[f"{row.a} - {row.b}"]["p.value"], abs=1e-8)


@pytest.mark.parametrize("outcome", ["fraction_correct", "saliency_ratio"])
def test_equal_cells_give_r_s_own_tukey_test(outcome):
    # TukeyHSD(aov(y ~ heatmap * score), "heatmap"), whose differences run the other way
    expected = rows(R["balanced96"][outcome]["TukeyHSD_heatmap_from_twoway"])
    for row in tukey(frame("balanced96"), outcome, FACTORS, "heatmap").itertuples():
        r = expected[f"{row.b}-{row.a}"]
        assert (row.diff, row.ci_low) == pytest.approx((-r["diff"], -r["upr"]), abs=1e-6)
        assert row.p_adjusted == pytest.approx(r["p.adj"], abs=1e-6)


def test_unequal_cells_differ_from_the_two_other_tukeys():
    # TukeyHSD(aov(y ~ heatmap * score), "heatmap"), TukeyHSD(aov(y ~ heatmap))
    data = R["unbalanced71"]["fraction_correct"]
    found = tukey(frame("unbalanced71"), "fraction_correct", FACTORS, "heatmap")["p_adjusted"].iloc[0]
    for key in ("TukeyHSD_heatmap_from_twoway", "TukeyHSD_heatmap_oneway"):
        assert abs(found - rows(data[key])["static-none"]["p.adj"]) > 1e-3


def test_without_a_second_factor_it_is_the_plain_tukey_test():
    # TukeyHSD(aov(y ~ heatmap)), whose differences run the other way
    expected = rows(R["unbalanced71"]["fraction_correct"]["TukeyHSD_heatmap_oneway"])
    for row in tukey(frame("unbalanced71"), "fraction_correct", ["heatmap"], "heatmap").itertuples():
        r = expected[f"{row.b}-{row.a}"]
        assert row.diff == pytest.approx(-r["diff"], abs=1e-8)
        assert row.p_adjusted == pytest.approx(r["p.adj"], abs=1e-6)
        assert row.ci_low == pytest.approx(-r["upr"], abs=1e-6)


def test_two_levels_give_the_p_of_the_main_effect():
    # car::Anova(lm(...), type = 3)
    expected = rows(R["unbalanced71"]["saliency_ratio"]["anova_type3_sum"])["score"]["Pr..F."]
    found = tukey(frame("unbalanced71"), "saliency_ratio", FACTORS, "score")
    assert found["p_adjusted"].item() == pytest.approx(expected, abs=1e-6)


def test_games_howell_equals_pingouin():
    data = frame("unbalanced71")
    found = games_howell(data, "saliency_ratio", "heatmap")
    oracle = pingouin.pairwise_gameshowell(data=data, dv="saliency_ratio", between="heatmap")
    expected = {frozenset(pair): p for *pair, p in oracle[["A", "B", "pval"]].itertuples(index=False)}
    for row in found.itertuples():
        assert row.p_adjusted == pytest.approx(expected[frozenset((row.a, row.b))], abs=1e-6)


@pytest.mark.parametrize(("name", "outcome"), CASES)
def test_welch_s_f_equals_r(name, outcome):
    # oneway.test(y ~ heatmap, var.equal = FALSE)
    expected = R[name][outcome]["welch_oneway_heatmap"]
    found = welch(frame(name), outcome, "heatmap").iloc[0]
    for column in ("F", "df1", "df2", "p"):
        assert found[column] == pytest.approx(expected[column], rel=1e-9)


def test_a_level_without_variance_has_no_welch_test():
    data = frame("unbalanced71")
    data.loc[data["heatmap"] == "none", "fraction_correct"] = 0.5
    with pytest.raises(NotDefined, match="nothing varies in none"):
        welch(data, "fraction_correct", "heatmap")


def test_an_empty_cell_is_refused():
    data = frame("balanced96").query("not (heatmap == 'none' and score == 'absent')")
    with pytest.raises(NotDefined, match="none × absent"):
        tukey(data, "fraction_correct", FACTORS, "heatmap")


@pytest.mark.parametrize(("key", "one_sided", "column"), [("planned", True, "p_adjusted"), ("planned_two", False, "p")])
def test_planned_contrasts_equal_emmeans(key, one_sided, column):
    # test(contrast(emmeans(m, "heatmap"), list(c(-1, .5, .5), c(0, -1, 1))), side = ">", adjust = "holm")
    stated = [Contrast("heatmap", ("static", "interactive"), ("none",), one_sided),
              Contrast("heatmap", ("interactive",), ("static",), one_sided)]  # fmt: skip
    found = planned(frame("unbalanced71"), "fraction_correct", FACTORS, stated)
    for row, expected in zip(found.to_dict("records"), MODELS[key], strict=True):
        own = [row[name] for name in ("diff", "se", "df", "t", column)]
        theirs = [expected[name] for name in ("estimate", "SE", "df", "t.ratio", "p.value")]
        assert own == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("outcome", ["fraction_correct", "saliency_ratio"])
def test_intervals_of_games_and_howell_are_where_their_test_is_at_its_limit(outcome):
    for row in games_howell(frame("unbalanced71"), outcome, "heatmap").itertuples():
        assert row.t == pytest.approx(row.diff / row.se)
        assert row.diff == pytest.approx(row.mean_a - row.mean_b)
        assert (row.ci_low + row.ci_high) / 2 == pytest.approx(row.diff)
        half = (row.ci_high - row.ci_low) / 2
        assert stats.studentized_range.sf(half / row.se * np.sqrt(2), 3, row.df) == pytest.approx(0.05, abs=1e-6)


def test_a_planned_contrast_has_its_means_sides_and_two_sided_limits():
    stated = [
        Contrast("heatmap", ("static", "interactive"), ("none",), True),
        Contrast("score", ("present",), ("absent",)),
    ]
    found = planned(frame("unbalanced71"), "fraction_correct", FACTORS, stated, correction="bonferroni")
    assert found[["a", "b", "sides"]].to_numpy().tolist() == [
        ["static + interactive", "none", "one"], ["present", "absent", "two"]]  # fmt: skip
    assert found["p_adjusted"].tolist() == pytest.approx(np.minimum(1, 2 * found["p"]))
    for row in found.itertuples():
        half = stats.t.ppf(0.975, row.df) * row.se
        assert row.diff == pytest.approx(row.mean_a - row.mean_b)
        assert (row.ci_low, row.ci_high) == pytest.approx((row.diff - half, row.diff + half))


def test_a_contrast_of_a_level_that_nobody_has_is_named():
    with pytest.raises(NotDefined, match="nobody has") as refused:
        planned(frame("balanced96"), "fraction_correct", FACTORS, [Contrast("heatmap", ("none",), ("occluded",))])
    assert refused.value.names == ("heatmap", "occluded")


@pytest.mark.parametrize("statistic", [games_howell, welch])
def test_two_in_each_group_are_enough_for_unequal_variances_and_one_is_not(statistic):
    data = frame("balanced96").groupby("heatmap", observed=True).head(2)
    assert statistic(data, "saliency_ratio", "heatmap").notna().all(axis=None)
    with pytest.raises(NotDefined, match="at least 2 participants"):
        statistic(data[1:], "saliency_ratio", "heatmap")


@pytest.mark.parametrize("covariance", ["classical", "hc3"])
def test_one_in_a_cell_is_enough_for_a_pooled_variance_alone(covariance):
    data = frame("balanced96")
    first = data.query("heatmap == 'none' and score == 'absent'").index[1:]
    data = data.drop(index=first)
    contrast = [Contrast("heatmap", ("static",), ("none",))]
    tests = (lambda: tukey(data, "saliency_ratio", FACTORS, "heatmap", covariance),
             lambda: planned(data, "saliency_ratio", FACTORS, contrast, covariance))  # fmt: skip
    for test in tests:
        if covariance == "classical":
            assert test()["p_adjusted"].between(0, 1).all()
            continue
        with pytest.raises(NotDefined, match=r"none × absent \(n = 1\)"):
            test()
