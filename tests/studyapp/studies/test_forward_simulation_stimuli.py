"""Which pictures a forward-simulation study shows, and what stops it from being launched."""

from random import Random

import pytest

from tests.studyapp.made.forward_simulation import KIND, make_bundle, make_definition, unfrozen

draw, check = KIND.part("stimuli:draw"), KIND.part("stimuli:check")


@pytest.fixture
def bundle(tmp_path):
    return make_bundle(tmp_path / "bundle")


@pytest.fixture
def stimuli(bundle):
    return make_definition(bundle)["stimuli"]


def test_queries_have_the_fixed_mix_of_outcomes(bundle, stimuli):
    for name, drawn in stimuli["classes"].items():
        outcomes = [bundle.predictions[query][name].outcome for query in drawn["queries"]]
        assert sorted(outcomes) == ["FN", "FN", "FP", "FP", "TP", "TP", "TP"]


def test_every_trial_has_six_three_three_examples(bundle, stimuli):
    for name, drawn in stimuli["classes"].items():
        assert set(drawn["examples"]) == set(drawn["queries"])
        for examples in drawn["examples"].values():
            outcomes = [bundle.predictions[image][name].outcome for image in examples]
            assert outcomes == ["TP"] * 6 + ["FN"] * 3 + ["FP"] * 3
            assert len(set(examples)) == 12


def test_no_picture_asked_about_is_shown_anywhere_before(stimuli):
    queries = {query for drawn in stimuli["classes"].values() for query in drawn["queries"]}
    assert len(queries) == 14
    examples = {i for drawn in stimuli["classes"].values() for ids in drawn["examples"].values() for i in ids}
    worked = set(stimuli["instructions"]["images"].values())
    worked |= {example["image"] for attempt in stimuli["screening"] for example in attempt}
    assert not queries & examples
    assert not queries & worked
    assert not examples & worked


def test_examples_are_the_most_similar_of_their_outcome(bundle, stimuli):
    taken = {query for drawn in stimuli["classes"].values() for query in drawn["queries"]}
    taken |= set(stimuli["instructions"]["images"].values())
    taken |= {example["image"] for attempt in stimuli["screening"] for example in attempt}
    for name, drawn in stimuli["classes"].items():
        for query, examples in drawn["examples"].items():
            shown = [image for image in examples if bundle.predictions[image][name].outcome == "FP"]
            others = [image for image in bundle.outcomes(name)["FP"] if image not in taken | set(shown)]
            similarity = bundle.similarity(query, shown + others)
            assert min(similarity[image] for image in shown) >= max(similarity[image] for image in others)


def test_with_a_pool_of_one_the_queries_are_those_nearest_to_the_threshold(bundle):
    drawn = make_definition(bundle, query_pool=1)["stimuli"]["classes"]["cat"]

    def distance(image):
        return abs(bundle.predictions[image]["cat"].score - bundle.predictions[image]["cat"].threshold)

    nearest = sorted(bundle.outcomes("cat")["TP"], key=distance)[:3]
    assert {query for query in drawn["queries"] if drawn["facts"][query]["outcome"] == "TP"} == set(nearest)


def test_true_negatives_are_asked_about_where_the_study_says_so(bundle):
    mix = {"TP": 2, "FN": 2, "FP": 2, "TN": 1}
    drawn = make_definition(bundle, queries_per_class=mix)["stimuli"]["classes"]["horse"]
    assert [facts["outcome"] for facts in drawn["facts"].values()].count("TN") == 1


def test_only_pictures_of_the_split_are_used(bundle):
    for image in list(bundle.images)[::2]:
        bundle.images[image]["split"] = "test"
    problems = check(unfrozen(split="train"), bundle)
    assert any("in the split “train”" in problem for problem in problems)


def test_the_same_seed_draws_the_same_pictures(bundle):
    definition = unfrozen()
    assert draw(definition, bundle, Random(5)) == draw(definition, bundle, Random(5))
    assert draw(definition, bundle, Random(5)) != draw(definition, bundle, Random(6))


def test_each_attempt_at_the_screening_has_its_own_pictures(bundle):
    screening = make_definition(bundle, screening_policy="retry", screening_attempts=3)["stimuli"]["screening"]
    assert len({example["image"] for attempt in screening for example in attempt}) == 6


def test_a_whole_bundle_has_no_problems(bundle):
    assert check(make_definition(bundle), bundle) == []


def test_a_class_missing_from_the_bundle_is_named(bundle):
    assert check(unfrozen(classes=["cat", "zebra"]), bundle) == [
        "Class “zebra”: the bundle has no predictions for it; it has cat, horse."
    ]


def test_too_few_pictures_of_an_outcome_are_counted(tmp_path):
    bundle = make_bundle(tmp_path / "poor", per_outcome={"TP": 12, "FP": 4, "FN": 8, "TN": 4})
    problems = check(unfrozen(), bundle)
    assert problems[0].startswith("Too few pictures in the split “train” to ask about")
    assert problems[0].endswith("“cat” has 4 of 7 FP; “horse” has 4 of 5 FP.")
    with pytest.raises(ValueError, match="4 of 7 FP"):
        draw(unfrozen(), bundle, Random(1))


def test_a_method_missing_from_the_bundle_names_the_condition(tmp_path):
    bundle = make_bundle(tmp_path / "one", methods=("lrp",))
    problems = check(make_definition(bundle), bundle)
    assert problems[0].startswith("Condition “multiscale_occlusion-shown”: the bundle has no heatmaps by")


def test_a_missing_heatmap_names_the_image(bundle):
    definition = make_definition(bundle)
    image = next(iter(definition["stimuli"]["classes"]["cat"]["examples"].values()))[0]
    del bundle.nodes[image, "lrp", "cat"]
    assert f"“lrp” has no heatmap of class “cat” for image {image}." in " ".join(check(definition, bundle))


def test_screening_texts_need_two_statements(bundle):
    definition = make_definition(bundle)
    definition["texts"] = definition["texts"] | {"screening_heatmap": "- [x] Only one."}
    assert check(definition, bundle) == [
        "Text “screening_heatmap”: expected two lines beginning “- [x] ” or “- [ ] ”, found 1."
    ]


def test_a_mix_that_is_no_mix_is_refused(bundle):
    assert "found XX: 2" in check(unfrozen(examples={"TP": 6, "XX": 2}), bundle)[0]
