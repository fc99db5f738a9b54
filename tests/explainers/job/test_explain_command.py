"""`python -m explainers explain`: a whole bundle, also after an interruption, a change, or bad input."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from PIL import Image

import explainers.run.job
from explainers.bundles.bundle import NODE_COLUMNS, PREDICTION_COLUMNS, read_bundle, write_table
from explainers.bundles.raw_maps import read_map
from explainers.cli import main
from explainers.datasets import cut_out, open_picture
from explainers.errors import UserError
from explainers.preprocessing import input_tensor
from tests.explainers.projects import N_IMAGES, change, contents, explain
from tests.explainers.sample_networks import small_cnn


def differing(found, expected):
    return {name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)}


def test_a_bundle_holds_predictions_raw_maps_and_features(project):
    assert explain(project) == 0
    manifest, tables = read_bundle(project / "bundle")
    assert len(tables["images"]) == N_IMAGES
    assert len(tables["predictions"]) == N_IMAGES * 3
    assert tuple(tables["predictions"][0]) == PREDICTION_COLUMNS
    assert len(tables["nodes"]) == N_IMAGES * 2 * 2
    assert tuple(tables["nodes"][0]) == NODE_COLUMNS
    assert np.load(project / "bundle" / "features.npy").shape == (N_IMAGES, 16)
    assert manifest["model"]["classes"] == ["cat", "horse", "boat"]
    assert len(manifest["model"]["thresholds"]) == 3
    assert [method["name"] for method in manifest["methods"]] == ["grad_cam", "multiscale_occlusion"]
    assert manifest["methods"][1]["parameters"]["epsilon"] == 0.001
    assert {row["split"] for row in tables["images"]} == {"train"}
    for row in tables["images"]:
        with Image.open(project / "bundle" / row["file"]) as picture:
            assert picture.size == (int(row["width"]), int(row["height"])) == (48, 48)
    for row in tables["nodes"]:
        assert np.load(project / "bundle" / row["map_file"]).shape == (32, 32)
        assert row["reference"] == "0.0"
    assert {method["name"]: (method["signed"], method["pixelwise"]) for method in manifest["methods"]} == {
        "grad_cam": (False, False), "multiscale_occlusion": (False, False),
    }  # fmt: skip


def test_maps_that_show_nothing_are_told(project, capsys):
    change(project, 'name = "grad_cam"', 'name = "layer_cam"\nlayer = "0"\nrelu = true')
    with torch.no_grad():
        weights = torch.load(project / "weights.pth")
        last = max(name for name in weights if name.endswith("weight"))
        weights[last].zero_()
        torch.save(weights, project / "weights.pth")
    assert explain(project) == 0
    n_maps = N_IMAGES * 2
    assert f"layer_cam: {n_maps} of {n_maps} maps have one value all over and show nothing" in capsys.readouterr().out


def test_outcomes_follow_truth_and_threshold(project):
    explain(project)
    manifest, tables = read_bundle(project / "bundle")
    thresholds = dict(zip(manifest["model"]["classes"], manifest["model"]["thresholds"], strict=True))
    names = {(True, True): "TP", (False, True): "FP", (True, False): "FN", (False, False): "TN"}
    for row in tables["predictions"]:
        predicted = float(row["score"]) > thresholds[row["class_name"]]
        assert row["predicted"] == str(predicted).lower()
        assert row["outcome"] == names[row["truth"] == "true", predicted]


def test_thresholds_can_be_given_when_they_were_chosen_on_other_images(project):
    change(project, "multilabel = true", "multilabel = true\nthresholds = [0.1, 0.9, 0.5]")
    explain(project)
    manifest, tables = read_bundle(project / "bundle")
    assert manifest["model"]["thresholds"] == [0.1, 0.9, 0.5]
    assert {row["threshold"] for row in tables["predictions"] if row["class_name"] == "horse"} == {"0.9"}


def test_stored_maps_are_the_methods_raw_maps(project):
    explain(project)
    _, tables = read_bundle(project / "bundle")
    model = small_cnn()
    model.load_state_dict(torch.load(project / "weights.pth"))
    node = next(row for row in tables["nodes"] if row["method"] == "grad_cam" and row["target"] == "1")
    source = next(row["source"] for row in tables["images"] if row["image_id"] == node["image_id"])
    picture = cut_out(open_picture(project / "photos" / source), 32, (32, 32))
    image = input_tensor(picture, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    expected = explainers.explain("grad_cam", model, image[None], [1])[0, 0].numpy()
    stored = np.load(project / "bundle" / node["map_file"]).astype(np.float32) * float(node["scale"])
    np.testing.assert_allclose(stored, expected, atol=1e-3 * float(node["scale"]))


def test_no_name_in_the_bundle_tells_the_class_or_the_source(project):
    explain(project)
    names = " ".join(contents(project / "bundle"))
    assert "horse" not in names
    assert "cat" not in names
    for path in (project / "bundle" / "images").iterdir():
        with Image.open(path) as picture:
            assert not picture.getexif()
            assert not {"exif", "xmp", "icc_profile"} & set(picture.info)


@pytest.mark.parametrize(("form", "steps"), [("png8", 255), ("png16", 65535)])
def test_maps_can_be_grey_pictures_from_their_lowest_value_to_their_highest(project, form, steps):
    explain(project)
    _, whole = read_bundle(project / "bundle")
    exact = {_key(row): read_map(project / "bundle", row) for row in whole["nodes"]}
    change(project, "size = 48", f'size = 48\nmaps = "{form}"')
    explain(project)
    manifest, tables = read_bundle(project / "bundle")
    assert manifest["maps"] == {"format": form, "size": None}
    for row in tables["nodes"]:
        expected = exact[_key(row)]
        assert row["scale"] == ""
        assert float(row["low"]) == pytest.approx(expected.min(), abs=1e-6)
        assert float(row["high"]) == pytest.approx(expected.max(), abs=1e-6)
        with Image.open(project / "bundle" / row["map_file"]) as picture:
            assert picture.mode == ("L" if form == "png8" else "I;16")
        found = read_map(project / "bundle", row)
        np.testing.assert_allclose(found, expected, atol=0.51 * np.ptp(expected) / steps + 1e-6)


def _key(row):
    return row["image_id"], row["method"], row["target"]


def test_maps_can_be_stored_smaller(project):
    change(project, "size = 48", 'size = 48\nmap_size = 8\nmaps = "png8"')
    explain(project)
    _, tables = read_bundle(project / "bundle")
    assert {read_map(project / "bundle", row).shape for row in tables["nodes"]} == {(8, 8)}


def test_a_rise_map_tells_its_value_for_no_effect(project):
    """The mean score over the masks: E[f·M] / p = E[f] where a pixel has no influence."""
    change(project, 'name = "grad_cam"', 'name = "rise"\nn_masks = 20')
    explain(project)
    _, tables = read_bundle(project / "bundle")
    rows = [row for row in tables["nodes"] if row["method"] == "rise"]
    assert all(0 < float(row["reference"]) < 1 for row in rows)
    for row in rows:
        saliency = read_map(project / "bundle", row)
        assert saliency.min() < float(row["reference"]) < saliency.max()


def test_a_run_killed_in_the_middle_continues_and_ends_the_same(project):
    explain(project)
    expected = contents(project / "bundle")
    change(project, 'bundle = "bundle"', 'bundle = "killed"')
    command = [sys.executable, "-m", "explainers", "explain", str(project / "config.toml"), "--device", "cpu"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    work = project / "killed.work"
    deadline = time.monotonic() + 600
    while len(list(work.glob("multiscale_occlusion-*/*.json"))) < 2 and time.monotonic() < deadline:
        assert process.poll() is None, "ended before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (project / "killed").exists()
    done = {path: path.stat().st_mtime_ns for path in work.rglob("*.json")}
    assert 0 < len(done) < 2 * N_IMAGES
    explain(project)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert differing(contents(project / "killed"), expected) == set()


def test_a_changed_parameter_computes_only_its_method_anew(project):
    explain(project)
    before = {path: path.stat().st_mtime_ns for path in (project / "bundle.work").rglob("*.json")}
    change(project, 'fill = "grey"', 'fill = "black"')
    explain(project)
    after = {path: path.stat().st_mtime_ns for path in (project / "bundle.work").rglob("*.json")}
    assert before.items() <= after.items()
    assert len(after) == len(before) + N_IMAGES
    manifest, _ = read_bundle(project / "bundle")
    assert manifest["methods"][1]["parameters"]["fill"] == "black"


def test_shares_make_the_same_bundle(project):
    explain(project)
    expected = contents(project / "bundle")
    change(project, 'bundle = "bundle"', 'bundle = "shared"')
    for share in ("1/2", "2/2"):
        assert explain(project, "--shard", share) == 0
        assert not (project / "shared").exists()
    explain(project)
    assert differing(contents(project / "shared"), expected) == set()


def test_another_form_of_the_maps_computes_nothing_anew(project):
    explain(project)
    before = {path: path.stat().st_mtime_ns for path in (project / "bundle.work").rglob("*.json")}
    change(project, "size = 48", 'size = 48\nmaps = "png16"')
    explain(project)
    assert {path: path.stat().st_mtime_ns for path in (project / "bundle.work").rglob("*.json")} == before


def test_a_work_folder_of_an_earlier_version_makes_a_bundle_anew(project):
    explain(project)
    expected = contents(project / "bundle")
    for path in (project / "bundle.work").glob("grad_cam-*/*.json"):
        record = json.loads(path.read_bytes())
        for node in record["nodes"]:
            del node["reference"]
            node["peaks"] = {"positive": 1.0, "magnitude": 1.0}
        path.write_text(json.dumps(record))
    explain(project)
    assert differing(contents(project / "bundle"), expected) <= {"manifest.json"}


def test_random_methods_draw_the_same_for_an_image_however_the_work_is_shared(project):
    change(project, 'name = "multiscale_occlusion"\ndepth = 2\nfill = "grey"', 'name = "rise"\nn_masks = 20')
    change(project, 'name = "grad_cam"', 'name = "gradient_shap"\nn_samples = 3\nbackground = 2')
    explain(project)
    expected = contents(project / "bundle")
    change(project, 'bundle = "bundle"', 'bundle = "shared"')
    for share in ("2/2", "1/2"):
        explain(project, "--shard", share)
    explain(project)
    assert differing(contents(project / "shared"), expected) == set()


def test_the_background_is_drawn_once_for_all_images(project, monkeypatch):
    change(project, 'name = "grad_cam"', 'name = "gradient_shap"\nn_samples = 3\nbackground = 2')
    named, plain = [], explainers.run.job.opaque
    monkeypatch.setattr("explainers.run.job.opaque", lambda *parts: named.append(parts) or plain(*parts))
    assert explain(project) == 0
    assert sum("background" in parts for parts in named) == N_IMAGES


def test_a_table_whose_rows_fail_is_not_there(tmp_path):
    def rows():
        yield {"image_id": "a"}
        raise UserError("no more")

    with pytest.raises(UserError, match="no more"):
        write_table(tmp_path / "images.csv", rows())
    assert list(tmp_path.iterdir()) == []


def test_unreadable_pictures_are_skipped_and_reported(project, capsys):
    (project / "photos" / "horse_0.png").write_bytes(b"no picture")
    assert explain(project) == 0
    manifest, tables = read_bundle(project / "bundle")
    assert len(tables["images"]) == N_IMAGES - 1
    assert manifest["dataset"]["skipped"][0]["source"] == "horse_0.png"
    assert "1 skipped" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["missing", "damaged", "manifest"])
def test_an_incomplete_or_damaged_bundle_is_refused_with_the_files_name(project, what):
    explain(project)
    victim = project / "bundle" / ("manifest.json" if what == "manifest" else "predictions.csv")
    if what == "damaged":
        victim.write_bytes(victim.read_bytes()[:-1])
    else:
        victim.unlink()
    with pytest.raises(UserError, match=victim.name):
        read_bundle(project / "bundle")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "grad_cam"', 'name = "gradcam"', "no method 'gradcam'. Did you mean grad_cam"),
        ('fill = "grey"', "fil = 1", "multiscale_occlusion has no parameter 'fil'"),
        ('name = "grad_cam"', 'name = "grad_cam"\nlayer = "44"', "the model has no layer '44'"),
        ('classes = ["horse", "cat"]', 'classes = ["hors"]', "there is no class 'hors'. Did you mean horse"),
        ('"cat", "horse", "boat"]', '"cat", "horse"]', "column 'boat' is not a class"),
        ('labels = "labels.csv"', 'labels = "label.csv"', "cannot read"),
        ('name = "grad_cam"', 'name = "grad_cam"\ncolormap = "Reds"', "colormap: a bundle holds no colours any more"),
        ("size = 48", 'size = 48\nscale = "shared"', "scale: a bundle holds no colours any more"),
        ("size = 48", "size = 48\nmaps = false", 'maps: expected "npy", "png8" or "png16"'),
    ],
)
def test_a_wrong_configuration_exits_with_2_and_leaves_no_bundle(project, capsys, old, new, message):
    change(project, old, new)
    assert explain(project) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (project / "bundle").exists()


def test_a_failed_run_leaves_the_earlier_bundle(project):
    explain(project)
    change(project, "depth = 2", "depth = 9")
    assert explain(project) == 2
    read_bundle(project / "bundle")


def test_a_device_that_is_not_there_is_named(project, capsys):
    assert main(["explain", str(project / "config.toml"), "--device", "cuda:99"]) == 2
    assert "--device: 'cuda:99' cannot be used here" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--shard", "3/2"], ["--shard", "x"], ["--limit", "0"]])
def test_impossible_options_are_refused(project, options):
    with pytest.raises(SystemExit, match="2"):
        explain(project, *options)


def test_methods_are_listed_for_people_and_programs(capsys):
    assert main(["methods"]) == 0
    assert "Grad-CAM" in capsys.readouterr().out
    assert main(["methods", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["multiscale_occlusion"]["parameters"]["depth"]["default"] == 4
    assert main(["metrics", "--json"]) == 0
    json.loads(capsys.readouterr().out)


def test_a_single_label_bundle_has_no_thresholds(project):
    change(project, "multilabel = true", "multilabel = false")
    with open(project / "labels.csv", "w", newline="") as file:
        csv.writer(file).writerows([["file", "label"], *([f"horse_{i}.png", "horse"] for i in range(4))])
    assert explain(project) == 0
    manifest, tables = read_bundle(project / "bundle")
    assert manifest["model"]["thresholds"] is None
    assert len(tables["images"]) == 4
    for image in tables["images"]:
        rows = [row for row in tables["predictions"] if row["image_id"] == image["image_id"]]
        assert sum(float(row["score"]) for row in rows) == pytest.approx(1)
        assert [row["predicted"] for row in rows].count("true") == 1
        assert {row["threshold"] for row in rows} == {""}


def test_quick_methods_explain_several_photographs_at_a_time(project, monkeypatch):
    from explainers import registry
    from explainers.run import explaining

    sizes, explained = [], registry.explain

    def counted(name, model, images, targets, **parameters):
        if name == "grad_cam":
            sizes.append(len(images))
        return explained(name, model, images, targets, **parameters)

    monkeypatch.setattr(registry, "explain", counted)
    assert explain(project) == 0
    assert sizes == [explaining.TOGETHER_N] * -(-N_IMAGES // explaining.TOGETHER_N)
