"""What answers are worth in each kind of study, worked by hand, right ones and wrong ones mixed."""

from dataclasses import replace
from random import Random

import pytest

from studyapp.core.engine import answers
from studyapp.core.engine.kinds import Page, kind
from studyapp.core.engine.questions import YesNo
from studyapp.core.engine.run import Answered

PAYMENT = {"payment": {"currency": "GBP", "reward_base": "8.00", "reward_bonus": "0.25", "reward_partial": "0"}}


def score(name: str, step: dict, answer: dict) -> dict:
    return answers.score(kind(name), step, answer, PAYMENT)


def summary(name: str, answered: list[Answered]) -> dict:
    return answers.summary(kind(name), answered, PAYMENT)


@pytest.fixture
def plain():
    """Label matching without a scoring of its own."""
    return replace(kind("label_matching"), module="tests.studyapp.made")


def test_of_a_steps_data_what_the_page_declares_is_recorded_and_nothing_else(plain):
    step = {"page": "guess", "data": {"pair": "cello / violin", "truth": "cello", "arrangement": 7}}
    assert answers.score(plain, step, {}, {}) == {"pair": "cello / violin", "truth": "cello"}
    assert answers.score(plain, {"page": "guess"}, {}, {}) == {}


def test_a_kind_that_counts_nothing_itself_has_its_trials_counted(plain):
    answered = [Answered({"page": page}, {}, {}) for page in ("group", "guess", "verify", "guess")]
    assert answers.summary(plain, answered, {}) == {"n_trials": 2}


# Forward simulation


def trial(model_answer: bool, response: bool) -> Answered:
    data = {"class_name": "cat", "outcome": "TP", "score": 0.8, "threshold": 0.5, "model_answer": model_answer}
    step, answer = {"page": "trial", "data": data}, {"response": response}
    return Answered(step, answer, score("forward_simulation", step, answer))


def test_a_simulated_answer_is_right_where_it_is_the_models():
    for model_answer in (True, False):
        for response in (True, False):
            scored = trial(model_answer, response).scores
            assert scored["correct"] is (model_answer == response)
            assert scored == trial(model_answer, response).step["data"] | {"correct": scored["correct"]}


def test_right_answers_alone_earn_a_bonus_on_top_of_the_base():
    passed = Answered({"page": "consent"}, {"consent": True}, {"passed": True})
    right, wrong = trial(True, True), trial(False, True)
    assert summary("forward_simulation", [passed, right, wrong, wrong, right, right]) == {
        "n_trials": 5,
        "n_correct": 3,
        "bonus": "0.75",
        "reward": "8.75",
    }
    assert summary("forward_simulation", [passed, wrong])["bonus"] == "0.00"


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("name", ["clustering", "forward_simulation", "label_matching"])
def test_ways_that_depend_on_an_answer_follow_it(name, given):
    assert score(name, {"page": "consent"}, {"consent": given}) == {"passed": given}
    assert score(name, {"page": "information"}, {}) == {}


@pytest.mark.parametrize("given", [True, False])
def test_criteria_and_checks_of_attention_decide_the_way(given):
    step, answer = {"page": "attention", "data": {"asked": 2}}, {"choice": 2 if given else 3}
    assert score("forward_simulation", step, answer) == {"asked": 2, "passed": given}
    unmet = {"eligible": given, "unmet": "" if given else "of age"}
    assert score("forward_simulation", {"page": "eligibility"}, unmet) == {"passed": given}


def test_a_screening_is_passed_by_the_right_answer_to_every_statement():
    data = {"attempt": 2, "about": "task", "statements": [{"right": True}, {"right": False}, {"right": False}]}
    step = {"page": "screening", "data": data}
    right = {"statement_1": True, "statement_2": False, "statement_3": False}
    assert score("forward_simulation", step, right) == {"attempt": 2, "about": "task", "passed": True}
    for name, value in right.items():
        assert score("forward_simulation", step, right | {name: not value})["passed"] is False


# Clustering


def sort(placement: str, predicted: str) -> Answered:
    """Return a scored batch: picture by picture, the group it was put into and the class predicted for it."""
    images = [f"image-{number}" for number in range(len(placement))]
    data = {"stage": "XNN", "dataset": "cells", "batch": 2, "images": images}
    data["prediction"] = dict(zip(images, predicted, strict=True))
    step, answer = {"page": "sort", "data": data}, {"placement": dict(zip(images, placement, strict=True))}
    return Answered(step, answer, score("clustering", step, answer))


@pytest.mark.parametrize(
    ("placement", "predicted", "purity", "groups"),
    [
        ("AAABBB", "xxyyyx", 4 / 6, 2),  # 2 x of 3, 2 y of 3
        ("AAABBC", "xyyzxx", 4 / 6, 3),  # 2 + 1 + 1
        ("AAAAAA", "xxyyzz", 2 / 6, 1),
        ("ABCDEF", "xxxxxx", 1.0, 6),
    ],
)
def test_purity_is_the_share_of_each_groups_commonest_class(placement, predicted, purity, groups):
    answered = sort(placement, predicted)
    assert answered.scores["purity"] == pytest.approx(purity)
    assert answered.scores["groups_used"] == groups
    assert answered.scores["prediction"] == answered.step["data"]["prediction"]


def test_a_mean_purity_is_over_the_sorted_batches_to_four_places():
    other = Answered({"page": "confidence"}, {}, {"purity": 0.0})
    answered = [sort("AAABBB", "xxyyyx"), other, sort("AAAAAA", "xxyyzz"), sort("AB", "xx")]
    assert summary("clustering", answered) == {"n_trials": 3, "mean_purity": 0.6667, "reward": "8.00"}


def lying(*batches: str) -> list[str]:
    return kind("clustering").part("scoring:habits")([sort(groups, "x" * len(groups)) for groups in batches])


def test_half_the_batches_are_no_habit_and_more_than_half_are():
    usual = "ABCADBACDA"
    for habit, said in {"A" * 10: "all pictures in one group", "AAABBBCCDD": "groups in the order of display"}.items():
        assert lying(habit, usual) == lying(habit, habit, usual, usual) == []
        assert lying(habit, habit, usual) == lying(habit) == [f"Placement: {said}"]


@pytest.mark.parametrize(
    ("groups", "in_order"),
    [("AAB", True), ("ABA", True), ("ABAB", True), ("ABBA", False), ("AABA", False), ("ABCB", False), ("AAA", False)],
)
def test_groups_in_order_are_filled_one_after_the_other_or_in_turn(groups, in_order):
    assert ("Placement: groups in the order of display" in lying(groups)) is in_order


# Label matching


def guess(response: str, truth: str = "abcd", phase: str = "evaluation") -> Answered:
    """Return a scored guess of boxes whose heatmaps explain `truth`, from left to right."""
    data = {
        "pair": "a / b", "round": 1, "truth": "a", "leaf_order": list(truth), "tray_order": sorted(truth),
        "probabilities": {label: number / 10 for number, label in enumerate(sorted(truth))},
    }  # fmt: skip
    step, answer = {"page": "guess", "phase": phase, "data": data}, {"response": list(response)}
    return Answered(step, answer, score("label_matching", step, answer))


def test_a_guess_is_right_where_every_label_is_and_counts_those_that_are():
    scored = guess("bdca", truth="bcda").scores
    assert (scored["n_labels"], scored["n_matched"], scored["share_matched"]) == (4, 2, 0.5)
    assert scored["correct"] is False
    assert scored["probabilities"] == [0.1, 0.2, 0.3, 0.0]
    assert guess("bcda", truth="bcda").scores["correct"] is True
    assert guess("bcda", truth="bcda").scores["share_matched"] == 1


def test_a_guess_that_lacks_a_label_is_none():
    with pytest.raises(ValueError, match="longer"):
        guess("abc")


def test_only_guesses_of_the_evaluation_earn_a_bonus():
    right, wrong = guess("abcd"), guess("abdc")
    trained = [guess("abcd", phase="training")] * 4 + [guess("abdc", phase="training")]
    told = Answered({"page": "verify", "phase": "training"}, {}, {})
    asked = Answered({"page": "group"}, {"group": "expert"}, {})
    assert summary("label_matching", [asked, *trained, told, right, wrong, wrong, right, right]) == {
        "group": "expert",
        "n_trials": 5,
        "n_correct": 3,
        "n_training": 5,
        "n_training_correct": 4,
        "bonus": "0.75",
        "reward": "8.75",
    }
    assert "group" not in summary("label_matching", [wrong])


# Bots


def test_a_page_of_several_deciding_questions_is_passed_by_the_right_answer_to_each():
    asked = tuple(YesNo(name, "", right=True, decides=True) for name in "ab")
    own = replace(kind("clustering"), pages=(Page("check", "check.html", questions=asked),))
    for given in ({"a": True, "b": True}, {"a": True, "b": False}, {"a": False, "b": True}, {"a": False, "b": False}):
        assert answers.score(own, {"page": "check"}, given, PAYMENT) == {"passed": all(given.values())}


def test_a_page_that_scores_by_its_own_is_not_scored_by_its_kind():
    own = replace(kind("clustering"), pages=(replace(kind("clustering").page("sort"), scoring=f"{__name__}:scored"),))
    assert answers.score(own, {"page": "sort"}, {"a": 1}, PAYMENT) == {"page": "sort", "a": 1, "base": "8.00"}


def scored(step: dict, answer: dict, definition: dict) -> dict:
    return {"page": step["page"], **answer, "base": definition["payment"]["reward_base"]}


def test_a_bot_answers_by_its_kind_or_by_its_page():
    step = {"page": "sort", "data": {"images": ["a", "b"], "groups": 2, "prediction": {"a": "cell", "b": "cell"}}}
    clustering, definition = kind("clustering"), PAYMENT | {"parameters": kind("clustering").defaults()}
    given = answers.of_bot(clustering, step, "oracle", definition, Random(1))
    assert set(given["placement"]) == {"a", "b"}
    page = replace(clustering.page("sort"), bots=f"{__name__}:named")
    own = replace(clustering, pages=(page,))
    assert answers.of_bot(own, step, "p=0.7", definition, Random(1)) == {"page": "sort", "skill": "p=0.7"}


def named(step: dict, skill: str, definition: dict, rng: Random, names: tuple[str, ...]) -> dict:
    assert definition["parameters"]
    assert rng.random()
    assert "oracle" in names
    return {"page": step["page"], "skill": skill}
