"""Aligned ranks and permutation tests, against R's own arithmetic and every arrangement there is."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotDefined
from analysis.statistics.factorial.aligned import aligned_ranks
from analysis.statistics.factorial.anova import anova
from analysis.statistics.factorial.permutation import PERMUTATIONS, permutation_anova
from analysis.statistics.factorial.ranks import kruskal
from analysis.statistics.factorial.within import within_anova
from tests.analysis.reference_data import REARRANGED, frame
from tests.analysis.statistics.factorial.test_within import means

ALIGNED = {
    "balanced": (frame("balanced96"), "confidence", ["heatmap", "score"], []),
    "unbalanced": (frame("unbalanced71"), "confidence", ["heatmap", "score"], []),
    "within": (means(["third", "half"]).drop(columns="group"), "rating", [], ["third", "half"]),
    "mixed": (means(["third"]), "rating", ["group"], ["third"]),
}


@pytest.mark.filterwarnings("ignore:cells of unequal size")
@pytest.mark.parametrize("key", ALIGNED)
def test_aligned_ranks_equal_the_published_procedure_in_r(key):
    # rank(y - ave(y, cell) + effect), car::Anova(lm(r ~ heatmap * score), type = 3), or afex::aov_ez(correction = "GG")
    found = aligned_ranks(*ALIGNED[key])
    expected = {row["term"]: row for part in REARRANGED["aligned_ranks"][key] for row in part}
    assert set(found["term"]) == set(expected)
    for row in found.itertuples():
        answer = expected[row.term]
        theirs = [answer.get("F", answer.get("F.value")), answer.get("num.Df", answer.get("Df")), answer["Pr..F."]]
        assert [row.F, row.df, row.p] == pytest.approx(theirs, rel=1e-7), row.term


def test_equal_cells_leave_nothing_of_other_effects_and_unequal_ones_are_told(recwarn):
    aligned_ranks(*ALIGNED["balanced"])
    assert not recwarn.list
    with pytest.warns(UserWarning, match=r"leave other effects in the aligned responses \(F up to \d"):
        aligned_ranks(*ALIGNED["unbalanced"])


def test_aligned_ranks_of_one_factor_are_refused():
    with pytest.raises(NotDefined, match="no interaction to align"):
        aligned_ranks(frame("balanced96"), "confidence", ["heatmap"], [])


def near(p: float, exact: float) -> bool:
    """Return whether a p of random rearrangements lies where it must, but for one case in 20,000."""
    return abs(p - exact) < 4 * math.sqrt(exact * (1 - exact) / PERMUTATIONS) + 1 / PERMUTATIONS


def test_permuted_residuals_equal_all_40320_arrangements_of_freedman_and_lane():
    # mean(f_of(rest[arrangement], reduced, full) >= own), rest = qr.resid(qr(reduced), y)
    people = frame("balanced96").set_index("participant").loc[REARRANGED["permutation"]["people"]].reset_index()
    found = permutation_anova(people, "saliency_ratio", ["heatmap", "score"], [], seed=1)
    assert all(near(p, exact) for p, exact in zip(found["p"], REARRANGED["permutation"]["freedman_lane"], strict=True))


def test_two_groups_equal_the_exact_permutation_test_of_coin():
    # coin::oneway_test(saliency_ratio ~ heatmap, distribution = "exact")
    people = frame("balanced96").set_index("participant").loc[REARRANGED["permutation"]["one_way_people"]].reset_index()
    found = permutation_anova(people, "saliency_ratio", ["heatmap"], [], seed=1)
    assert near(found["p"].item(), REARRANGED["permutation"]["one_way"])


def test_conditions_rearranged_inside_participants_equal_all_46656_arrangements():
    # mean(apply(picks, 1, function(p) within_f(rearranged(v, p))) >= own)
    data = means(["third"])
    data = data[data["participant"].isin(REARRANGED["permutation"]["within_people"])].drop(columns="group")
    found = permutation_anova(data, "rating", [], ["third"], seed=1).iloc[0]
    assert found["F"] == pytest.approx(REARRANGED["permutation"]["within_F"])
    assert near(found["p"], REARRANGED["permutation"]["within"])


def test_an_interaction_of_groups_and_conditions_permutes_whole_participants():
    # coin::oneway_test(difference ~ group, distribution = "exact")
    data = means(["half"])
    data = data[data["participant"].isin(REARRANGED["permutation"]["mixed_people"])]
    found = permutation_anova(data, "rating", ["group"], ["half"], seed=1).set_index("term")
    assert near(found.loc["group:half", "p"], REARRANGED["permutation"]["mixed_interaction"])
    assert REARRANGED["permutation"]["mixed_interaction"] == pytest.approx(REARRANGED["permutation"]["mixed_coin"])


@pytest.mark.parametrize("within", [["third"], ["third", "half"], []])
def test_the_f_is_the_one_of_the_analysis_of_variance_and_a_seed_gives_the_same_p(within):
    data = means(within)
    plain = within_anova(data, "rating", ["group"], within) if within else anova(data, "rating", ["group"])
    found = permutation_anova(data, "rating", ["group"], within, seed=3, permutations=99).set_index("term")
    for row in plain[plain["term"] != "Residuals"].itertuples():
        assert found.loc[row.term, "F"] == pytest.approx(row.F), row.term
    again = permutation_anova(data, "rating", ["group"], within, seed=3, permutations=99)
    assert again["p"].tolist() == found["p"].tolist()
    assert (again["p"] * 100).round(9).isin(range(1, 101)).all()


def test_conditions_of_three_by_three_levels_have_an_interaction_that_nothing_rearranges():
    rng = np.random.default_rng(1)
    rows = [(f"p{i}", a, b, rng.normal()) for i in range(6) for a in "xyz" for b in "uvw"]
    data = pd.DataFrame(rows, columns=["participant", "a", "b", "y"])
    found = permutation_anova(data, "y", [], ["a", "b"], seed=1, permutations=19).set_index("term")
    assert found["p"].notna().tolist() == [True, True, False]
    assert "cannot be rearranged" in found.loc["a:b", "reason"]


@pytest.mark.parametrize("within", [[], ["b"]])
def test_five_in_a_hundred_null_studies_are_significant(within):
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(200):
        rows = [(f"p{i}", "xy"[i % 2], b, y + e) for i in range(12) for y in [rng.exponential()]
                for b, e in zip("uv", rng.exponential(size=2), strict=True)]  # fmt: skip
        data = pd.DataFrame(rows, columns=["participant", "a", "b", "y"])
        data = data if within else data.drop_duplicates("participant")
        sides = ([], within) if within else (["a"], [])
        hits += permutation_anova(data, "y", *sides, seed=1, permutations=99)["p"].item() <= 0.05
    assert 2 <= hits <= 20


def test_aligned_ranks_agree_with_kruskal_on_what_a_strong_main_effect_is():
    data = frame("balanced96").assign(confidence=lambda d: d["confidence"] + 3 * (d["heatmap"] == "none"))
    found = aligned_ranks(data, "confidence", ["heatmap", "score"], []).set_index("term")
    assert found.loc["heatmap", "p"] < 1e-6
    assert kruskal(data, "confidence", ["heatmap"])["p"].item() < 1e-6


def test_what_leaves_nothing_to_rank_is_refused_with_its_terms():
    rows = [(a, b, 10.0 * y) for a in "pqr" for y, b in enumerate("uv") for _ in range(3)]
    data = pd.DataFrame(rows, columns=["a", "b", "y"])
    for values, said in ((data, "without the other effects, nothing varies"), (data.assign(y=7.0), "every value is 7")):
        with pytest.raises(NotDefined, match=said) as refused:
            aligned_ranks(values, "y", ["a", "b"], [])
        assert refused.value.terms == ("a", "b", "a:b")


def test_usually_4999_rearrangements_are_made_and_the_data_s_own_counted():
    data = frame("balanced96").query("heatmap != 'static'")
    found = permutation_anova(data, "saliency_ratio", ["heatmap"], [], seed=1)["p"].item()
    assert found * 5000 == pytest.approx(round(found * 5000))
    assert found * 2500 != pytest.approx(round(found * 2500))
    apart = data.assign(saliency_ratio=(data["heatmap"] == "none") + np.arange(len(data)) / 1e6)
    assert permutation_anova(apart, "saliency_ratio", ["heatmap"], [], seed=1, permutations=999)["p"].item() == 0.001


def test_a_condition_whose_effect_is_the_same_in_everybody_is_not_rearranged():
    data = means(["third"]).drop(columns="group")
    people, thirds = (pd.factorize(data[name])[0] for name in ("participant", "third"))
    with pytest.raises(NotDefined, match="participants do not differ in third"):
        permutation_anova(data.assign(rating=people + 2.0 * thirds), "rating", [], ["third"], seed=1)
