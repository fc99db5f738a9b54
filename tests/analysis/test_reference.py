"""No answer of R goes unused: each is what a named test expects, or of an analysis that is left out for a reason."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.analysis.reference_data import MODELS, MORE, REARRANGED, SCALES, R

HERE = Path(__file__).parent
REFERENCE = re.compile(r"\b(R|MORE|MODELS|REARRANGED|SCALES)\[")
FILES = {path.stem: path for path in HERE.rglob("test_*.py") if path != Path(__file__)}
MODULES = sorted(FILES)
CELLS = ("balanced96", "unbalanced71")
OUTCOMES = ("fraction_correct", "saliency_ratio")
USED = {
    "anova_type1": "test_anova.test_types_of_sums_of_squares_agree_in_a_balanced_design_alone",
    "anova_type2": "test_anova.test_equals_car_anova_with_sum_contrasts",
    "anova_type3_sum": "test_anova.test_equals_car_anova_with_sum_contrasts",
    "anova_type3_treatment_WRONG": "test_anova.test_is_not_the_table_of_treatment_contrasts",
    "anova_type3_hc3_treatment_WRONG": "test_anova.test_is_not_the_table_of_treatment_contrasts",
    "anova_type2_hc3_treatment": "test_anova.test_type_2_does_not_depend_on_the_contrasts",
    "anova_type2_hc3_sum": "test_anova.test_white_correction_equals_car_anova_with_hc3",
    "anova_type3_hc3_sum": "test_anova.test_white_correction_equals_car_anova_with_hc3",
    **{f"anova_type{ss_type}_{variant}_sum": "test_anova.test_white_correction_is_hc3_and_no_other_variant"
       for ss_type in (2, 3) for variant in ("hc0", "hc1", "hc2", "hc4")},
    "shapiro_residuals": "test_assumptions.test_normality_is_tested_on_residuals",
    **{f"levene_{term}_median": "test_assumptions.test_levene_about_the_median_on_cells_and_factors"
       for term in ("cells", "heatmap", "score")},
    **{f"levene_{term}_mean": "test_assumptions.test_equality_of_variances_is_neither_about_the_mean_nor_bartlett_s"
       for term in ("cells", "heatmap", "score")},
    "brown_or_bartlett": "test_assumptions.test_equality_of_variances_is_neither_about_the_mean_nor_bartlett_s",
    "TukeyHSD_heatmap_from_twoway": "test_posthoc.test_equal_cells_give_r_s_own_tukey_test",
    "TukeyHSD_heatmap_oneway": "test_posthoc.test_without_a_second_factor_it_is_the_plain_tukey_test",
    "emmeans_heatmap_tukey": "test_posthoc.test_tukey_equals_emmeans_pairs",
    "emmeans_heatmap_tukey_hc3": "test_posthoc.test_tukey_equals_emmeans_pairs",
    "emmeans_heatmap_holm_hc3": "test_posthoc.test_holm_instead_of_tukey_has_the_same_t",
    "emmeans_heatmap_means": "test_posthoc.test_marginal_means_weigh_cells_equally",
    "partial_eta2": "test_anova.test_effect_sizes_equal_effectsize_and_afex",
    "partial_omega2": "test_anova.test_effect_sizes_equal_effectsize_and_afex",
    "generalized_eta2_afex": "test_anova.test_effect_sizes_equal_effectsize_and_afex",
    "partial_eta2_ci90_uniroot": "test_anova.test_effect_sizes_equal_effectsize_and_the_exact_interval",
    "welch_oneway_heatmap": "test_posthoc.test_welch_s_f_equals_r",
    "hedges_g_none_static": "test_effects.test_hedges_g_equals_effectsize",
    "cohens_d_none_static": "test_effects.test_hedges_g_equals_effectsize",
    **{f"kruskal_confidence_{term}": "test_ranks.test_kruskal_equals_r_over_cells_and_factors"
       for term in ("cells", "heatmap", "score")},
    "epsilon2_confidence_heatmap": "test_ranks.test_kruskal_equals_r_over_cells_and_factors",
    "medians_confidence": "test_ranks.test_medians_and_quartiles_are_r_type_7",
    "dunn_confidence_heatmap": "test_ranks.test_dunn_is_two_sided_with_ties",
    "pairwise_wilcox_holm": "test_unpaired.test_pairwise_rank_tests_equal_r_but_for_its_continuity_correction",
    "glmer_agq15_participant_only": "test_logistic.test_equals_glmer_with_fifteen_nodes",
    "glm_naive": "test_logistic.test_answers_of_one_person_are_not_independent",
    "clm_rating": "test_repeated.test_ordinal_equals_clm",
    "lmer_rating": "test_repeated.test_mixed_linear_equals_lmer",
    "paired_method": "test_repeated.test_paired_tests_equal_r",
    "p_adjust": "test_ranks.test_adjusted_p_values_equal_p_adjust",
    "binom": "test_against_chance.test_pooling_the_answers_would_claim_more",
    "prop_wilson": "test_effects.test_wilson_equals_prop_test",
    "chisq_fisher": "test_association.test_equals_r",
    "power": "test_power.test_needed_size_equals_pwr",
    "glmer_agq15_thin": "test_logistic.test_equals_glmer_with_fifteen_nodes",
    "geeglm": "test_logistic.test_gee_agrees_with_geepack",
    "geeglm_thin": "test_logistic.test_gee_agrees_with_geepack",
    "hedges_exact": "test_effects.test_limits_of_g_are_exact",
    "rank_biserial": "test_effects.test_rank_biserial_equals_effectsize_with_its_limits",
    "rank_biserial_paired": "test_effects.test_rank_biserial_equals_effectsize_with_its_limits",
    "cohens_dz": "test_effects.test_d_z_equals_effectsize_with_its_limits",
    "welch_t": "test_unpaired.test_two_groups_equal_r",
    "mann_whitney": "test_unpaired.test_two_groups_equal_r",
    "tost_welch_0.15": "test_equivalence.test_two_one_sided_tests_equal_r",
    "friedman": "test_repeated.test_friedman_equals_r",
    "against_half": "test_against_chance.test_equals_the_one_sample_tests_of_r",
    "once": "test_binary.test_logistic_regression_equals_glm_and_its_type_3_tests",
    "glmer_laplace": "test_crossed.test_lme4_s_own_tolerance_stops_a_little_early",
    **dict.fromkeys(
        ("lmer_crossed", "lmer_crossed_thin", "lmer_satterthwaite", "lmer_satterthwaite_thin"),
        "test_crossed.test_linear_equals_lmer_test_with_satterthwaite_s_degrees_of_freedom",
    ),
    "glmer_crossed": "test_crossed.test_logistic_equals_glmer",
    "glmer_crossed_thin": "test_crossed.test_logistic_equals_glmer",
    **dict.fromkeys(("clmm_crossed", "clmm_crossed_thin", "clmm_one"), "test_crossed.test_ordinal_equals_clmm"),
    "planned": "test_posthoc.test_planned_contrasts_equal_emmeans",
    "planned_two": "test_posthoc.test_planned_contrasts_equal_emmeans",
    "afex": "test_within.test_equals_afex_with_greenhouse_geisser",
    "learning": "test_within.test_a_learning_curve_equals_glmer",
    "bayes": "test_bayes.test_equals_bayes_factor",
    "auroc2": "test_judgement.test_the_area_equals_proc",
    "alpha": "test_reliability.test_alpha_equals_psych_with_feldt_s_interval",
    "alpha_items": "test_reliability.test_what_each_item_adds_equals_psych",
    **dict.fromkeys(("omega_total", "omega_total_three"), "test_reliability.test_omega_total_equals_psych"),
    "minres": "test_reliability.test_loadings_equal_psych",
    "rho_people": "test_reliability.test_correlation_over_people_equals_r",
    "aligned_ranks": "test_rearranged.test_aligned_ranks_equal_the_published_procedure_in_r",
    "permutation": "test_rearranged.test_permuted_residuals_equal_all_40320_arrangements_of_freedman_and_lane",
    "spearman": "test_prediction.test_ties_share_their_ranks_as_in_r",
}  # fmt: skip
LEFT_OUT = {
    "glm_binomial_type3_LR": "pools a participant's answers; they are averaged or modelled with an intercept each",
    "glm_binomial_dispersion": "the same model",
    "glm_quasibinomial_type3_F": "the same model",
    "aligned": "aligned by means of cells; as published, and in `aligned_ranks`, they are means of rows",
    "clmm_rating": "clmm_crossed is the same with its gradient nearer to 0",
    "model_versions": "no answer",
    "versions": "no answer",
    "scale_versions": "no answer",
    "R": "no answer",
}


def keys() -> list[str]:
    nested = [key for data in CELLS for outcome in OUTCOMES for key in R[data][outcome]]
    flat = [key for data in CELLS for key in R[data] if key not in OUTCOMES]
    return sorted({*nested, *flat, *(key for key in R if key not in CELLS), *MORE, *MODELS, *REARRANGED, *SCALES})


@cache
def functions(module: str) -> dict[str, str]:
    """Return a test module's functions with their source."""
    source = FILES[module].read_text()
    return {node.name: ast.get_source_segment(source, node) for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef)}  # fmt: skip


@pytest.mark.parametrize("key", keys())
def test_every_answer_of_r_is_expected_by_a_test_or_left_out_for_a_reason(key):
    assert (key in USED) != (key in LEFT_OUT)
    if key in USED:
        module, name = USED[key].split(".")
        source = functions(module)[name]
        assert REFERENCE.search(source)


def test_the_list_names_no_answer_that_is_gone():
    assert {*USED, *LEFT_OUT} == set(keys())


@pytest.mark.parametrize("module", MODULES)
def test_every_test_against_r_names_its_call(module):
    for name, source in functions(module).items():
        if name.startswith("test_") and REFERENCE.search(source):
            comments = [line for line in source.splitlines() if line.strip().startswith("#") and "(" in line]
            assert comments, f"{module}.{name} names no R call"
