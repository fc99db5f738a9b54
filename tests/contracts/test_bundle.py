"""What `explainers` writes, the app reads."""

import numpy as np
import pytest

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.bundles.checking import require_whole

projects = pytest.importorskip("tests.explainers.projects")
from explainers.bundles.bundle import read_table  # noqa: E402
from explainers.bundles.raw_maps import read_map  # noqa: E402


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle written by the command line, as the app reads it."""
    folder = projects.make_project(tmp_path_factory.mktemp("project"))
    assert projects.explain(folder) == 0
    return Bundle(folder / "bundle")


def test_every_file_is_there_and_as_the_manifest_says(bundle):
    assert bundle.check_files() == []


def test_images_predictions_and_outcomes_are_read_with_their_types(bundle):
    assert bundle.classes == ["cat", "horse", "boat"]
    assert len(bundle.images) == projects.N_IMAGES
    for image_id, image in bundle.images.items():
        assert (image["width"], image["height"], image["split"]) == (48, 48, "train")
        for name in bundle.classes:
            prediction = bundle.predictions[image_id][name]
            assert 0 <= prediction.score <= 1
            assert prediction.predicted == (prediction.score > prediction.threshold)
            expected = {(1, 1): "TP", (0, 1): "FP", (1, 0): "FN", (0, 0): "TN"}
            assert prediction.outcome == expected[prediction.truth, prediction.predicted]
    assert sum(len(ids) for ids in bundle.outcomes("cat").values()) == projects.N_IMAGES


def test_the_app_takes_it_in_whole(bundle):
    require_whole(bundle)


def test_every_explained_class_has_a_map_and_no_other(bundle):
    assert list(bundle.methods) == ["grad_cam", "multiscale_occlusion"]
    for image_id in bundle.images:
        for method in bundle.methods:
            for name in ("cat", "horse"):
                node = bundle.heatmap(image_id, method, name)
                assert (bundle.saliency(node).shape, node.reference) == ((32, 32), 0)
            assert bundle.heatmap(image_id, method, "boat") is None


@pytest.mark.parametrize("form", ["npy", "png8", "png16"])
def test_both_read_the_same_raw_maps(tmp_path, form):
    folder = projects.make_project(tmp_path)
    projects.change(folder, "size = 48", f'size = 48\nmaps = "{form}"')
    assert projects.explain(folder) == 0
    bundle = Bundle(folder / "bundle")
    for row in read_table(folder / "bundle", "nodes")[:4]:
        node = bundle.heatmap(row["image_id"], row["method"], bundle.classes[int(row["target"])])
        np.testing.assert_allclose(bundle.saliency(node), read_map(folder / "bundle", row), rtol=1e-5, atol=1e-9)


def test_what_stands_on_a_methods_record_is_passed_on(bundle):
    assert [record["pixelwise"] for record in bundle.methods.values()] == [False, False]


def test_similarity_is_the_cosine_of_features(bundle):
    first, *others = bundle.images
    similar = bundle.similarity(first, [first, *others])
    assert similar[first] == pytest.approx(1)
    assert all(-1.000001 <= value <= 1.000001 for value in similar.values())
