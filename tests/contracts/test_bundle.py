"""What `explainers` writes, the app reads."""

import numpy as np
import pytest
from PIL import Image

from studyapp.core.bundles import Bundle
from studyapp.core.legends import legend

torch = pytest.importorskip("torch")

CONFIG = """
[model]
arch = "tests.explainers.networks:small_cnn"
weights = "weights.pth"
multilabel = true
size = 32
resize = 32
classes = ["cat", "horse", "boat"]
[images]
folder = "photos"
labels = "labels.csv"
[targets]
classes = ["horse", "cat"]
[[methods]]
name = "grad_cam"
[[methods]]
name = "multiscale_occlusion"
depth = 2
[output]
bundle = "bundle"
size = 48
"""
N_IMAGES = 6


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle written by the command line, as the app reads it."""
    from explainers.cli import main
    from tests.explainers.networks import small_cnn

    folder = tmp_path_factory.mktemp("project")
    torch.save(small_cnn(seed=4).state_dict(), folder / "weights.pth")
    (folder / "photos").mkdir()
    random = np.random.default_rng(0)
    labels = ["file,cat,horse,boat,split"]
    for i in range(N_IMAGES):
        Image.fromarray(random.integers(0, 255, (50, 70, 3), dtype=np.uint8)).save(folder / f"photos/{i}.png")
        labels.append(f"{i}.png,{i % 2},{int(i > 2)},0,train")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    (folder / "config.toml").write_text(CONFIG)
    assert main(["explain", str(folder / "config.toml"), "--device", "cpu"]) == 0
    return Bundle(folder / "bundle")


def test_every_file_is_there_and_as_the_manifest_says(bundle):
    assert bundle.check_files() == []


def test_images_predictions_and_outcomes_are_read_with_their_types(bundle):
    assert bundle.classes == ["cat", "horse", "boat"]
    assert len(bundle.images) == N_IMAGES
    for image_id, image in bundle.images.items():
        assert (image["width"], image["height"], image["split"]) == (48, 48, "train")
        for name in bundle.classes:
            prediction = bundle.predictions[image_id][name]
            assert 0 <= prediction.score <= 1
            assert prediction.predicted == (prediction.score > prediction.threshold)
            expected = {(1, 1): "TP", (0, 1): "FP", (1, 0): "FN", (0, 0): "TN"}
            assert prediction.outcome == expected[prediction.truth, prediction.predicted]
    assert sum(len(ids) for ids in bundle.outcomes("cat").values()) == N_IMAGES


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
