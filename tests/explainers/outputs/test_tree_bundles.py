"""Whole-output methods in a bundle: trees of maps, their tables, scales, latent tree, and resumption."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch

import explainers
from explainers.bundles.bundle import read_bundle
from explainers.datasets import cut_out, open_picture
from explainers.preprocessing import input_tensor
from explainers.trees import read_tree
from tests.explainers.projects import contents, draw_photographs, explain
from tests.explainers.sample_networks import small_cnn

CLASSES = ["cello", "violin", "cab", "van"]
CONFIG = """
[model]
arch = "tests.explainers.outputs.test_tree_bundles:network"
weights = "weights.pth"
size = 32
resize = 32
classes = ["cello", "violin", "cab", "van"]
[images]
folder = "photos"
labels = "labels.csv"
[[methods]]
name = "cwox_2s"
tree = "groups.json"
mass = 1.0
[[methods]]
name = "cwox_2s"
id = "by_rise"
base = "rise"
tree = "groups.json"
mass = 1.0
stage_1 = { n_masks = 20 }
stage_2 = { n_masks = 10, grid = 4 }
[[methods]]
name = "swox"
mass = 1.0
[[methods]]
name = "grad_cam"
[output]
bundle = "bundle"
size = 48
"""
N_IMAGES = 5


def network(num_classes: int = 4):
    return small_cnn(num_classes)


def make_project(folder):
    """Put weights, photographs, labels, a latent tree and a configuration into the folder."""
    model = small_cnn(4, seed=4)
    with torch.no_grad():
        model[11].weight.mul_(3)
    torch.save(model.state_dict(), folder / "weights.pth")
    rows = ["file,label"]
    for i, name in enumerate(draw_photographs(folder, "cello", N_IMAGES)):
        rows.append(f"{name},{CLASSES[i % 4]}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    groups = [{"id": "1-0", "level": 1, "children": [{"class": 0}, {"class": 1}]},
              {"id": "1-2", "level": 1, "children": [{"class": 2}, {"class": 3}]}]  # fmt: skip
    content = {"schema_version": 1, "source": "made here", "classes": [], "roots": groups}
    (folder / "groups.json").write_text(json.dumps(content))
    (folder / "config.toml").write_text(CONFIG)
    return folder


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path)


def nodes_of(tables, method):
    return [row for row in tables["nodes"] if row["method"] == method]


def test_a_tree_per_image_is_written_with_parents_classes_and_probabilities(project):
    assert explain(project) == 0
    _, tables = read_bundle(project / "bundle")
    scores = {(row["image_id"], row["class_index"]): float(row["score"]) for row in tables["predictions"]}
    rows = nodes_of(tables, "cwox_2s")
    assert len(rows) == N_IMAGES * 6
    for row in rows:
        classes = row["classes"].split("|")
        assert row["target"] == ""
        assert row["label"] == ", ".join(CLASSES[int(index)] for index in classes)
        assert float(row["score"]) == pytest.approx(sum(scores[row["image_id"], index] for index in classes), abs=1e-5)
        above = [other for other in rows if (other["image_id"], other["node"]) == (row["image_id"], row["parent"])]
        assert len(above) == (row["parent"] != "")
        assert all(set(classes) < set(other["classes"].split("|")) for other in above)
    assert {row["classes"] for row in nodes_of(tables, "swox")} == {"0", "1", "2", "3"}
    assert {row["target"] != "" for row in nodes_of(tables, "grad_cam")} == {True}


def test_stored_maps_are_the_methods_raw_maps(project):
    explain(project)
    _, tables = read_bundle(project / "bundle")
    model = network()
    model.load_state_dict(torch.load(project / "weights.pth"))
    image_id, source = tables["images"][0]["image_id"], tables["images"][0]["source"]
    picture = cut_out(open_picture(project / "photos" / source), 32, (32, 32))
    image = input_tensor(picture, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    expected = explainers.explain_output("cwox_2s", model.eval(), image, tree=[[0, 1], [2, 3]], mass=1.0)
    stored = {row["node"]: row for row in nodes_of(tables, "cwox_2s") if row["image_id"] == image_id}
    assert list(stored) == [node.key for node in expected]
    for node in expected:
        row = stored[node.key]
        saliency = np.load(project / "bundle" / row["map_file"]).astype(np.float32) * float(row["scale"])
        np.testing.assert_allclose(saliency, node.map.numpy(), atol=1e-3 * float(row["scale"]))


def test_a_tree_on_rise_tells_each_maps_value_for_no_effect(project):
    config = project / "config.toml"
    with_rise = 'name = "swox"\nbase = "rise"\nstage_1 = { n_masks = 10 }'
    config.write_text(config.read_text().replace('name = "swox"', with_rise))
    explain(project)
    _, tables = read_bundle(project / "bundle")
    assert all(0 < float(row["reference"]) <= 1 for row in nodes_of(tables, "swox"))
    assert {row["reference"] for row in nodes_of(tables, "cwox_2s")} == {"0.0"}


def test_the_latent_tree_is_in_the_bundle_with_the_models_class_names(project):
    explain(project)
    manifest, _ = read_bundle(project / "bundle")
    assert "tree.json" in manifest["files"]
    tree = read_tree(project / "bundle" / "tree.json")
    assert tree.groups() == [(0, 1), (2, 3)]
    assert tree.class_names == tuple(CLASSES)
    described = manifest["methods"][0]["parameters"]["tree"]
    assert described["file"] == "groups.json"
    assert len(described["sha256"]) == 64


def test_clusters_can_stand_in_the_configuration_itself(project):
    explain(project)
    expected = contents(project / "bundle")
    text = (project / "config.toml").read_text()
    (project / "config.toml").write_text(text.replace('tree = "groups.json"', "tree = [[0, 1], [2, 3]]"))
    explain(project)
    found = contents(project / "bundle")
    assert {n for n in found if n.startswith("images/")} == {n for n in expected if n.startswith("images/")}
    assert read_tree(project / "bundle" / "tree.json").groups() == [(0, 1), (2, 3)]


def test_a_second_run_computes_nothing_and_another_tree_only_what_depends_on_it(project):
    explain(project)
    before = {path: path.stat().st_mtime_ns for path in (project / "bundle.work").rglob("*.json")}
    explain(project)
    assert {path: path.stat().st_mtime_ns for path in (project / "bundle.work").rglob("*.json")} == before
    other = (
        (project / "groups.json")
        .read_text()
        .replace('"class": 1', '"class": 3', 1)
        .replace('{"class": 3}]}]', '{"class": 1}]}]')
    )
    (project / "groups.json").write_text(other)
    explain(project)
    after = {path: path.stat().st_mtime_ns for path in (project / "bundle.work").rglob("*.json")}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 2 * N_IMAGES


def test_shares_make_the_same_bundle_also_with_random_bases(project):
    explain(project)
    expected = contents(project / "bundle")
    text = (project / "config.toml").read_text()
    (project / "config.toml").write_text(text.replace('bundle = "bundle"', 'bundle = "shared"'))
    for share in ("2/2", "1/2"):
        explain(project, "--shard", share)
    explain(project)
    assert contents(project / "shared") == expected


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('tree = "groups.json"', 'tree = "trees.json"', "[[methods]] cwox_2s tree: there is no file"),
        ('tree = "groups.json"\nmass = 1.0\n[', "mass = 1.0\n[", "cwox_2s needs a latent tree"),
        ('size = 32\n', 'size = 32\nmultilabel = true\n', "it needs multilabel = false"),
        ('name = "swox"', 'name = "swax"', "There is no method 'swax'. Did you mean swox"),
        ('name = "swox"', 'name = "swox"\nlayer = "3"', "swox has no parameter 'layer'"),
    ],
)  # fmt: skip
def test_mistakes_are_named(project, capsys, old, new, message):
    text = (project / "config.toml").read_text()
    assert old in text
    (project / "config.toml").write_text(text.replace(old, new, 1))
    if "multilabel" in new:
        rows = ["file,cello,violin,cab,van", *(f"cello_{i}.png,1,0,0,0" for i in range(N_IMAGES))]
        (project / "labels.csv").write_text("\n".join(rows) + "\n")
    assert explain(project) == 2
    assert message in capsys.readouterr().err


def test_keys_name_the_place_in_the_tree(project):
    explain(project)
    _, tables = read_bundle(project / "bundle")
    keys = [row["node"] for row in nodes_of(tables, "cwox_2s")][:6]
    assert keys == ["0", "0.0", "0.1", "1", "1.0", "1.1"]
    assert all(first != second for first, second in pairwise(keys))
