"""Which pairs and images a label-matching study gets, and what it says where some are missing."""

from random import Random

import pytest

from studyapp.core.bundles.map_tree import leaves, read_tree, walk
from studyapp.studies.label_matching.tree import arranged, pruned
from tests.studyapp.made.label_matching import KIND, PAIRS, make_bundle, make_definition, unfrozen

draw, check = KIND.part("stimuli:draw"), KIND.part("stimuli:check")
NAMES = ["cello / violin", "ambulance / police van"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("stimuli") / "bundle")


def problems(bundle, **options):
    return check(unfrozen(**options), bundle)


def test_each_pair_has_disjoint_training_evaluation_and_worked_images(bundle):
    stimuli = make_definition(bundle)["stimuli"]
    images = [i for pair in stimuli["pairs"] for i in [*pair["training"], *pair["evaluation"], pair["worked"]]]
    assert len(set(images)) == len(images) == 2 * 17
    for pair in stimuli["pairs"]:
        assert (len(pair["training"]), len(pair["evaluation"])) == (8, 8)
        assert set(pair["facts"]) == {*pair["training"], *pair["evaluation"], pair["worked"]}


def test_images_qualify_by_truth_and_by_both_labels_being_on_top(bundle):
    for pair in make_definition(bundle)["stimuli"]["pairs"]:
        for image_id, facts in pair["facts"].items():
            truths = [name for name, prediction in bundle.predictions[image_id].items() if prediction.truth]
            assert [facts["truth"]] == truths
            assert facts["truth"] in pair["labels"]
            for method in ("cwox_2s", "swox"):
                assert leaves(read_tree(bundle, image_id, method)).keys() >= set(pair["labels"])


def test_without_pairs_of_its_own_a_study_takes_all_with_enough_images(bundle):
    found = make_definition(bundle)["stimuli"]["pairs"]
    assert {frozenset(pair["labels"]) for pair in found} == {frozenset(labels) for labels in PAIRS}


def test_named_pairs_are_drawn_in_their_order(bundle):
    found = make_definition(bundle, pairs=NAMES[::-1])["stimuli"]["pairs"]
    assert [pair["name"] for pair in found] == NAMES[::-1]
    assert found[0]["labels"] == ["ambulance", "police van"]


def test_the_draw_depends_on_the_seed_and_on_nothing_else(bundle):
    assert make_definition(bundle, seed=5)["stimuli"] == make_definition(bundle, seed=5)["stimuli"]
    assert make_definition(bundle, seed=5)["stimuli"] != make_definition(bundle, seed=6)["stimuli"]


def test_a_whole_study_has_nothing_to_mend(bundle):
    assert problems(bundle) == []
    assert check(make_definition(bundle, pairs=NAMES), bundle) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"methods": ["lrp"]},
            "“lrp”: expected a method that explains the whole output by a tree of maps; the bundle ",
        ),
        ({"pairs": ["cello", *NAMES]}, "pairs: expected two different classes, as in “cello / violin”, found 'cello'."),
        ({"pairs": [["cello", "violin"], *NAMES]}, "found ['cello', 'violin']."),
        ({"pairs": ["cello / lute", *NAMES]}, "Pair “cello / lute”: the model has no class “lute”."),
        ({"pairs": ["violin / cello", *NAMES]}, "pairs: the same pair stands there twice."),
        ({"pairs": NAMES[:1]}, "pairs: expected at least 2, one for each round"),
        ({"pairs": NAMES, "training_trials": 12}, "expected at least 21 qualifying images (12 for training, 8 for"),
        ({"training_trials": 12}, "pairs: expected at least 2 with 21 qualifying images each"),
        ({"split": "train"}, "the bundle has 0."),
        ({"groups": [["expert", "Yes"]]}, "groups: expected two or more groups"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(bundle, options, said):
    assert any(said in problem for problem in problems(bundle, **options)), problems(bundle, **options)


def test_groups_from_the_link_need_no_answers(bundle):
    assert problems(bundle, groups=[], group_source="link") == []


def test_an_image_with_two_roles_is_refused(bundle):
    definition = make_definition(bundle)
    pair = definition["stimuli"]["pairs"][0]
    pair["evaluation"][0] = pair["training"][0]
    assert any(
        pair["training"][0] in problem and "must not overlap" in problem for problem in check(definition, bundle)
    )


def test_a_missing_map_is_named(tmp_path):
    bundle = make_bundle(tmp_path / "bundle")
    definition = make_definition(bundle)
    image_id = definition["stimuli"]["pairs"][0]["training"][0]
    lacking = bundle.classes.index(definition["stimuli"]["pairs"][0]["labels"][0])
    tree = bundle.nodes[image_id, "swox", ""]
    tree[:] = [node for node in tree if node.classes != (lacking,)]
    assert check(definition, bundle) == [
        f"Method “swox”: the tree of image {image_id} lacks a map that is to be shown."
    ]


@pytest.mark.parametrize("order", [["cello", "violin"], ["violin", "cello"]])
def test_an_arranged_tree_has_the_leaves_in_order_and_every_node_once(bundle, order):
    for image_id, method, _target in bundle.nodes:
        tree = read_tree(bundle, image_id, method)
        if not leaves(tree).keys() >= set(order):
            continue
        shown = arranged(tree, order, Random(image_id))
        assert [node.label for node in walk(shown) if node.label in order] == order
        assert {node.key for node in walk(shown)} == {node.key for node in walk(tree)}


def test_places_are_even_whatever_the_bundles_order_is(bundle):
    image_id = next(iter(bundle.images))
    tree = read_tree(bundle, image_id, "swox")
    firsts = [arranged(tree, ["cello", "violin"], Random(seed))[0].label for seed in range(300)]
    assert 60 <= firsts.count("banjo") <= 140


def test_a_pruned_tree_keeps_what_leads_to_the_pair(bundle):
    trees = [read_tree(bundle, image_id, "cwox_2s") for image_id, method, _ in bundle.nodes if method == "cwox_2s"]
    staged = next(tree for tree in trees if len(tree[0].children) == 2 and "cello" in leaves(tree))
    assert [node.key for node in walk(pruned(staged, ["cello", "violin"]))] == ["0", "0.0", "0.1"]
