"""`python -m explainers score` on a small bundle."""

import numpy as np
import pytest
from PIL import Image

from explainers.bundles.bundle import read_bundle, read_table
from explainers.cli import main
from explainers.scoring import images, scores
from tests.explainers.projects import N_IMAGES, change, explain


@pytest.fixture
def bundle(project):
    assert explain(project) == 0
    return project / "bundle"


def test_values_of_all_quick_metrics_are_written_and_vouched_for(bundle):
    assert main(["score", str(bundle)]) == 0
    manifest, tables = read_bundle(bundle)
    rows = read_table(bundle, "metrics")
    assert {row["metric"] for row in rows} >= {"road", "deletion", "insertion", "confidence_b_drop"}
    assert not {"iou", "sanity"} & {row["metric"] for row in rows}
    per_metric = [row for row in rows if row["metric"] == "road"]
    assert len(per_metric) == len(tables["nodes"]) == N_IMAGES * 4
    assert {"metrics.csv", "dataset_metrics.csv"} <= manifest["files"].keys()
    means = {(row["method"], row["metric"]): row for row in read_table(bundle, "dataset_metrics")}
    values = [float(row["value"]) for row in per_metric if row["method"] == "grad_cam"]
    assert float(means["grad_cam", "road"]["value"]) == pytest.approx(np.mean(values))
    assert means["grad_cam", "road"]["better"] == "higher"


def test_a_later_metric_is_added_to_the_earlier_ones(bundle):
    main(["score", str(bundle), "--metrics", "deletion"])
    assert main(["score", str(bundle), "--metrics", "confidence"]) == 0
    names = {row["metric"] for row in read_table(bundle, "metrics")}
    assert {"deletion", "confidence_b_drop"} <= names
    read_bundle(bundle)


def counted(monkeypatch):
    calls = []
    real = images._metric_rows

    def compute(job, metric, method, *rest):
        calls.append((next(iter(metric.directions)), method["name"]))
        return real(job, metric, method, *rest)

    monkeypatch.setattr(images, "_metric_rows", compute)
    return calls


def test_only_a_further_metric_or_a_changed_method_is_computed(bundle, monkeypatch):
    calls = counted(monkeypatch)
    main(["score", str(bundle), "--metrics", "confidence"])
    first = read_table(bundle, "metrics")
    assert len(calls) == N_IMAGES * 2
    calls.clear()
    main(["score", str(bundle), "--metrics", "confidence,deletion"])
    assert {metric for metric, _ in calls} == {"deletion"}
    calls.clear()
    change(bundle.parent, "depth = 2", "depth = 2\nn_best = 1")
    explain(bundle.parent)
    main(["score", str(bundle), "--metrics", "confidence"])
    assert {method for _, method in calls} == {"multiscale_occlusion"}
    rows = read_table(bundle, "metrics")
    assert [row for row in rows if row["method"] == "grad_cam"] == [r for r in first if r["method"] == "grad_cam"]


def test_a_run_killed_between_images_or_while_writing_leaves_whole_files_and_continues(bundle, monkeypatch):
    main(["score", str(bundle), "--metrics", "confidence"])
    before = (bundle / "metrics.csv").read_bytes()
    real, calls = scores.image_rows, []

    def killed_at_the_last(*arguments):
        calls.append(arguments)
        if len(calls) == N_IMAGES:
            raise SystemExit
        return real(*arguments)

    monkeypatch.setattr(scores, "image_rows", killed_at_the_last)
    with pytest.raises(SystemExit):
        main(["score", str(bundle), "--metrics", "deletion"])
    read_bundle(bundle)
    assert (bundle / "metrics.csv").read_bytes() == before
    monkeypatch.setattr(scores, "image_rows", real)

    def killed(*_):
        raise SystemExit

    monkeypatch.setattr(scores, "seal", killed)
    with pytest.raises(SystemExit):
        main(["score", str(bundle), "--metrics", "deletion"])
    read_bundle(bundle)
    monkeypatch.undo()
    assert main(["score", str(bundle), "--metrics", "deletion"]) == 0
    assert {"deletion", "confidence_b_drop"} <= {row["metric"] for row in read_table(bundle, "metrics")}
    assert "metrics.csv" in read_bundle(bundle)[0]["files"]


def test_true_regions_are_read_from_masks(bundle):
    (bundle / "masks").mkdir()
    image_id = read_table(bundle, "images")[0]["image_id"]
    mask = np.zeros((48, 48), dtype=np.uint8)
    mask[:24] = 255
    Image.fromarray(mask).save(bundle / "masks" / f"{image_id}-1.png")
    assert main(["score", str(bundle), "--metrics", "iou"]) == 0
    rows = read_table(bundle, "metrics")
    assert {(row["image_id"], row["target"]) for row in rows} == {(image_id, "1")}
    assert len(rows) == 2 * 2


def test_the_sanity_check_runs_when_asked_for(bundle):
    assert main(["score", str(bundle), "--metrics", "sanity"]) == 0
    assert all(0 <= float(row["value"]) <= 1 for row in read_table(bundle, "metrics"))


def test_the_sanity_check_gives_a_method_what_the_run_gave_it(project):
    """A number of photographs as background, drawn as for the bundle's maps."""
    shap = 'name = "gradient_shap"\nn_samples = 2\nbackground = 2'
    change(project, 'name = "multiscale_occlusion"\ndepth = 2\nfill = "grey"', shap)
    assert explain(project) == 0
    assert main(["score", str(project / "bundle"), "--metrics", "sanity"]) == 0
    rows = [row for row in read_table(project / "bundle", "metrics") if row["method"] == "gradient_shap"]
    assert len(rows) == 2 * N_IMAGES


def test_what_cannot_be_scored_is_refused(bundle, capsys):
    assert main(["score", str(bundle), "--metrics", "iou"]) == 2
    assert "needs true regions" in capsys.readouterr().err
    assert main(["score", str(bundle), "--metrics", "raod"]) == 2
    assert "Did you mean road" in capsys.readouterr().err
    change(bundle.parent, "size = 48", "size = 48\nmap_size = 8")
    explain(bundle.parent)
    assert main(["score", str(bundle)]) == 2
    assert "its maps are stored small or in 8 bits" in capsys.readouterr().err
