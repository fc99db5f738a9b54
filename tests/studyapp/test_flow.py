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


def test_the_last_step_completes():
    assert advance(PLAN, 3, Submission({})).status == flow.COMPLETED


def test_a_plan_never_leads_back():
    back = [step("a", "a"), step("b", "b", goto={"passed": "a"})]
    with pytest.raises(ValueError, match="only goes forward"):
        advance(back, 1, Submission({}, {"passed": True}))


def test_a_way_to_nowhere_is_named():
    with pytest.raises(ValueError, match="no step 'gone'"):
        advance([step("a", "a", goto={"passed": "gone"})], 0, Submission({}, {"passed": True}))


def test_the_expected_steps_are_those_on_the_way_taken():
    passed_at_once = {0: {"passed": True}, 1: {"passed": True}, 3: {}}
    passed_later = {0: {"passed": True}, 1: {"passed": False}, 2: {"passed": True}, 3: {}}
    assert expected(PLAN, passed_at_once) == [0, 1, 3]
    assert expected(PLAN, passed_later) == [0, 1, 2, 3]
    assert expected(PLAN, {0: {"passed": False}}) == [0]
