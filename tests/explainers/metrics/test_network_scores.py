"""`python -m explainers score` on bundles with explanation networks: the metrics of a whole data set."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from explainers.bundles.bundle import read_bundle, read_table, seal
from explainers.cli import main
from explainers.config import load_config
from explainers.datasets import open_picture
from explainers.metrics.faithfulness import faithfulness
from explainers.metrics.orthogonality import orthogonality
from explainers.models.building import model_input
from explainers.run.job import prepare
from explainers.xnn.activations import activations_of
from explainers.xnn.heatmaps import x_feature_maps
from explainers.xnn.storage import load
from explainers.xnn.training import apply
from tests.explainers.projects import N_IMAGES, change, explain, xnn

PARTS = "file,part,x,y,left,top,right,bottom\n"


@pytest.fixture
def shown(trained):
    """A project whose bundle shows an explanation network of two x-features, and Grad-CAM's maps."""
    xnn(trained)
    change(
        trained,
        'name = "multiscale_occlusion"\ndepth = 2\nfill = "grey"',
        'name = "xnn"\nnetwork = "small.xnn"\nlayer = "5"',
    )
    return trained


def score(folder, *options):
    return main(["score", str(folder / "bundle"), "--device", "cpu", *options])


def values(folder):
    """Return {metric: (n, value)} of the network."""
    rows = read_table(folder / "bundle", "dataset_metrics")
    return {row["metric"]: (int(row["n"]), float(row["value"])) for row in rows if row["method"] == "xnn"}


def with_maps(folder, *maps):
    """Put the same maps (32, 32) of the two x-features into the bundle for every image."""
    bundle = folder / "bundle"
    manifest, tables = read_bundle(bundle)
    nodes = tables["nodes"]
    for node in nodes:
        if node["method"] == "xnn":
            (bundle / node["map_file"]).unlink()  # a link to the work folder's
            np.save(bundle / node["map_file"], maps[int(node["node"])].astype(np.float16))
    seal(bundle, manifest)


@pytest.mark.parametrize("maps", ["npy", "png8"])
def test_values_are_those_of_the_networks_outputs_and_maps_over_all_images(shown, maps):
    change(shown, "size = 48", f'size = 48\nmaps = "{maps}"')
    explain(shown)
    assert score(shown, "--metrics", "faithfulness,orthogonality") == 0
    job, network = prepare(load_config(shown / "config.toml"), "cpu", None), load(shown / "small.xnn")
    photographs = job.photographs.values()
    images = torch.stack([model_input(open_picture(photo.path), job.config.model) for photo in photographs])
    activations, logits = activations_of(job.model, images, "9")
    thresholds = json.loads((shown / "bundle" / "manifest.json").read_text())["model"]["thresholds"]
    expected = faithfulness(
        apply(network, activations)[1], logits, classes=[1, 2], thresholds=torch.logit(torch.tensor(thresholds))
    ) | orthogonality(x_feature_maps(job.model, network, images, "5"))
    found = values(shown)
    assert {metric: value for metric, (_, value) in found.items()} == pytest.approx(expected, abs=2e-3)
    assert {n for n, _ in found.values()} == {N_IMAGES}
    better = {row["metric"]: row["better"] for row in read_table(shown / "bundle", "dataset_metrics")}
    assert better == {"f_reg": "lower", "f_cls": "higher", "o1": "lower", "o2": "lower"}


def test_orthogonality_and_locality_worked_by_hand(shown):
    # x-feature 1 lights up the left half, which is the true region, x-feature 2 the upper half: they share nothing
    explain(shown)
    left, upper = np.zeros((32, 32)), np.zeros((32, 32))
    left[:, :16], upper[:16] = 1, 1
    with_maps(shown, left, upper)
    (shown / "drawn").mkdir()
    for row in read_table(shown / "bundle", "images")[:4]:
        Image.fromarray(left.astype(np.uint8) * 255).save(shown / "drawn" / f"{row['image_id']}.png")
    assert score(shown, "--masks", str(shown / "drawn")) == 0
    found = values(shown)
    assert found["o1"] == (N_IMAGES, pytest.approx(0, abs=1e-6))
    assert found["o2"] == (N_IMAGES, pytest.approx(0, abs=1e-6))
    assert found["locality"] == (4, pytest.approx((0 + math.log(2)) / 2))


def test_classes_that_masks_tell_apart_are_the_parts(shown):
    explain(shown)
    whole = np.ones((32, 32))
    with_maps(shown, whole, whole)
    (shown / "bundle" / "masks").mkdir()
    image_id = read_table(shown / "bundle", "images")[0]["image_id"]
    for target, columns in ((0, 8), (2, 24)):  # a quarter and three quarters
        region = np.zeros((32, 32), dtype=np.uint8)
        region[:, :columns] = 255
        Image.fromarray(region).save(shown / "bundle" / "masks" / f"{image_id}-{target}.png")
    assert score(shown, "--metrics", "locality") == 0
    expected = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert values(shown)["locality"] == (1, pytest.approx(expected))


def test_part_points_reach_the_bundle_in_the_models_pixels_and_locality_by_their_cells(shown):
    # photographs of 70 × 50 are seen as the middle 32 × 32 of 44 × 32
    (shown / "parts.csv").write_text(
        PARTS + "horse_0.png,bill,34.5,24.5,0,0,70,50\nhorse_0.png,tail,34.5,49.5,0,0,70,50\n"
    )
    change(shown, 'labels = "labels.csv"', 'labels = "labels.csv"\nparts = "parts.csv"')
    explain(shown)
    rows = read_table(shown / "bundle", "parts")
    assert [(row["part"], float(row["x"]), float(row["y"])) for row in rows] == [
        ("bill", pytest.approx(15.5, abs=0.01), pytest.approx(15.5, abs=0.01)),
        ("tail", pytest.approx(15.5, abs=0.01), pytest.approx(31.5, abs=0.01)),
    ]
    assert [float(rows[0][edge]) for edge in ("left", "top", "right", "bottom")] == [-6, 0, 38, 32]
    at_tail, at_bill = np.zeros((32, 32)), np.zeros((32, 32))
    at_tail[31, 15:17], at_bill[15:17, 15:17] = 1, 1
    with_maps(shown, at_bill, at_tail)
    assert score(shown, "--metrics", "locality") == 0
    assert values(shown)["locality"] == (1, pytest.approx(0))


def test_later_metrics_stand_beside_earlier_ones_and_those_of_maps(shown):
    explain(shown)
    score(shown, "--metrics", "faithfulness")
    assert not (shown / "bundle" / "metrics.csv").exists()
    score(shown, "--metrics", "orthogonality,deletion")
    assert values(shown).keys() == {"f_reg", "f_cls", "o1", "o2"}
    assert {row["method"] for row in read_table(shown / "bundle", "dataset_metrics")} == {"xnn", "grad_cam"}
    read_bundle(shown / "bundle")


def test_what_is_not_there_to_be_scored_is_refused(shown, capsys):
    explain(shown)
    assert score(shown, "--metrics", "locality") == 2
    assert "locality needs true regions" in capsys.readouterr().err
    change(shown, 'name = "xnn"\nnetwork = "small.xnn"\nlayer = "5"', 'name = "mwp"\nlayer = "5"')
    explain(shown)
    assert score(shown, "--metrics", "faithfulness") == 2
    assert "faithfulness is of explanation networks" in capsys.readouterr().err
    for content, message in (
        ("file,part,x\n", "expected the columns file, part, x, y, left, top, right, bottom, found file, part, x"),
        (PARTS + "horse_0.png,bill,a,1,0,0,9,9\n", "line 2: expected numbers of pixels"),
        (PARTS + "dog.png,bill,1,1,0,0,9,9\n", "names no photograph, such as horse_0.png"),
    ):
        (shown / "parts.csv").write_text(content)
        (shown / "other.toml").write_text(
            (shown / "config.toml").read_text().replace('"labels.csv"', '"labels.csv"\nparts = "parts.csv"')
        )
        assert main(["explain", str(shown / "other.toml"), "--device", "cpu"]) == 2
        assert message in capsys.readouterr().err
