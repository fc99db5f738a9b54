"""`python -m explainers compare` on two small models."""

import csv
import re

import numpy as np
import pytest
import torch
from PIL import Image

from explainers.bundles.bundle import read_bundle
from explainers.cli import main
from explainers.comparison.comparing import markdown, table_of
from tests.explainers.projects import N_IMAGES, make_project
from tests.explainers.sample_networks import small_cnn

COMPARISON = """
[[models]]
name = "first"
arch = "tests.explainers.sample_networks:small_cnn"
weights = "weights.pth"
multilabel = true
size = 32
resize = 32
classes = ["cat", "horse", "boat"]
[[models]]
name = "second"
arch = "tests.explainers.sample_networks:small_cnn"
weights = "other.pth"
multilabel = true
size = 32
resize = 32
classes = ["cat", "horse", "boat"]
parameters = {cam = {layer = "4"}}
[images]
folder = "photos"
labels = "labels.csv"
masks = "regions"
name = "<noise>"
[targets]
classes = ["horse"]
[[methods]]
name = "grad_cam"
id = "cam"
[[methods]]
name = "lrp"
"""


def make(project):
    torch.save(small_cnn(seed=5).state_dict(), project / "other.pth")
    (project / "regions").mkdir()
    pixels = np.zeros((50, 70), dtype=np.uint8)
    pixels[10:30, 20:50] = 255
    Image.fromarray(pixels).save(project / "regions" / "horse_0.png")
    (project / "comparison.toml").write_text(COMPARISON)
    return project


@pytest.fixture
def comparison(project):
    return make(project)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """What comes out of one comparison, that its tests read."""
    project = make(make_project(tmp_path_factory.mktemp("compared")))
    assert run(project, "--shown", "2") == 0
    return project / "out"


def run(folder, *options):
    return main(["compare", str(folder / "comparison.toml"), "--out", str(folder / "out"), "--device", "cpu", *options])


def test_every_model_method_and_metric_is_in_the_table(compared):
    with open(compared / "comparison.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["model"], row["method"]) for row in rows} == {
        (m, e) for m in ("first", "second") for e in ("cam", "lrp")
    }
    metrics = {row["metric"] for row in rows}
    assert {"road", "road_morf", "road_lerf", "iou", "pointing_game", "deletion", "insertion"} <= metrics
    assert {"confidence_b_increase", "confidence_b_drop", "confidence_s_increase", "confidence_s_drop"} <= metrics
    assert {row["n"] for row in rows if row["metric"] == "road"} == {str(N_IMAGES)}
    assert {row["n"] for row in rows if row["metric"] == "iou"} == {"1"}
    lines = (compared / "comparison.md").read_text().splitlines()
    assert len(lines) == 2 + 4
    assert {line.count("|") for line in lines} == {len(metrics) + 3}


def test_the_page_holds_everything_itself(compared):
    page = (compared / "index.html").read_text()
    assert page.count("<img ") == 2 * (1 + 2 * 2)
    assert set(re.findall(r"src='([^,]*),", page)) == {"data:image/webp;base64"}
    assert not re.search(r"(src|href)='?(?!data:)\w*[./]", page)
    assert "&lt;noise&gt;" in page
    assert "<noise>" not in page
    assert "alt=" in page


def test_a_models_own_parameters_reach_its_method_only(comparison):
    run(comparison)
    layers = {}
    for name in ("first", "second"):
        manifest, _ = read_bundle(comparison / "out" / "bundles" / name)
        layers[name] = {method["name"]: method["parameters"].get("layer") for method in manifest["methods"]}
    assert layers == {"first": {"cam": None, "lrp": None}, "second": {"cam": "4", "lrp": None}}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[[models]]", "[[model]]", "expected a table [[models]] per model"),
        ('"second"', '"first"', "'first' stands twice"),
        ('"second"', '"../second"', "expected a name that a folder can have"),
        ("{cam = ", "{gradcam = ", "there is no method 'gradcam'"),
        ('arch = "tests', 'arhc = "tests', "there is no field 'arhc'. Did you mean arch"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(comparison, capsys, old, new, message):
    (comparison / "comparison.toml").write_text(COMPARISON.replace(old, new))
    assert run(comparison) == 2
    assert message in capsys.readouterr().err


def test_the_best_of_a_column_is_marked_by_its_direction_and_ties_share_it():
    def row(method, metric, better, value):
        return {"model": "m", "method": method, "metric": metric, "better": better, "n": "5", "value": value}

    rows = [row("a", "road", "higher", "0.50001"), row("b", "road", "higher", "0.5"), row("c", "road", "higher", "0.1")]
    rows += [row("a", "deletion", "lower", "0.3"), row("b", "deletion", "lower", "0.2")]
    _, lines = table_of(rows)
    assert [[cell and cell[2] for cell in cells] for _, _, cells in lines] == [
        [True, False],
        [True, True],
        [False, None],
    ]
    assert markdown(rows).splitlines()[-1] == "| m | c | 0.1 | – |"
