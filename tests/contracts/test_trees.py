"""Trees of maps that `explainers` writes, the app reads, draws and finds its pairs in."""

import random

import pytest

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.bundles.checking import require_whole
from studyapp.core.bundles.map_tree import leaves, read_tree, walk
from studyapp.core.bundles.pairs import latent_of

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    from tests.explainers.outputs.test_tree_bundles import explain, make_project

    folder = make_project(tmp_path_factory.mktemp("project"))
    assert explain(folder) == 0
    return Bundle(folder / "bundle")


def test_every_tree_is_read_with_its_clusters_leaves_and_maps(bundle):
    assert bundle.check_files() == []
    require_whole(bundle)
    for image_id in bundle.images:
        roots = read_tree(bundle, image_id, "cwox_2s")
        assert [len(root.children) for root in roots] == [2, 2]
        assert leaves(roots).keys() == set(bundle.classes)
        assert leaves(read_tree(bundle, image_id, "swox")).keys() == set(bundle.classes)
        for node in walk(roots):
            assert bundle.saliency(node.heatmap).shape == (32, 32)
            assert 0 < node.score <= 1
        for label, leaf in leaves(roots).items():
            assert leaf.score == pytest.approx(bundle.predictions[image_id][label].score, abs=1e-5)


def test_the_latent_tree_is_read(bundle):
    latents = latent_of(bundle)
    assert latents["cello"] == latents["violin"] != latents["cab"] == latents["van"]


def test_the_shipped_birds_make_a_whole_study():
    from pathlib import Path

    from tests.studyapp.made.label_matching import KIND, unfrozen

    bundle = Bundle(Path(__file__).resolve().parents[2] / "fixtures" / "bundles" / "birds")
    definition = unfrozen(training_trials=8, evaluation_trials=8)
    assert KIND.part("stimuli:check")(definition, bundle) == []
    stimuli = KIND.part("stimuli:draw")(definition, bundle, random.Random(1))
    names = {pair["name"] for pair in stimuli["pairs"]}
    assert names == {"amber gull / slate gull", "rosy gull / hooded gull"}
    assert stimuli["guideline"]["name"] == "linen gull / russet gull"
