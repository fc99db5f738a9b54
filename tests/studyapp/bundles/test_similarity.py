"""How alike pictures are to the classifier: the cosine of their features, worked by hand."""

import numpy as np
import pytest

from studyapp.core.bundles.sets import open_bundle
from tests.bundles import write_bundle


def test_similarity_is_the_cosine_and_a_picture_without_features_is_like_none(tmp_path):
    folder = write_bundle(tmp_path, per_outcome={"TP": 6, "FP": 0, "FN": 0, "TN": 0}, classes=("cat",))
    rows = np.array([[3, 0], [1, 0], [-2, 0], [0, 5], [3, 4], [0, 0]], dtype=np.float32)
    np.save(folder / "features.npy", rows)
    bundle = open_bundle(folder)
    first, *others = bundle.images
    assert list(bundle.similarity(first, others).values()) == pytest.approx([1, -1, 0, 0.6, 0])
    assert list(bundle.similarity(others[-1], [first, others[0]]).values()) == [0, 0]
