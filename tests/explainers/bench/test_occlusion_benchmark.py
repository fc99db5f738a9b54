"""`python -m benchmarks.occlusion`: its comparison on little data."""

import numpy as np
import pytest
import torch

from benchmarks import occlusion
from tests.explainers.sample_networks import pictures, small_cnn


def test_a_gain_has_the_limits_of_students_t():
    found = occlusion.gain_of("gain", np.array([1.0, 2.0, 3.0]))  # R: t.test(c(1, 2, 3))$conf.int
    assert list(found.values()) == pytest.approx([2.0, -0.4841377, 4.4841377])
    assert set(occlusion.gain_of("gain", np.ones(3)).values()) == {1.0}


def test_a_gain_is_positive_where_the_variant_is_better():
    worse, better = {"deletion": torch.tensor([0.5, 0.7]), "road": torch.tensor([1.0, 2.0])}, {}
    better["deletion"], better["road"] = worse["deletion"] - 0.1, worse["road"] + 1
    found = {("grey", occlusion.PAPERS): worse, ("grey", occlusion.OPEN): worse, ("mean", "density"): better}
    rows = {(row["combine"], row["metric"]): row for row in occlusion.differences(found)}
    assert rows["density", "deletion"]["gain"] == pytest.approx(0.1)
    assert rows["density", "road"]["gain over open"] == pytest.approx(1.0)
    assert rows[occlusion.PAPERS, "road"]["gain"] is None


def test_every_variant_has_every_metric():
    images = pictures(2, 32)
    part = occlusion.Part(small_cnn().eval(), "softmax", images, torch.tensor([[0], [1]]), images[:, 0] > 0)
    found = occlusion.values_of(part, 1, ["grey"], {"density": occlusion.VARIANTS["density"]}, "made")
    assert found.keys() == {("grey", "density")}
    assert found["grey", "density"].keys() == set(occlusion.HIGHER)
    assert all(torch.isfinite(value).all() and value.shape == (2,) for value in found["grey", "density"].values())


def test_the_evidence_of_scenes_and_birds_is_in_the_picture():
    for part in (occlusion.scenes(occlusion.TUNE_SEED, 2), occlusion.birds(occlusion.TUNE_SEED, 2)):
        assert part.images.shape == (2, 3, 128, 128)
        assert part.evidence.flatten(1).any(dim=1).all()
        assert part.targets.shape == (2, 1)
