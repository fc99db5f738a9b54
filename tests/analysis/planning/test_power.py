"""Power by formula against R, and by simulation against the formula."""

import json

import numpy as np
import pytest
from scipy import stats

from analysis.cli import main
from analysis.errors import AnalysisError, NotDefined
from analysis.planning.power import by_simulation
from analysis.statistics import power as power_module
from analysis.statistics import power_crossed
from analysis.statistics.power import needed, power, simulated
from tests.analysis import factory
from tests.analysis.reference_data import R


def test_power_of_a_factorial_design_equals_r():
    # 1 - pf(qf(.95, 2, 90), 2, 90, ncp = .25^2 * 96)
    assert power({"heatmap": 3, "scores": 2}, "heatmap", 0.25, 16) == pytest.approx(
        R["power"]["twoway_f025_n96_df2"], abs=1e-8
    )


def test_needed_size_equals_pwr():
    # pwr.anova.test(k = 3, f = .25, power = .8): n = 52.397 per group
    n = needed({"method": 3}, "method", 0.25, 0.8)
    assert n == int(np.ceil(R["power"]["pwr_anova_n_f025_k3_80"]))
    assert power({"method": 3}, "method", 0.25, n) >= 0.8 > power({"method": 3}, "method", 0.25, n - 1)


def test_without_an_effect_power_is_alpha():
    assert power({"a": 3, "b": 2}, "a:b", 0.0, 10) == pytest.approx(0.05)


def test_simulation_agrees_with_the_formula():
    rng = np.random.default_rng(3)
    levels = np.repeat([0, 1, 2], 2000)
    y = rng.normal(size=6000) + 0.25 * np.sqrt(1.5) * (levels - 1)

    def significant(people):
        return stats.f_oneway(*(y[people[levels[people] == level]] for level in range(3))).pvalue < 0.05

    cells = [np.flatnonzero(levels == level) for level in range(3)]
    found, low, high = simulated(cells, 40, 400, 1, significant)
    assert low - 0.02 < power({"method": 3}, "method", 0.25, 40) < high + 0.02
    assert (found, low, high) == simulated(cells, 40, 400, 1, significant)


def test_simulated_studies_run_the_recipe_s_own_test(tmp_path):
    folder = factory.forward_simulation(tmp_path / "export", n=60, bots=True)
    said, remark, curve = by_simulation(folder, "saliency_ratio", "", [4, 12], 20, 0.8, None)
    assert said.endswith("for heatmap on saliency ratio (20 simulated studies per size).")
    assert remark.startswith("Drawn with replacement from 10 participants per condition")
    assert curve["power"].is_monotonic_increasing
    rated = by_simulation(folder, "confidence", "cells", [4], 5, 0.8, None)[0]
    assert "cells on confidence" in rated  # Kruskal-Wallis, as the report tests ratings


def test_studies_within_participants_draw_whole_participants(tmp_path):
    folder = factory.clustering(tmp_path / "export", n=20)
    said, _, curve = by_simulation(folder, "purity", "", [4, 16], 30, 0.8, None)
    assert "participants reach" in said
    assert "stage on purity" in said
    assert curve["power"].iloc[0] < curve["power"].iloc[1]


@pytest.mark.parametrize(
    ("outcome", "term", "message"),
    [
        ("happiness", "", "--outcome: found 'happiness', expected one of fraction_correct"),
        ("fraction_correct", "stage", "--term: found 'stage', expected one of heatmap, scores, heatmap:scores"),
    ],
)
def test_what_the_recipe_does_not_test_is_named(tmp_path, outcome, term, message):
    folder = factory.forward_simulation(tmp_path / "export", n=12, bots=True, codes=False)
    with pytest.raises(AnalysisError, match=message):
        by_simulation(folder, outcome, term, [4], 2, 0.8, None)


def test_the_command_prints_one_line_and_writes_the_curve(tmp_path, capsys):
    arguments = ["power", "--design", "heatmap=3", "scores=2", "--term", "heatmap", "--out", str(tmp_path / "power")]
    assert main(arguments) == 0
    said = capsys.readouterr().out.strip()
    assert said.startswith("27 participants per condition (162 in all) reach a power of .81 for heatmap at f = 0.25")
    assert {path.name for path in (tmp_path / "power").iterdir()} == {
        "power.csv",
        "power.json",
        "power.svg",
        "power.png",
    }
    curve = json.loads((tmp_path / "power" / "power.json").read_text())["curve"]
    assert [row["power"] for row in curve] == sorted({row["power"] for row in curve})


def test_the_command_draws_from_an_export(tmp_path, capsys):
    folder = factory.forward_simulation(tmp_path / "export", n=60, bots=True)
    arguments = ["power", str(folder), "--outcome", "saliency_ratio", "--sizes", "3,6", "--repeats", "20"]
    assert main(arguments) == 0
    assert "participants per condition reach a power of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either an EXPORT folder or --design"),
        (["--design", "heatmap"], "--design: found 'heatmap'"),
        (["--design", "heatmap=3", "--term", "scores"], "--term: found 'scores', expected one of heatmap"),
        (["--design", "heatmap=3", "--power", "2"], "--power: found 2"),
        (["--design", "heatmap=3", "--f", "0"], "--f: found 0"),
        (["--design", "heatmap=3", "--f", "nan"], "--f: found nan"),
        (["--design", "heatmap=3", "heatmap=2"], "names a factor twice"),
        (["--design", "heatmap=3", "--f", "0.0001"], "more than 100000"),
        (["nowhere"], "no such folder"),
    ],
)
def test_mistakes_are_named(arguments, message, capsys):
    assert main(["power", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_term_may_name_its_factors_in_any_order_and_alpha_keeps_its_digits(capsys):
    design = ["power", "--design", "a=2", "b=3", "--alpha", "0.001", "--term"]
    assert main([*design, "a:b"]) == main([*design, "b:a"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.endswith("for a × b at f = 0.25, α = .001.")


@pytest.mark.parametrize(
    ("design", "within", "term", "expected"),
    # by the formulas of G*Power 3 (repeated measures), ρ = .5, ε = 1; the last is a paired t test at d_z = .5
    [
        ({}, {"time": 3}, "time", 28),
        ({"group": 2}, {"time": 3}, "time", 28),
        ({"group": 2}, {"time": 3}, "group:time", 28),
        ({"group": 2}, {"time": 3}, "group", 86),
        ({}, {"time": 2}, "time", 34),
    ],
)
def test_repeated_designs_need_what_g_power_s_formulas_say(design, within, term, expected):
    enough = power_module.needed(design, term, 0.25, 0.8, repeated=power_module.Repeated(within))
    assert enough * (design.get("group", 1)) == expected


def test_simulated_power_of_a_within_design_is_that_of_the_formula():
    rng = np.random.default_rng(1)
    f, n, m, rho = 0.3, 20, 3, 0.5
    shifts = np.array([-1, 0, 1]) * f * np.sqrt(3 / 2)
    hits = 0
    for _ in range(800):
        y = np.sqrt(rho) * rng.normal(size=(n, 1)) + np.sqrt(1 - rho) * rng.normal(size=(n, m)) + shifts
        rest = y - y.mean(1, keepdims=True) - y.mean(0) + y.mean()
        f_value = n * ((y.mean(0) - y.mean()) ** 2).sum() / (m - 1) / ((rest**2).sum() / ((n - 1) * (m - 1)))
        hits += stats.f.sf(f_value, m - 1, (n - 1) * (m - 1)) < 0.05
    expected = power_module.power({}, "time", f, n, repeated=power_module.Repeated({"time": m}, rho))
    assert hits / 800 == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("within", [False, True])
def test_the_variance_over_participants_and_stimuli_is_that_of_the_model_written_out(within):
    people, pictures = 6, 4
    shares = power_crossed.Shares(0.25, 0.15, 0.08, 0.12)
    person, picture = (index.ravel() for index in np.indices((people, pictures)))
    code = np.where((person + (picture if within else 0)) % 2 == 0, 1, -1)
    same_person, same_picture = np.equal.outer(person, person), np.equal.outer(picture, picture)
    codes = np.multiply.outer(code, code)
    covariance = (same_person * (shares.participant + codes * shares.participant_condition)
                  + same_picture * (shares.stimulus + codes * shares.stimulus_condition)
                  + np.eye(len(code)) * shares.answer)  # fmt: skip
    weights = code / (len(code) / 2)
    parts = power_crossed.difference_variance(people, pictures, within, shares)
    assert sum(parts) == pytest.approx(weights @ covariance @ weights)


def test_what_is_left_to_the_single_answer_is_what_the_shares_leave():
    assert power_crossed.Shares(0.25, 0.15, 0.08, 0.12).answer == pytest.approx(0.4)
    assert power_crossed.Shares().answer == pytest.approx(0.4)
    parts = power_crossed.difference_variance(40, 20, False, power_crossed.Shares())
    assert parts == pytest.approx((4 * 0.3 / 40, 4 * 0.1 / 20, 4 * 0.4 / 20 / 40))
    within = power_crossed.difference_variance(40, 20, True, power_crossed.Shares())
    assert within == pytest.approx((4 * 0.1 / 40, *parts[1:]))


def test_few_participants_or_stimuli_have_a_power_and_fewer_none():
    assert 0.05 < power_crossed.power(2, 3, 2, within=False) < 1
    assert 0.05 < power_crossed.power(2, 2, 2, within=True) < 1
    for few in ((2, 2, False), (1, 2, True), (3, 1, False)):
        with pytest.raises(NotDefined, match="two stimuli and more participants than conditions"):
            power_crossed.power(2, *few)


@pytest.mark.parametrize("within", [False, True])
def test_the_smallest_numbers_over_stimuli_are_just_enough(within):
    needed_people = power_crossed.needed(0.6, 40, within, 0.8)
    groups = 1 if within else 2
    reached = [power_crossed.power(0.6, n * groups, 40, within) for n in (needed_people - 1, needed_people)]
    assert reached[0] < 0.8 <= reached[1]
    pictures = power_crossed.needed_stimuli(0.5, within, 0.8)
    reached = [power_crossed.power(0.5, power_crossed.MOST_PARTICIPANTS, n, within) for n in (pictures - 1, pictures)]
    assert reached[0] < 0.8 <= reached[1]
    assert power_crossed.needed_stimuli(50, within, 0.8) == 2
    with pytest.raises(NotDefined, match="more than"):
        power_crossed.needed(0.001, 5, within, 0.8)


def test_a_huge_effect_over_stimuli_is_found_surely_and_alpha_without_any():
    assert power_crossed.power(50, 40, 20, within=False) == pytest.approx(1)
    assert power_crossed.power(0, 40, 20, within=False, alpha=0.01) == pytest.approx(0.01)


@pytest.mark.parametrize("wanted", [0.6, 0.8, 0.95])
def test_what_can_be_detected_is_found_with_just_that_power(wanted):
    f = power_module.detectable_f(2, 57, 60, wanted, 0.01)
    assert stats.ncf.sf(stats.f.ppf(0.99, 2, 57), 2, 57, f**2 * 60) == pytest.approx(wanted, abs=1e-8)
    d = power_module.detectable_d_z(34, wanted)
    assert _power_of_t(d * np.sqrt(34), 33) == pytest.approx(wanted, abs=1e-8)
    g = power_module.detectable_g(20, 40, wanted)
    assert _power_of_t(g * np.sqrt(20 * 40 / 60), 58) == pytest.approx(wanted, abs=1e-8)
    share = power_module.detectable_epsilon2(2, 100, wanted)
    assert stats.ncx2.sf(stats.chi2.ppf(0.95, 2), 2, share * 99) == pytest.approx(wanted, abs=1e-8)
    z = np.arctanh(power_module.detectable_rho(40, wanted)) / np.sqrt(1.06 / 37)
    assert stats.norm.sf(stats.norm.isf(0.025) - z) == pytest.approx(wanted)


def _power_of_t(noncentrality: float, df: int) -> float:
    critical = stats.t.ppf(0.975, df)
    return float(stats.nct.sf(critical, df, noncentrality) + stats.nct.cdf(-critical, df, noncentrality))


def test_two_per_cell_may_be_enough_and_one_leaves_no_error():
    assert needed({"a": 2}, "a", 9, 0.8) == 2
    assert 0 < power({"a": 2}, "a", 1, 2) < 1
    with pytest.raises(NotDefined, match="one participant per cell"):
        power({"a": 2}, "a", 1, 1)
    with pytest.raises(NotDefined, match="more than 100000 participants per cell"):
        needed({"a": 2}, "a", 1e-4, 0.8)


def test_power_within_participants_by_g_power_s_formulas():
    # N = 24, m = 6 conditions, ρ = .4, ε = .7: df and λ written out
    design = power_module.Repeated({"time": 3, "task": 2}, 0.4, 0.7)
    for term, df1, df2, lambda_ in (("group", 1, 22, 0.09 * 24 * 6 / (1 + 5 * 0.4)),
                                    ("time", 1.4, 22 * 1.4, 0.09 * 24 * 6 * 0.7 / 0.6),
                                    ("group:time:task", 1.4, 22 * 1.4, 0.09 * 24 * 6 * 0.7 / 0.6)):  # fmt: skip
        expected = stats.ncf.sf(stats.f.ppf(0.95, df1, df2), df1, df2, lambda_)
        assert power({"group": 2}, term, 0.3, 12, repeated=design) == pytest.approx(expected), term


@pytest.mark.parametrize(("d", "expected"), [(0.0, 0.05), (0.5, power_crossed.power(0.5, 40, 20, within=False))])
def test_power_over_stimuli_is_the_share_of_significant_studies(d, expected):
    rng, shares = np.random.default_rng(4), power_crossed.Shares()
    people, pictures, repeats, hits = 40, 20, 600, 0
    code = np.where(np.arange(people) % 2 == 0, 1.0, -1.0)[:, None]

    def drawn(share, *size):
        return rng.normal(0, np.sqrt(share), size)

    for _ in range(repeats):
        y = (d / 2 * code + drawn(shares.participant, people, 1) + code * drawn(shares.participant_condition, people, 1)
             + drawn(shares.stimulus, 1, pictures) + code * drawn(shares.stimulus_condition, 1, pictures)
             + drawn(shares.answer, people, pictures))  # fmt: skip
        one, other = y[::2], y[1::2]
        of_people = 4 * (one.mean(1).var(ddof=1) + other.mean(1).var(ddof=1)) / 2 / people
        of_pictures = (one.mean(0) - other.mean(0)).var(ddof=1) / pictures
        rest = [group - group.mean(1, keepdims=True) - group.mean(0) + group.mean() for group in (one, other)]
        free = (people - 2) * (pictures - 1)
        of_answers = 4 * sum((part**2).sum() for part in rest) / free / people / pictures
        variance = of_people + of_pictures - of_answers
        df = variance**2 / (of_people**2 / (people - 2) + of_pictures**2 / (pictures - 1) + of_answers**2 / free)
        t = abs(one.mean() - other.mean()) / np.sqrt(variance)
        hits += 2 * stats.t.sf(t, df) < 0.05
    assert hits / repeats == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / repeats))


def test_few_stimuli_cannot_be_made_up_for_by_many_participants(capsys):
    assert main(["power", "--design", "heatmap=2", "--stimuli", "14"]) == 0
    said = capsys.readouterr().out
    assert "No number of participants reaches a power of .80 for a difference of d = 0.5 over 14 stimuli" in said
    assert "at most .78, because the stimuli are few. From 15 stimuli on, some number does." in said
    assert main(["power", "--within", "heatmap=2", "--stimuli", "20"]) == 0
    assert capsys.readouterr().out.startswith("48 participants reach a power of .80")
    least = ["--variance", "participant=.3", "stimulus:condition=0"]
    assert main(["power", "--design", "heatmap=2", "--stimuli", "40", "--d", "0.6", *least]) == 0
    assert " participants per condition (" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--design", "h=3", "--stimuli", "14"], "expected one factor of two levels"),
        (["--design", "h=2", "--d", ".5"], "--d and --variance belong to --stimuli"),
        (["--within", "h=2", "--stimuli", "10", "--f", ".3"], "--f: has no place beside --stimuli"),
        (["--design", "h=2", "--stimuli", "1"], "--stimuli: found 1"),
        (["--design", "h=2", "--stimuli", "9", "--variance", "bot=.2"], "--variance: found 'bot=.2'"),
        (["--design", "h=2", "--stimuli", "9", "--variance", "participant=.9"], "the shares sum to 1.3"),
        (["--design", "h=2", "--stimuli", "9", "--d", "nan"], "--d: found nan"),
    ],
)
def test_a_plan_over_stimuli_that_says_nothing_is_refused_in_words(capsys, arguments, said):
    assert main(["power", *arguments]) == 2
    assert said in capsys.readouterr().err
