"""The way through a label-matching study: two pairs, the choice between them, guess and verify, guess only."""

import json
from functools import partial
from itertools import chain
from statistics import fmean

import pytest

from studyapp.core.engine import answers, flow
from tests.studyapp.made.label_matching import (
    FLAT,
    KIND,
    PAIRS,
    STAGED,
    answer_all,
    guesses,
    make_bundle,
    make_definition,
    make_plan,
)

arrange, wanting = KIND.part("plan:arrange"), KIND.part("stimuli:wanting")
score, summary = partial(answers.score, KIND), KIND.part("scoring:summary")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("plan") / "bundle")


@pytest.fixture(scope="module")
def definition(bundle):
    return make_definition(bundle)


def choice(plan):
    return next(position for position, step in enumerate(plan) if step["page"] == "choose")


@pytest.mark.parametrize("factors", [STAGED, FLAT], ids=lambda factors: factors["method"])
def test_two_rounds_of_eight_training_and_eight_evaluation_examples(definition, factors):
    plan = make_plan(definition, factors)
    assert [step["phase"] for step in guesses(plan)] == [*["training"] * 8, *["evaluation"] * 8] * 2
    assert [step["trial_index"] for step in guesses(plan)] == list(range(1, 33))
    assert [step["data"]["round"] for step in guesses(plan)] == [1] * 16 + [2] * 16
    assert {step["method"] for step in guesses(plan)} == {factors["method"]}
    assert len({step["key"] for step in plan}) == len(plan)
    json.dumps(plan)


def test_every_training_guess_and_no_other_is_verified_next(definition):
    plan = make_plan(definition)
    for step, following in zip(plan, [*plan[1:], {"page": "end"}], strict=True):
        if step["page"] == "guess":
            assert (following["page"] == "verify") == (step["phase"] == "training")
        if following["page"] == "verify":
            assert (following["stimulus"], following["trial_index"]) == (step["stimulus"], step["trial_index"])
            assert following["data"] == step["data"]


def test_training_and_evaluation_share_no_image(definition):
    plan = make_plan(definition)
    images = {phase: {step["stimulus"] for step in guesses(plan, phase)} for phase in ("training", "evaluation")}
    assert len(images["training"]) == len(images["evaluation"]) == 16
    assert not images["training"] & images["evaluation"]


def test_the_guideline_s_own_pair_is_nobodys_and_its_image_has_no_other_role(tmp_path):
    bundle = make_bundle(tmp_path / "bundle", pairs=[*PAIRS, ("cello", "police van")])
    own = make_definition(bundle)["stimuli"]["pairs"][0]["name"]
    definition = make_definition(bundle, guideline_pair=own)
    shown, drawn = definition["stimuli"]["guideline"], definition["stimuli"]["pairs"]
    assert shown["name"] == own
    assert own not in [pair["name"] for pair in drawn]
    assert not {image_id for pair in drawn for image_id in pair["facts"]} & {*shown["facts"]}
    for seed in range(5):
        plan = make_plan(definition, seed=seed)
        worked = [step["data"]["worked"] for step in plan if step["page"] == "guideline"]
        assert {one["image"] for one in worked} == {shown["worked"]}
    assert KIND.part("stimuli:check")(definition, bundle) == []
    named = definition["parameters"] | {"pairs": [own, drawn[0]["name"]]}
    [problem] = KIND.part("stimuli:check")(definition | {"parameters": named}, bundle)
    assert problem == f"guideline_pair: expected a pair that is none of `pairs`, found {own!r}."


def test_two_pairs_take_a_third_of_the_bundles_for_the_guideline_and_lack_one_where_there_is_none(tmp_path):
    bundle = make_bundle(tmp_path / "third", pairs=[*PAIRS, ("cello", "oboe"), ("oboe", "clarinet")])
    parameters = {"pairs": ["cello / violin", "ambulance / police van"]}
    definition = make_definition(bundle, **parameters)
    assert definition["stimuli"]["guideline"]["labels"] == ["oboe", "clarinet"]  # the other shares a class
    assert wanting(definition) == ""
    without = make_definition(make_bundle(tmp_path / "two"), **parameters)
    assert "guideline" not in without["stimuli"]
    assert "one of each participant's own two pairs" in wanting(without)
    assert wanting(make_definition(bundle)) == ""  # all pairs of the bundle, of which nobody gets more than two


@pytest.mark.parametrize("first", [0, 1])
def test_the_chosen_pair_comes_first_and_is_numbered_so(definition, first):
    plan = make_plan(definition)
    position = choice(plan)
    names = plan[position]["data"]["pairs"]
    chosen = arrange(plan, position, {"first": names[first]})
    assert [step["block"] for step in guesses(chosen)] == [names[first]] * 16 + [names[1 - first]] * 16
    assert [step["trial_index"] for step in guesses(chosen)] == list(range(1, 33))
    assert [step["data"]["round"] for step in guesses(chosen)] == [1] * 16 + [2] * 16
    assert chosen[: position + 1] == plan[: position + 1]
    assert {step["key"] for step in chosen} == {step["key"] for step in plan}


def test_choosing_the_pair_that_is_first_anyway_changes_nothing(definition):
    plan = make_plan(definition)
    position = choice(plan)
    assert arrange(plan, position, {"first": plan[position]["data"]["pairs"][0]}) == plan


def test_orders_of_leaves_and_tray_are_drawn_apart_and_evenly(definition):
    steps = [step for seed in range(40) for step in guesses(make_plan(definition, seed=seed))]
    same_tray = [step["data"]["leaf_order"] == step["data"]["tray_order"] for step in steps]
    true_first = [step["data"]["leaf_order"][0] == step["data"]["truth"] for step in steps]
    as_named = [step["data"]["leaf_order"] == step["data"]["labels"] for step in steps]
    for shares in (same_tray, true_first, as_named):
        assert sum(shares) / len(shares) == pytest.approx(0.5, abs=0.05)


def test_both_pairs_come_first_about_equally_often(definition):
    offered = [make_plan(definition, seed=seed) for seed in range(200)]
    firsts = [plan[choice(plan)]["data"]["pairs"][0] for plan in offered]
    assert 70 <= firsts.count("cello / violin") <= 130


def test_the_guideline_has_five_parts_before_the_choice(definition):
    plan = make_plan(definition)
    parts = [step["data"]["part"] for step in plan[: choice(plan)] if step["page"] == "guideline"]
    assert parts == ["background", "classification", "training", "evaluation", "flow"]


def test_the_worked_example_is_no_image_of_any_trial(definition):
    plan = make_plan(definition)
    worked = {step["data"]["worked"]["image"] for step in plan if step["page"] == "guideline"}
    assert len(worked) == 1
    assert not worked & {step["stimulus"] for step in guesses(plan)}


def test_the_group_is_asked_unless_it_comes_from_the_link(bundle):
    asked = [step["page"] for step in make_plan(make_definition(bundle))]
    linked = [step["page"] for step in make_plan(make_definition(bundle, group_source="link"))]
    assert (asked.count("group"), linked.count("group")) == (1, 0)


def test_refusing_consent_ends_the_run(definition):
    answered = answer_all(make_plan(definition), definition, consent={"consent": False})
    assert answered[-1].step["key"] == "consent"
    assert flow.advance(make_plan(definition), 1, flow.Submission({}, {"passed": False})).status == flow.NO_CONSENT


def test_one_label_in_the_wrong_box_means_none_of_two_is_right(definition):
    step = guesses(make_plan(definition))[0]
    right = step["data"]["leaf_order"]
    scored = score(step, {"response": right, "moves": 2}, definition)
    assert (scored["n_labels"], scored["n_matched"], scored["share_matched"], scored["correct"]) == (2, 2, 1.0, True)
    scored = score(step, {"response": right[::-1], "moves": 2}, definition)
    assert (scored["n_matched"], scored["share_matched"], scored["correct"]) == (0, 0.0, False)


def test_probabilities_stand_in_the_order_of_the_heatmaps(definition, bundle):
    for step in guesses(make_plan(definition)):
        scored = score(step, {"response": step["data"]["leaf_order"], "moves": 2}, definition)
        predictions = bundle.predictions[step["stimulus"]]
        assert scored["probabilities"] == [predictions[label].score for label in scored["leaf_order"]]


def test_a_guess_scores_what_the_export_declares(definition):
    declared = {field.name for field in KIND.page("guess").fields}
    for answered in answer_all(make_plan(definition), definition):
        fields = {field.name for field in KIND.page(answered.step["page"]).fields}
        assert fields <= set(answered.answer) | set(answered.scores)
        if answered.step["page"] == "guess":
            assert declared == set(answered.answer) | set(answered.scores)


def test_an_oracle_is_always_right_and_its_group_is_known(definition):
    answered = answer_all(make_plan(definition), definition, "oracle", group={"group": "expert"})
    totals = summary(answered, definition)
    assert totals == {"group": "expert", "n_trials": 16, "n_correct": 16, "n_training": 16, "n_training_correct": 16,
                      "bonus": "8.00", "reward": "16.00"}  # fmt: skip
    assert set(totals) - {"group"} == {field.name for field in KIND.fields}


def test_training_earns_nothing_and_counts_apart(definition):
    plan = make_plan(definition)
    answered = [row for row in answer_all(plan, definition) if row.step.get("phase") != "evaluation"]
    assert summary(answered, definition)["n_correct"] == 0
    assert summary(answered, definition)["n_training_correct"] == 16


@pytest.mark.parametrize(("skill", "share"), [("random", 0.5), ("careless", 0.5), ("p=0.7", 0.7), (0.9, 0.9)])
def test_bots_are_right_as_often_as_their_skill_says(definition, skill, share):
    right = [
        row.scores["correct"]
        for seed in range(40)
        for row in answer_all(make_plan(definition, seed=seed), definition, skill, seed)
        if row.step["page"] == "guess"
    ]
    assert sum(right) / len(right) == pytest.approx(share, abs=0.05)


def test_a_learner_starts_at_chance_is_right_more_often_over_the_training_and_keeps_it(definition):
    right = {"training": [[] for _ in range(8)], "evaluation": [[] for _ in range(8)]}
    for seed in range(150):
        for row in answer_all(make_plan(definition, seed=seed), definition, "learner", seed):
            if row.step["page"] == "guess":
                right[row.step["phase"]][row.step["data"]["number"] - 1].append(row.scores["correct"])
    curve = [fmean(trials) for trials in right["training"]]
    assert curve[0] == pytest.approx(0.5, abs=0.1)
    assert curve[3] == pytest.approx(0.95 - 0.45 * 0.75**3, abs=0.1)
    assert fmean(curve[4:]) > fmean(curve[:4]) + 0.1
    assert fmean(chain.from_iterable(right["evaluation"])) == pytest.approx(0.95 - 0.45 * 0.75**8, abs=0.05)


def test_an_unknown_skill_is_refused(definition):
    with pytest.raises(ValueError, match="expected random, oracle"):
        answer_all(make_plan(definition), definition, "genius")
