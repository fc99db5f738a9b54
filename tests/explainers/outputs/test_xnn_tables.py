"""`python -m benchmarks.xnn`: its parts on little data."""

import math

import pytest
import torch

from benchmarks.xnn import data, networks, tables
from explainers.maps.parts import mask_weights
from explainers.xnn.settings import KINDS, Settings
from explainers.xnn.training import Report
from tests.explainers.sample_networks import pictures, small_cnn


@pytest.fixture(scope="module")
def small():
    """Sixty training and twenty test images of three classes, each in four parts."""
    model, train, test = small_cnn().eval(), pictures(60, 32), pictures(20, 32, seed=1)
    regions = torch.arange(4).reshape(2, 2).repeat_interleave(16, 0).repeat_interleave(16, 1) + 1
    with torch.inference_mode():
        labels = [[(int(k),) for k in model(images).argmax(dim=1)] for images in (train, test)]
    return data.DataSet(
        name="small", model=model, class_names=["a", "b", "c"], explained=[0, 1], layer="9", map_layer="5",
        layers=["2", "9"], train=train, test=test, train_labels=labels[0], test_labels=labels[1],
        weights=lambda _i: mask_weights(regions, 4), located=list(range(20)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(small):
    cached = networks.Cached(small)
    settings = {
        kind: Settings(layer="9", kind=kind, hidden=(8, 4), features=3, epochs=2, alpha=0.001, remedies=1)
        for kind in KINDS
    }
    return cached, settings, networks.trained(small, cached, settings)


def test_the_main_table_has_a_row_per_method_and_every_measure(small, found):
    rows = {row["method"]: row for row in networks.main_table(small, found[0], found[2], found[1])}
    assert rows.keys() == {"SRAE", "NN", "SAE", "CAE", "LASSO", "Z", "1-Heatmap"}
    for name, row in rows.items():
        assert 0 <= row["locality"] <= math.log(4) + 1e-6
        measured = {key for key, value in row.items() if value is not None}
        assert ("F_reg test" in measured) == (name not in ("Z", "1-Heatmap"))


def test_degeneration_counts_what_the_reports_say():
    reports = [Report({0: "dead", 2: "duplicate of 1"}, remedies=[{"1": "dead"}]), Report()]
    rows = networks.degeneration_table({("srae", k): (None, report) for k, report in enumerate(reports)})
    assert rows == [
        {
            "method": "SRAE",
            "networks": 2,
            "with degenerate x-features": 1,
            "dead": 1,
            "constant": 0,
            "duplicate": 1,
            "idle": 0,
            "degenerate before remedies": 1,
            "remedies tried": 1,
        }
    ]


def test_the_lasso_keeps_more_dimensions_and_errs_less_with_a_smaller_penalty(small, found):
    rows = tables.lasso_table(small, found[0])
    assert [row["alpha"] for row in rows] == sorted((row["alpha"] for row in rows), reverse=True)
    assert rows[0]["x-features"] <= rows[-1]["x-features"]
    assert rows[0]["F_reg train"] >= rows[-1]["F_reg train"]


def test_every_layer_has_a_row(small):
    rows = tables.layer_table(small)
    assert [row["layer"] for row in rows] == ["2", "9"]
    assert rows[0]["activations"] == "8 × 32 × 32"


def test_a_table_is_written_as_csv_and_markdown(tmp_path):
    data.write_table(tmp_path / "t" / "xnn-a", [{"method": "SRAE", "F": 0.12345, "n": 3, "none": None}])
    assert (tmp_path / "t" / "xnn-a.md").read_text().splitlines()[2] == "| SRAE | 0.123 | 3 | – |"
    assert "0.12345" in (tmp_path / "t" / "xnn-a.csv").read_text()


def test_a_birds_points_and_box_follow_it_to_the_models_input():
    pixels, _, points, box = data.draw_bird(3, 2)
    assert pixels.shape == (128, 128, 3)
    visible = points[~torch.from_numpy(points).isnan().any(dim=1).numpy()]
    assert len(visible) >= 4
    assert (visible >= box[:2] - 1).all()
    assert (visible <= box[2:] + 1).all()


def test_every_object_of_a_scene_has_a_number():
    for index in range(6):
        _, labels, numbers = data.draw_scene(index, 3)
        assert numbers.shape == (128, 128)
        assert numbers.max() < len(data.OBJECTS)
        assert len(labels) == 8
