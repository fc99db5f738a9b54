"""The way through a forward-simulation study, in every condition and under every screening policy."""

import json
from functools import partial

import pytest

from studyapp.core.engine import answers, flow
from tests.studyapp.made.forward_simulation import (
    BARE,
    CONDITIONS,
    FULL,
    KIND,
    answer_all,
    make_bundle,
    make_definition,
    make_plan,
    trials,
)

score = partial(answers.score, KIND)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("plan") / "bundle")


@pytest.fixture(scope="module")
def definition(bundle):
    return make_definition(bundle)


def parts(plan):
    return [step["data"]["part"] for step in plan if step["page"] == "instructions"]


def walk(plan, scored):
    """Return the keys of the steps met when `scored(step)` gives each step's scores, and the final status."""
    position, met = 0, []
    while True:
        met.append(plan[position]["key"])
        move = flow.advance(plan, position, flow.Submission({}, scored(plan[position])))
        if move.status != flow.ACTIVE:
            return met, move.status
        position = move.position


def screening_results(*results):
    """Pass everything, except that screening steps get `results` one after another."""
    left = list(results)
    return lambda step: {"passed": left.pop(0)} if step["page"] == "screening" else {"passed": True}


@pytest.mark.parametrize("factors", CONDITIONS, ids=lambda factors: "-".join(factors.values()))
@pytest.mark.parametrize("order", [0, 1])
def test_every_condition_has_fourteen_trials_in_two_blocks(definition, factors, order):
    plan = make_plan(definition, factors, order)
    steps = trials(plan)
    assert [step["trial_index"] for step in steps] == list(range(1, 15))
    first, second = ("cat", "horse") if order == 0 else ("horse", "cat")
    assert [step["block"] for step in steps] == [first] * 7 + [second] * 7
    assert len({step["key"] for step in plan}) == len(plan)
    json.dumps(plan)


def test_instructions_tell_what_the_condition_shows(definition):
    assert parts(make_plan(definition, FULL)) == ["classes", "outcomes", "task", "scores", "heatmap", "screen"]
    assert parts(make_plan(definition, BARE)) == ["classes", "outcomes", "task", "screen"]


@pytest.mark.parametrize(
    ("factors", "about"),
    [
        ({"heatmap": "lrp", "scores": "shown"}, "heatmap"),
        ({"heatmap": "lrp", "scores": "hidden"}, "heatmap"),
        ({"heatmap": "none", "scores": "shown"}, "scores"),
        ({"heatmap": "none", "scores": "hidden"}, "task"),
    ],
)
def test_the_second_screening_example_is_about_what_the_condition_shows(definition, factors, about):
    asked = [step["data"]["about"] for step in make_plan(definition, factors) if step["page"] == "screening"]
    assert asked == ["outcome", about]


def test_refusing_consent_ends_the_run(definition):
    met, status = walk(make_plan(definition), lambda step: {"passed": step["page"] != "consent"})
    assert (met[-1], status) == ("consent", flow.NO_CONSENT)


def test_an_unmet_criterion_ends_the_run(definition):
    met, status = walk(make_plan(definition), lambda step: {"passed": step["page"] != "eligibility"})
    assert (met[-1], status) == ("eligibility", flow.SCREENED_OUT)


@pytest.mark.parametrize("results", [(True, True), (False, True), (False, False)])
def test_recording_lets_everybody_go_on(definition, results):
    met, status = walk(make_plan(definition), screening_results(*results))
    assert status == flow.COMPLETED
    assert [key for key in met if key.startswith("screening")] == ["screening-1-a", "screening-1-b"]


@pytest.mark.parametrize("policy", ["retry", "screen_out"])
@pytest.mark.parametrize("results", [(False, True), (True, False), (False, False)])
def test_a_failed_attempt_leads_over_the_instructions_to_the_next(bundle, policy, results):
    plan = make_plan(make_definition(bundle, screening_policy=policy))
    met, status = walk(plan, screening_results(*results, True, True))
    assert status == flow.COMPLETED
    asked = [key for key in met if key.startswith(("screening", "again"))]
    assert len(asked) == 5
    assert asked[2] == "again-2"


@pytest.mark.parametrize("policy", ["retry", "screen_out"])
def test_passing_at_once_jumps_over_further_attempts(bundle, policy):
    met, _ = walk(make_plan(make_definition(bundle, screening_policy=policy)), screening_results(True, True))
    assert [key for key in met if key.startswith(("screening", "again"))] == ["screening-1-a", "screening-1-b"]


def test_after_the_last_attempt_retry_goes_on_and_screen_out_ends(bundle):
    failing = screening_results(False, True, True, False)
    assert walk(make_plan(make_definition(bundle, screening_policy="retry")), failing)[1] == flow.COMPLETED
    failing = screening_results(False, True, True, False)
    assert walk(make_plan(make_definition(bundle, screening_policy="screen_out")), failing)[1] == flow.SCREENED_OUT


def test_a_plan_never_leads_back(bundle):
    plan = make_plan(make_definition(bundle, screening_policy="screen_out", screening_attempts=3))
    for position in range(len(plan)):
        for passed in (True, False):
            move = flow.advance(plan, position, flow.Submission({}, {"passed": passed}))
            assert move.status != flow.ACTIVE or move.position > position


def test_an_oracle_passes_everything_and_a_careless_one_does_not_know(definition):
    plan = make_plan(definition)
    summary = KIND.part("scoring:summary")
    best = summary(answer_all(plan, definition, "oracle"), definition)
    assert best == {"n_trials": 14, "n_correct": 14, "bonus": "7.00", "reward": "15.00"}
    careless = answer_all(plan, definition, "careless")
    assert {answered.answer["response"] for answered in careless if answered.step["page"] == "trial"} == {True}


@pytest.mark.parametrize(("skill", "share"), [("random", 0.5), ("p=0.7", 0.7), (0.9, 0.9)])
def test_bots_are_right_as_often_as_their_skill_says(definition, skill, share):
    plan = make_plan(definition)
    right = [
        answered.scores["correct"]
        for seed in range(60)
        for answered in answer_all(plan, definition, skill, seed)
        if answered.step["page"] == "trial"
    ]
    assert sum(right) / len(right) == pytest.approx(share, abs=0.06)


def test_an_unknown_skill_is_refused(definition):
    with pytest.raises(ValueError, match="expected random, oracle"):
        answer_all(make_plan(definition), definition, "genius")


def test_a_trial_scores_what_the_export_declares(definition):
    plan = make_plan(definition)
    declared = {field.name for field in KIND.page("trial").fields}
    for answered in answer_all(plan, definition):
        if answered.step["page"] == "trial":
            assert declared == set(answered.answer) | set(answered.scores)


@pytest.mark.parametrize("policy", ["record", "retry"])
def test_every_pages_answer_and_scores_hold_its_declared_fields(bundle, policy):
    definition = make_definition(bundle, screening_policy=policy)
    for answered in answer_all(make_plan(definition), definition):
        page = KIND.page(answered.step["page"])
        missing = {field.name for field in page.fields} - set(answered.answer) - set(answered.scores)
        assert not missing, (page.name, missing)


def test_one_wrong_statement_fails_the_screening(definition):
    step = next(step for step in make_plan(definition) if step["page"] == "screening")
    right = KIND.part("scoring:right_answers")(step["data"])
    assert score(step, right, definition)["passed"]
    assert not score(step, right | {"statement_2": not right["statement_2"]}, definition)["passed"]


def test_attention_checks_are_spread_over_the_trials(bundle):
    plan = make_plan(make_definition(bundle, attention_checks=2))
    before = [
        sum(step["page"] == "trial" for step in plan[:index])
        for index, step in enumerate(plan)
        if step["page"] == "attention"
    ]
    assert before == [4, 9]


@pytest.mark.parametrize(("policy", "status"), [("record", flow.COMPLETED), ("screen_out", flow.SCREENED_OUT)])
def test_a_failed_attention_check_is_recorded_or_ends_the_run(bundle, policy, status):
    definition = make_definition(bundle, attention_checks=1, attention_policy=policy)
    plan = make_plan(definition)
    (check,) = [step for step in plan if step["page"] == "attention"]
    asked = check["data"]["asked"]
    assert score(check, {"choice": asked}, definition) == {"asked": asked, "passed": True}
    assert score(check, {"choice": asked % 4 + 1}, definition)["passed"] is False
    _, ended = walk(plan, lambda step: {"passed": step["page"] != "attention"})
    assert ended == status
