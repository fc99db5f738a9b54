"""What `explainers` writes, the app reads."""

import pytest

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.legends import legend

projects = pytest.importorskip("tests.explainers.projects")


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


def test_every_explained_class_has_an_overlay_and_no_other(bundle):
    assert list(bundle.methods) == ["grad_cam", "multiscale_occlusion"]
    for image_id in bundle.images:
        for method in bundle.methods:
            for name in ("cat", "horse"):
                assert (bundle.folder / bundle.overlay_file(image_id, method, name)).is_file()
            assert bundle.overlay_file(image_id, method, "boat") is None


def test_the_app_can_draw_each_methods_legend(bundle):
    for record in bundle.methods.values():
        assert len(legend(record)["stops"]) >= 2


def test_similarity_is_the_cosine_of_features(bundle):
    first, *others = bundle.images
    similar = bundle.similarity(first, [first, *others])
    assert similar[first] == pytest.approx(1)
    assert all(-1.000001 <= value <= 1.000001 for value in similar.values())
