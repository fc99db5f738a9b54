"""CAUC, CDROP and the number of salient pixels, against the definitions taken literally."""

import math

import pytest
import torch

import explainers
from explainers.bundles.bundle import read_bundle, read_table
from explainers.cli import main
from explainers.errors import UserError
from explainers.registry import scores
from tests.explainers.outputs.test_tree_bundles import CLASSES, N_IMAGES, make_project
from tests.explainers.projects import explain
from tests.explainers.sample_networks import pictures, small_cnn

SIDE = 12


def values(model, images, targets, maps, **parameters):
    return scores(explainers.METRICS["cauc"], model, images, targets, maps, **parameters)


def directly(model, image, target, others, saliency, n_pixels=None):
    """One forward pass for every number of deleted pixels, as the definition stands."""
    order = saliency.flatten().argsort(descending=True, stable=True)
    low, high = saliency.min(), saliency.max()
    n_delta = int((saliency >= low + (high - low) / 2).sum())
    n = saliency.numel()

    def s(r):
        deleted = image.clone().flatten(1)
        deleted[:, order[:r]] = 0
        probabilities = model(deleted.reshape(1, *image.shape)).softmax(dim=1)[0]
        return float(probabilities[target] * (1 - probabilities[others].sum()))

    area = sum(s(r) for r in range(1, (n_pixels or n_delta) + 1)) / n
    tau = 0.05 * n
    return area, (s(0) - s(n_delta)) / math.log2(1 + max(n_delta, tau) / tau), n_delta


@pytest.mark.parametrize("seed", [1, 2, 3])
@torch.inference_mode()
def test_the_values_equal_the_definition_taken_literally(seed):
    model, image = small_cnn(4, seed).eval(), pictures(1, SIDE, seed)[0]
    saliency = pictures(1, SIDE, seed + 10)[0].sum(dim=0)
    area, drop, n_delta = directly(model, image, 1, [0, 3], saliency)
    found = values(model, image[None], [1], saliency[None], others=[[0, 3]], steps=SIDE * SIDE)
    assert float(found["cauc"]) == pytest.approx(area, rel=1e-4)
    assert float(found["cdrop"]) == pytest.approx(drop, abs=1e-5)
    assert float(found["n_delta"]) == n_delta
    coarse = values(model, image[None], [1], saliency[None], others=[[0, 3]], steps=10)
    assert float(coarse["cauc"]) == pytest.approx(area, rel=0.05)
    assert float(coarse["cdrop"]) == pytest.approx(drop, abs=1e-5)


@torch.inference_mode()
def test_a_common_cut_off_changes_cauc_alone():
    model, image = small_cnn(4).eval(), pictures(1, SIDE)[0]
    saliency = pictures(1, SIDE, 10)[0].sum(dim=0)
    area, drop, n_delta = directly(model, image, 1, [0], saliency, n_pixels=7)
    found = values(model, image[None], [1], saliency[None], others=[[0]], n_pixels=[7], steps=SIDE * SIDE)
    assert float(found["cauc"]) == pytest.approx(area, rel=1e-4)
    assert float(found["cdrop"]) == pytest.approx(drop, abs=1e-5)
    assert float(found["n_delta"]) == n_delta != 7


def test_of_a_flat_map_every_pixel_is_salient():
    model, image = small_cnn(4).eval(), pictures(1, SIDE)
    found = values(model, image, [0], torch.zeros(1, SIDE, SIDE), others=[[1]])
    assert float(found["n_delta"]) == SIDE * SIDE
    assert all(torch.isfinite(value).all() for value in found.values())


def test_a_model_without_any_preference_has_no_drop_worked_by_hand():
    model = small_cnn(4)
    torch.nn.init.zeros_(model[11].weight)
    torch.nn.init.zeros_(model[11].bias)
    saliency = torch.zeros(1, SIDE, SIDE)
    saliency[0, :2] = 1  # 24 of 144 pixels; s = 1/4 · (1 − 1/4) throughout
    found = values(model, pictures(1, SIDE), [0], saliency, others=[[1]])
    assert float(found["cauc"]) == pytest.approx(24 / 144 * 3 / 16)
    assert float(found["cdrop"]) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("others", [None, [[]], [[0]], [[7]], [[1], [2]]])
def test_classes_to_contrast_with_are_needed(others):
    with pytest.raises(UserError, match="others: expected"):
        values(small_cnn(4), pictures(1, SIDE), [0], torch.zeros(1, SIDE, SIDE), others=others)


@pytest.fixture
def bundle(tmp_path):
    assert explain(make_project(tmp_path)) == 0
    return tmp_path / "bundle"


def test_a_bundle_of_trees_is_scored_by_its_leaves_with_clusters_from_its_tree(bundle):
    assert main(["score", str(bundle), "--metrics", "cauc,deletion", "--device", "cpu"]) == 0
    manifest, _ = read_bundle(bundle)
    rows = read_table(bundle, "metrics")
    targets = {method["name"]: [] for method in manifest["methods"]}
    for row in rows:
        if row["metric"] == "cauc":
            targets[row["method"]].append(row["target"])
    for name in ("cwox_2s", "by_rise", "swox"):
        assert sorted(targets[name]) == sorted(["0", "1", "2", "3"] * N_IMAGES)
    assert len(targets["grad_cam"]) == N_IMAGES
    means = {(row["method"], row["metric"]): row for row in read_table(bundle, "dataset_metrics")}
    assert means["cwox_2s", "cauc"]["better"] == "lower"
    assert means["cwox_2s", "cdrop"]["better"] == "higher"
    assert {("cwox_2s", "deletion"), ("swox", "n_delta")} <= means.keys()


def test_the_report_is_table_a_1_in_shape_with_figures(bundle, tmp_path):
    arguments = ["score", str(bundle), "--metrics", "cauc", "--report", str(tmp_path / "report"), "--device", "cpu"]
    assert main(arguments) == 0
    table = (tmp_path / "report" / "contrast.csv").read_text().splitlines()
    assert table[0] == "method,base,n_delta,cauc,cdrop,n"
    assert [line.split(",")[:2] for line in table[1:]] == [
        ["cwox_2s", "grad_cam"], ["by_rise", "rise"], ["swox", "grad_cam"], ["grad_cam", ""],
    ]  # fmt: skip
    markdown = (tmp_path / "report" / "contrast.md").read_text()
    assert "| method | base | n̄_δ | CAUC ↓ | CDROP ↑ | maps |" in markdown
    for name in ("contrast.webp", "curves.webp"):
        assert (tmp_path / "report" / name).read_bytes()[8:12] == b"WEBP"
    assert any(name in markdown for name in CLASSES)


def test_without_a_latent_tree_there_is_nothing_to_contrast(tmp_path, capsys):
    project = make_project(tmp_path)
    text = (project / "config.toml").read_text()
    first, rest = text.split("[[methods]]", 1)
    (project / "config.toml").write_text(first + '[[methods]]\nname = "swox"\n' + rest[rest.index("[output]") :])
    explain(project)
    assert main(["score", str(project / "bundle"), "--metrics", "cauc"]) == 2
    assert "needs confusion clusters" in capsys.readouterr().err
    assert main(["score", str(project / "bundle"), "--metrics", "deletion"]) == 0
