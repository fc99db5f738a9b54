"""Which pairs of classes a bundle offers, in which order, and what its latent tree has to say about it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from studyapp.core.bundles.bundle import Bundle, BundleError
from studyapp.core.bundles.pairs import find_pairs, labels_of, latent_of, top_labels
from tests.studyapp.made.label_matching import FOREST, PAIRS, latent, leaf, make_definition, write_bundle

BIRDS = Path(__file__).parents[3] / "fixtures" / "bundles" / "birds"


def bundle_with(folder, roots=None, **options) -> Bundle:
    tree = None if roots is None else json.dumps({"schema_version": 1, "roots": roots}).encode()
    return Bundle(write_bundle(folder, tree=tree, **options))


def test_without_a_tree_every_two_classes_on_top_of_an_image_that_shows_one_of_them_are_a_pair(tmp_path):
    pairs = find_pairs(bundle_with(tmp_path))
    assert [pair.labels for pair in pairs[:2]] == [("cello", "violin"), ("ambulance", "police van")]
    assert ("cello", "banjo") in [pair.labels for pair in pairs]
    assert {pair.latent for pair in pairs} == {""}


def test_with_a_tree_only_classes_under_one_level_1_variable_are_a_pair(tmp_path):
    bundle = bundle_with(tmp_path, FOREST)
    assert [(pair.labels, pair.latent) for pair in find_pairs(bundle)] == [(PAIRS[0], "Z1"), (PAIRS[1], "Z2")]
    assert latent_of(bundle)["banjo"] == "Z3"


def test_images_are_counted_by_what_they_show_and_pairs_ranked_by_their_number(tmp_path):
    pair = find_pairs(bundle_with(tmp_path, FOREST, per_pair=7))[0]
    assert (len(pair.images), pair.per_class) == (7, (4, 3))
    bundle = Bundle(tmp_path)
    shown = [bundle.images[image_id]["labels"] for image_id in pair.images]
    assert sorted(shown) == ["cello"] * 4 + ["violin"] * 3


def test_another_split_has_no_pairs(tmp_path):
    bundle = bundle_with(tmp_path, FOREST)
    assert find_pairs(bundle, split="val")
    assert find_pairs(bundle, split="train") == []


def test_without_maps_the_fewest_classes_that_reach_95_percent_are_on_top(tmp_path):
    bundle = bundle_with(tmp_path)
    # .55 + .35 leave .05 to be covered: the banjo's .06 does, and nothing of a cent follows.
    assert set(map(frozenset, top_labels(bundle, methods=[]).values())) == {
        frozenset({*labels, "banjo"}) for labels in PAIRS
    }


def test_methods_whose_maps_stand_for_no_class_leave_the_top_labels_as_they_are(tmp_path):
    bundle = bundle_with(tmp_path)
    before = top_labels(bundle)
    bundle.methods["xnn"] = {"name": "xnn"}
    for image_id in bundle.images:
        one = bundle.nodes[image_id, "swox", ""][0]
        bundle.nodes[image_id, "xnn", ""] = [replace(one, node=str(n), classes=(0,)) for n in range(5)]
    assert top_labels(bundle) == before


def test_a_study_without_pairs_of_its_own_keeps_to_the_tree(tmp_path):
    bundle = bundle_with(tmp_path, FOREST)
    drawn = make_definition(bundle, training_trials=1, evaluation_trials=1)["stimuli"]["pairs"]
    assert [tuple(pair["labels"]) for pair in drawn] == PAIRS
    loose = make_definition(bundle_with(tmp_path / "loose"), training_trials=1, evaluation_trials=1)
    assert len(loose["stimuli"]["pairs"]) > 2


@pytest.mark.parametrize(
    "roots",
    [[leaf(9)], [{"id": "Z1", "children": []}], [latent("Z1", 1, {"id": "Z2"})], "none", [leaf("cello")]],
    ids=["a class too many", "no level", "a branch without children", "no list", "a name for an index"],
)
def test_a_damaged_tree_is_refused_with_the_files_name(tmp_path, roots):
    with pytest.raises(BundleError, match=r"tree\.json: expected a latent tree"):
        find_pairs(bundle_with(tmp_path, roots))


def test_the_shipped_birds_offer_two_pairs_of_look_alikes_and_a_third_to_learn_from():
    *pairs, third = find_pairs(Bundle(BIRDS))
    assert {pair.name for pair in pairs} == {"amber gull / slate gull", "rosy gull / hooded gull"}
    assert all(len(pair.images) >= 17 for pair in pairs)
    assert third.name == "linen gull / russet gull"


def test_a_class_whose_name_holds_the_separator_is_told_by_the_models_classes():
    classes = ["crane / bird", "crane", "violin", "bird"]
    assert labels_of("crane / bird / violin", classes) == ["crane / bird", "violin"]
    assert labels_of("violin / crane / bird", classes) == ["violin", "crane / bird"]
    assert labels_of("crane / violin", classes) == ["crane", "violin"]
    assert labels_of("cello / lute", classes) == ["cello", "lute"]  # neither is the model's: told as it is written
    assert labels_of("crane / bird / crane / bird / violin", classes) == []
    assert labels_of("violin", classes) == []
