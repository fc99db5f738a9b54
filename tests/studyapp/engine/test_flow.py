import pytest

from studyapp.core.engine import flow
from studyapp.core.engine.flow import Submission, advance, expected, step

PLAN = [
    step("consent", "consent", goto={"failed": flow.NO_CONSENT}),
    step("check", "check-1", goto={"passed": "trial"}),
    step("check", "check-2", goto={"failed": flow.SCREENED_OUT}),
    step("trial", "trial"),
]


def test_an_answer_leads_to_the_next_step():
    move = advance(PLAN, 0, Submission({"agree": True}, {"passed": True}))
    assert (move.position, move.status) == (1, flow.ACTIVE)
    assert move.response == {"answer": {"agree": True}, "scores": {"passed": True}}


def test_a_way_may_end_the_run():
    assert advance(PLAN, 0, Submission({}, {"passed": False})).status == flow.NO_CONSENT
    assert advance(PLAN, 2, Submission({}, {"passed": False})).status == flow.SCREENED_OUT


def test_a_way_may_jump_ahead():
    assert advance(PLAN, 1, Submission({}, {"passed": True})).position == 3
    assert advance(PLAN, 1, Submission({}, {"passed": False})).position == 2


def test_a_way_may_lead_past_a_step():
    steps = [step("ask", "ask", goto={"passed": f"{flow.AFTER}again"}), step("ask", "again"), step("trial", "trial")]
    assert advance(steps, 0, Submission({}, {"passed": True})).position == 2
    assert advance(steps[:2], 0, Submission({}, {"passed": True})).status == flow.COMPLETED


def test_the_last_step_completes():
    assert advance(PLAN, 3, Submission({})).status == flow.COMPLETED


@pytest.mark.parametrize("target", ["a", "b"])
def test_a_plan_never_leads_back_nor_round_in_a_circle(target):
    back = [step("a", "a"), step("b", "b", goto={"passed": target}), step("c", "c")]
    with pytest.raises(ValueError, match=f"step 'b' leads back to '{target}'"):
        advance(back, 1, Submission({}, {"passed": True}))


def test_without_a_way_of_its_own_a_step_leads_to_the_next_whatever_it_scored():
    for scores in ({}, {"passed": True}, {"passed": False}):
        assert advance([step("a", "a"), step("b", "b")], 0, Submission({}, scores)).position == 1
        ways = [step("a", "a", goto={"passed": "c"}), step("b", "b"), step("c", "c")]
        assert advance(ways, 0, Submission({}, scores)).position == (2 if scores.get("passed") else 1)


def test_the_move_that_ends_a_run_stays_at_its_last_step():
    for position, scores in ((0, {"passed": False}), (2, {"passed": False}), (3, {})):
        move = advance(PLAN, position, Submission({"a": 1}, scores))
        assert (move.position, move.response) == (position, {"answer": {"a": 1}, "scores": scores})


def test_a_step_holds_what_it_was_given():
    assert step("trial", "t-1", data={"x": 1}, goto={"passed": "t-2"}, block="cat") == {
        "page": "trial",
        "key": "t-1",
        "data": {"x": 1},
        "goto": {"passed": "t-2"},
        "block": "cat",
    }
    assert step("trial", "t-1") == {"page": "trial", "key": "t-1", "data": {}, "goto": {}}


def test_a_way_to_nowhere_is_named():
    with pytest.raises(ValueError, match="no step 'gone'"):
        advance([step("a", "a", goto={"passed": "gone"})], 0, Submission({}, {"passed": True}))


def test_the_expected_steps_are_those_on_the_way_taken():
    passed_at_once = {0: {"passed": True}, 1: {"passed": True}, 3: {}}
    passed_later = {0: {"passed": True}, 1: {"passed": False}, 2: {"passed": True}, 3: {}}
    assert expected(PLAN, passed_at_once) == [0, 1, 3]
    assert expected(PLAN, passed_later) == [0, 1, 2, 3]
    assert expected(PLAN, {0: {"passed": False}}) == [0]
