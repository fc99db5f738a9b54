"""Batches, orders, bots and scores of clustering, without a database."""

from collections import Counter
from itertools import pairwise

import pytest

from studyapp.core.bundles.sets import open_bundle
from studyapp.core.engine import answers
from tests.studyapp.made.clustering import (
    CLASSES,
    COMPLEMENTARY,
    KIND,
    answer_all,
    make_bundle,
    make_definition,
    make_plan,
    sorts,
    unfrozen,
)

ORDERS = [
    ["NoVis", "NoVis", "1-Heatmap", "1-Heatmap", "XNN", "XNN"],
    ["NoVis", "NoVis", "XNN", "XNN", "1-Heatmap", "1-Heatmap"],
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("plan") / "bundles")


@pytest.fixture(scope="module")
def definition(bundle):
    return make_definition(bundle)


def datasets(definition) -> dict:
    return definition["stimuli"]["datasets"]


def met(step) -> tuple[str, str]:
    return step["data"]["stage"], step["data"]["dataset"]


def test_each_data_set_has_five_fixed_batches_of_ten_drawn_by_the_seed(bundle, definition):
    assert set(datasets(definition)) == set(CLASSES)
    for name, dataset in datasets(definition).items():
        images = [image_id for batch in dataset["batches"] for image_id in batch]
        assert [len(batch) for batch in dataset["batches"]] == [10] * 5
        assert len(set(images)) == 50
        assert dataset["worked"] not in images
        assert {bundle.images[image_id]["dataset"] for image_id in images} == {name}
    assert definition["stimuli"] == make_definition(bundle)["stimuli"] != make_definition(bundle, seed=9)["stimuli"]


def test_batches_are_plain_draws_so_class_sizes_vary(bundle, definition):
    sizes = set()
    for dataset in datasets(definition).values():
        for batch in dataset["batches"]:
            predicted = [dataset["prediction"][image_id] for image_id in batch]
            sizes.add(tuple(sorted(Counter(predicted).values())))
            for image_id, name in zip(batch, predicted, strict=True):
                assert bundle.predictions[image_id][name].predicted
    assert len(sizes) > 2


def test_the_first_stage_comes_first_the_others_in_both_orders_and_data_sets_alternate(definition):
    assert KIND.n_orders(definition) == 4
    ways = [list(map(met, sorts(make_plan(definition, order)))) for order in range(4)]
    assert sorted([stage for stage, _ in way] for way in ways) == sorted(ORDERS * 2)
    assert sorted(way[0][1] for way in ways) == ["cells", "cells", "gulls", "gulls"]
    assert len({tuple(way) for way in ways}) == 4
    for way in ways:
        names = [dataset for _, dataset in way]
        assert all(one != other for one, other in pairwise(names))


def test_the_complementary_study_has_four_trials_and_asks_for_no_ratings(bundle):
    definition = make_definition(bundle, **COMPLEMENTARY)
    assert KIND.n_orders(definition) == 2
    for order in range(2):
        plan = make_plan(definition, order)
        assert [step["data"]["stage"] for step in sorts(plan)] == ["NoVis"] * 2 + ["1-Heatmap (DeepLIFT)"] * 2
        assert [step["method"] for step in sorts(plan)] == ["none"] * 2 + ["deeplift"] * 2
        assert "agents" not in [step["page"] for step in plan]


def test_nobody_meets_a_batch_twice_and_all_are_used(definition):
    used = Counter()
    for seed in range(60):
        steps = sorts(make_plan(definition, seed % 4, seed))
        batches = [(step["data"]["dataset"], step["data"]["batch"]) for step in steps]
        assert len(set(batches)) == 6
        assert len({image_id for step in steps for image_id in step["data"]["images"]}) == 60
        used.update(batches)
        for step in steps:
            batch = datasets(definition)[step["data"]["dataset"]]["batches"][step["data"]["batch"] - 1]
            assert sorted(step["data"]["images"]) == sorted(batch)
    assert set(used) == {(dataset, batch) for dataset in CLASSES for batch in range(1, 6)}
    assert max(used.values()) < 2.2 * min(used.values())


def test_pictures_lie_in_another_order_for_each_participant(definition):
    orders = {tuple(sorts(make_plan(definition, 0, seed))[0]["data"]["images"]) for seed in range(12)}
    assert len(orders) == 12


def test_pages_follow_one_another_as_in_the_paper(definition):
    pages = [step["page"] for step in make_plan(definition)]
    stage = ["stage", "sort", "confidence", "sort", "confidence"]
    assert pages == ["information", "consent", "demographics", "task", *stage * 3, "agents", "closing"]
    plan = make_plan(definition)
    indices = [step["trial_index"] for step in plan if step["page"] in ("sort", "confidence")]
    assert indices == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]


def test_a_refusal_ends_the_run(definition):
    plan = make_plan(definition)
    consent = next(step for step in plan if step["page"] == "consent")
    assert answers.score(KIND, consent, {"consent": False}, definition) == {"passed": False}
    assert consent["goto"] == {"failed": "no_consent"}


@pytest.mark.parametrize(
    ("placement", "expected"),
    [("AAAABBBCCD", 1.0), ("AAAAAAAAAA", 0.4), ("ABABABABAB", 0.4), ("AABBCCDDAB", 0.7)],
)
def test_purity_is_the_share_of_each_groups_most_frequent_class(placement, expected):
    images = [f"i{number}" for number in range(10)]
    classes = dict(zip(images, [1, 1, 1, 1, 2, 2, 2, 3, 3, 4], strict=True))
    assert KIND.part("scoring:purity")(dict(zip(images, placement, strict=True)), classes) == pytest.approx(expected)


def purity(definition, skill, stage="", people=40) -> float:
    scores = [
        row.scores["purity"]
        for seed in range(people)
        for row in answer_all(make_plan(definition, seed % 4, seed), definition, skill, seed)
        if row.step["page"] == "sort" and stage in ("", row.step["data"]["stage"])
    ]
    return sum(scores) / len(scores)


def test_bots_are_as_pure_as_their_skill_says(definition):
    assert purity(definition, "oracle", people=4) == 1
    assert 0.4 < purity(definition, "random") < 0.62
    assert purity(definition, "careless") < purity(definition, "random") < purity(definition, "p=0.7") < 0.95


def test_a_helped_bot_is_purer_the_more_help_a_stage_gives(definition):
    found = [purity(definition, "helped", stage) for stage in ("NoVis", "1-Heatmap", "XNN")]
    assert found[0] + 0.03 < found[1] < found[2] - 0.05


def test_totals_and_reward(definition):
    answered = answer_all(make_plan(definition), definition, "oracle")
    assert KIND.part("scoring:summary")(answered, definition) == {"n_trials": 6, "mean_purity": 1.0, "reward": "8.00"}
    left_early = [row for row in answered if row.step["page"] != "sort"]
    assert KIND.part("scoring:summary")(left_early, definition)["mean_purity"] is None


def problems(bundle, **parameters) -> list[str]:
    return KIND.part("stimuli:check")(unfrozen(**parameters), bundle)


def test_what_is_missing_is_said_in_words(bundle):
    assert problems(bundle) == problems(bundle, **COMPLEMENTARY) == []
    assert "expected at least 61 pictures" in problems(bundle, batches=6)[0]
    assert "expected at least 31 pictures" in problems(bundle, batches=3, datasets=["cells", "newts"])[0]
    assert "batches: expected at least 3, one for each stage" in problems(bundle, batches=2)[0]
    assert "stages: two have the same name" in problems(bundle, stages=[["A", "none"], ["A", "xnn"]])[0]
    for wrong in ([], ["NoVis"], [["NoVis"]], [["", "none"]], [[1, 2]]):
        assert "stages: expected a name and a method each" in problems(bundle, stages=wrong)[0]
    (unknown,) = problems(bundle, stages=[["A", "rise"]])
    assert "no maps by “rise”; expected none or one of c_mwp, deeplift, xnn" in unknown


def test_a_picture_without_its_maps_is_named(tmp_path):
    folder = tmp_path / "bundles"
    make_bundle(folder)
    table = folder / "gulls" / "nodes.csv"
    lines = [line for line in table.read_text().splitlines() if not (",xnn,,3," in line and line[0] in "0123456789")]
    table.write_text("\n".join(lines) + "\n")
    (found,) = problems(open_bundle(folder))
    assert "Data set “gulls”, method “xnn”: image" in found
    assert "lacks 7 maps" in found


def test_stimuli_that_came_with_a_file_are_checked_too(bundle, definition):
    check = KIND.part("stimuli:check")
    assert check(definition, bundle) == []
    gulls = datasets(definition)["gulls"]
    twice = gulls | {"batches": [gulls["batches"][0], *gulls["batches"][:4]]}
    stimuli = definition["stimuli"] | {"datasets": datasets(definition) | {"gulls": twice}}
    assert "a picture is in two batches" in check(definition | {"stimuli": stimuli}, bundle)[0]
    few = gulls | {"batches": gulls["batches"][:2]}
    stimuli = definition["stimuli"] | {"datasets": datasets(definition) | {"gulls": few}}
    assert "fewer batches than stages" in check(definition | {"stimuli": stimuli}, bundle)[0]


def test_contributions_are_normalised_whatever_scale_they_came_in(tmp_path):
    folder = tmp_path / "bundles"
    first = make_bundle(folder)
    some = next(iter(first.images))
    maps = KIND.part("maps:maps_of")
    before = [one.contribution for one in maps(first, some, "xnn")]
    assert sum(map(abs, before)) == pytest.approx(1)
    assert before == pytest.approx([(-1) ** n * (n + 1) / 28 for n in range(7)])
    table = folder / first.images[some]["dataset"] / "nodes.csv"
    table.write_text(table.read_text().replace(f",{1 / 28},", ",1.0,").replace(f",{-2 / 28},", ",-2.0,"))
    raw = [one.contribution for one in maps(open_bundle(folder), some, "xnn")]
    assert sum(map(abs, raw)) == pytest.approx(1)
    assert raw[1] == pytest.approx(-2 * raw[0])


def test_one_data_set_alone_makes_a_study(bundle, definition):
    alone = make_definition(bundle.parts["gulls"])
    assert list(datasets(alone)) == ["images"]
    assert KIND.n_orders(alone) == 2
    assert len(sorts(make_plan(alone))) == 3


def test_other_numbers_of_stages_and_groups_work(bundle):
    stages = [["A", "none"], ["B", "xnn"], ["C", "c_mwp"], ["D", "deeplift"]]
    definition = make_definition(bundle, stages=stages, groups=3, batch_size=6)
    assert KIND.n_orders(definition) == 12
    ways = {tuple(map(met, sorts(make_plan(definition, order)))) for order in range(12)}
    assert len(ways) == 12
    for row in answer_all(make_plan(definition, 5), definition, "random"):
        if row.step["page"] == "sort":
            assert set(row.answer["placement"].values()) <= {"A", "B", "C"}
            assert len(row.answer["placement"]) == 6
