"""The gallery of a bundle: every explanation is there, filtered as asked, and what is wrong is marked."""

import csv
import hashlib
import io
import json
import struct
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from studyapp import models
from studyapp.bundles.stimuli import load_bundle, stimulus_url
from studyapp.core.bundles import gallery
from studyapp.core.bundles.bundle import Bundle
from studyapp.core.bundles.image_size import image_size
from tests.bundles import PIXEL, write_bundle
from tests.studyapp.test_roles import signed_in


def lossless(width: int, height: int, mark: int) -> bytes:
    """Return the head of a lossless WebP of a size; `mark` makes files differ."""
    bits = (width - 1) | (height - 1) << 14
    body = b"VP8L" + struct.pack("<I", 10) + b"\x2f" + struct.pack("<I", bits) + struct.pack("<I", mark) + b"\0"
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def change(folder: Path, files: dict[str, bytes]) -> None:
    """Write files of a bundle anew, and their hashes into its manifest."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, content in files.items():
        (folder / name).write_bytes(content)
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def rows_of(folder: Path, name: str) -> list[dict]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def table(rows: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.fixture
def folder(tmp_path):
    """A small bundle without a fault: every overlay another picture, of its image's size."""
    folder = write_bundle(tmp_path / "whole", per_outcome={"TP": 2, "FP": 1, "FN": 1, "TN": 1}, size=64)
    names = [row["overlay_file"] for row in rows_of(folder, "nodes.csv")]
    change(folder, {name: lossless(64, 64, mark) for mark, name in enumerate(names)})
    return folder


@pytest.fixture
def record(db, folder):
    return load_bundle(folder, "gulls")


@pytest.fixture
def desk(db):
    return signed_in(User.objects.create_superuser("ada"))


def page(desk, record, **asked):
    return desk.get(reverse("admin:gallery", args=[record.pk]), asked)


def test_the_size_of_a_picture_is_in_its_head(tmp_path):
    heads = {
        "lossless": lossless(300, 7, 0),
        "lossy": b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480),
        "extended": b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0"
        + (1023).to_bytes(3, "little")
        + (767).to_bytes(3, "little"),
        "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 12, 34),
        "text": b"hello",
        "pixel": PIXEL,
    }
    found = {}
    for name, head in heads.items():
        (tmp_path / name).write_bytes(head)
        found[name] = image_size(tmp_path / name)
    assert found == {
        "lossless": (300, 7),
        "lossy": (640, 480),
        "extended": (1024, 768),
        "png": (12, 34),
        "text": None,
        "pixel": (1, 1),
    }


def test_a_whole_bundle_has_no_problem(folder):
    assert gallery.problems(Bundle(folder)) == {}


def test_overlays_smaller_than_their_images_are_wrong_only_where_one_is_of_another_scale(folder):
    names = [row["overlay_file"] for row in rows_of(folder, "nodes.csv")]
    change(folder, {name: lossless(32, 32, mark) for mark, name in enumerate(names)})
    assert gallery.problems(Bundle(folder)) == {}
    change(folder, {names[0]: lossless(64, 64, 0)})
    assert list(gallery.problems(Bundle(folder)).values()) == [
        "64 × 64 px, the image 64 × 64, unlike the method's others"
    ]
    change(folder, {name: lossless(32, 16, mark) for mark, name in enumerate(names)})
    assert len(gallery.problems(Bundle(folder))) == len(names)


def test_what_is_wrong_is_found_and_named(folder):
    nodes = rows_of(folder, "nodes.csv")
    same, small, without, missing = nodes[0], nodes[3], nodes[6], nodes[9]
    change(folder, {same["overlay_file"]: lossless(64, 64, 1), small["overlay_file"]: lossless(32, 64, 99)})
    without["overlay_file"] = ""
    change(folder, {"nodes.csv": table([row for row in nodes if row is not missing])})
    bundle = Bundle(folder)

    def of(row):
        return gallery.problems(bundle).get((row["image_id"], row["method"], bundle.classes[int(row["target"])]))

    assert of(same) == of(nodes[1]) == "the same picture as another overlay, or both are empty"
    assert of(small) == "32 × 64 px, the image 64 × 64"
    assert of(without) == "no overlay"
    assert of(missing) == "missing"
    assert len(gallery.problems(bundle)) == 5
    flawed = {(row["image_id"], row["label"]) for row in (same, nodes[1], small, without, missing)}
    found = gallery.rows(bundle, gallery.Shown(problems_only=True))
    assert (set(found), len(found)) == (flawed, len(flawed))
    cats = gallery.rows(bundle, gallery.Shown("cat", problems_only=True))
    assert set(cats) == {pair for pair in flawed if pair[1] == "cat"}
    (bundle.folder / nodes[-1]["overlay_file"]).unlink()
    gallery._known.cache_clear()
    assert of(nodes[-1]) == "its file is gone"


def test_classes_that_only_some_images_are_explained_for_are_not_missing(folder):
    nodes = rows_of(folder, "nodes.csv")
    change(
        folder, {"nodes.csv": table([row for index, row in enumerate(nodes) if (index // 4) % 4 == int(row["target"])])}
    )
    bundle = Bundle(folder)
    explained = {image_id for image_id, _, _ in bundle.nodes}
    missing = {key[0] for key, problem in gallery.problems(bundle).items() if problem == "missing"}
    assert missing == set(bundle.images) - explained


def test_filters_choose_by_class_outcome_and_split(folder):
    bundle = Bundle(folder)
    cats = [image_id for image_id, _ in gallery.rows(bundle, gallery.Shown("cat", "TP"))]
    assert cats == bundle.outcomes("cat")["TP"]
    assert len(cats) == 2
    assert gallery.rows(bundle, gallery.Shown("cat", split="test")) == []
    assert len(gallery.rows(bundle, gallery.Shown("cat", split="train"))) == len(bundle.images)
    (only,) = gallery.cells(bundle, cats[0], "cat", ("lrp",))
    assert (only.method, only.nodes[0]["label"]) == ("lrp", "cat")


def test_a_tree_hangs_together_and_is_shown_whatever_the_class(folder):
    nodes = rows_of(folder, "nodes.csv")
    image_id = nodes[0]["image_id"]
    names = [row["overlay_file"] for row in nodes if row["image_id"] == image_id]
    tree = [
        nodes[0]
        | {"target": "", "method": "cwox", "node": node, "parent": parent, "label": label, "overlay_file": name}
        for (node, parent, label), name in zip(
            [("a", "", ""), ("b", "a", "cat"), ("c", "a", "horse")], names, strict=False
        )
    ]
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["methods"].append({"name": "cwox"})
    (folder / "manifest.json").write_text(json.dumps(manifest))
    change(folder, {"nodes.csv": table([row for row in nodes if row["image_id"] != image_id] + tree)})
    bundle = Bundle(folder)
    cell = gallery.cells(bundle, image_id, "horse")[-1]
    (root,) = gallery.tree_of(cell.nodes)
    assert [branch["node"]["label"] for branch in root["branches"]] == ["cat", "horse"]
    assert gallery.whole_output(bundle) == {"cwox"}


def test_metrics_stand_with_their_map(folder):
    node = rows_of(folder, "nodes.csv")[0]
    row = {"image_id": node["image_id"], "method": node["method"], "target": "0", "metric": "iou", "value": "0.25"}
    change(folder, {"metrics.csv": table([row])})
    bundle = Bundle(folder)
    first, _ = gallery.cells(bundle, node["image_id"], "cat")
    assert first.metrics == {"iou": 0.25}


@pytest.mark.django_db
@pytest.mark.database
def test_the_page_shows_photo_overlay_prediction_and_faults(desk, record, folder):
    nodes = rows_of(folder, "nodes.csv")
    text = page(desk, record).content.decode()
    for name in (nodes[0]["overlay_file"], f"images/{nodes[0]['image_id']}.webp"):
        assert stimulus_url(record, name) in text
    assert "None is missing or looks wrong." in text
    change(folder, {nodes[0]["overlay_file"]: lossless(10, 10, 5)})
    broken = load_bundle(folder, "broken")
    text = page(desk, broken, class_name="", problems_only="on").content.decode()
    assert "10 × 10 px, the image 64 × 64" in text
    assert '<strong class="hw-problem">1 is missing or looks wrong.</strong>' in text


@pytest.mark.django_db
@pytest.mark.database
def test_pages_keep_the_filter_and_an_odd_filter_breaks_nothing(desk, db, tmp_path):
    record = load_bundle(write_bundle(tmp_path / "large"), "large")
    response = page(desk, record, class_name="cat", outcome="TP")
    assert response.context["images"].paginator.count == 12
    text = page(desk, record, class_name="cat").content.decode()
    assert "?class_name=cat&amp;page=2" in text
    second = page(desk, record, class_name="cat", page="2")
    assert second.context["images"].number == 2
    assert page(desk, record, class_name="nonsense", method="x", page="99").status_code == 200


@pytest.mark.django_db
@pytest.mark.database
def test_only_those_who_may_see_the_bundle_see_its_gallery(record):
    bob = User.objects.create_user("bob", is_staff=True)
    assert page(signed_in(bob), record).status_code == 404
    study = models.Study.objects.create(slug="a", title="A", kind="forward_simulation", bundle=record)
    models.Member.objects.create(study=study, user=bob, role="analyst")
    assert page(signed_in(bob), record).status_code == 200


@pytest.mark.django_db
@pytest.mark.database
def test_methods_go_by_their_titles_or_failing_that_by_their_names_made_readable(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    titles = {"lrp": "Layer-wise relevance"}
    manifest["methods"] = [one | {"title": titles.get(one["name"], "")} for one in manifest["methods"]]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    record = load_bundle(folder, "titled")
    study = models.Study.objects.create(slug="fs", title="FS", kind="forward_simulation", bundle=record)
    models.Condition.objects.create(study=study, name="only", factors={"heatmap": "lrp", "scores": "shown"})
    desk = signed_in(User.objects.create_superuser("ada"))
    gallery_page = desk.get(reverse("admin:gallery", args=[record.pk]))
    assert [column["name"] for column in gallery_page.context["columns"]] == [
        "Layer-wise relevance",
        "Multiscale occlusion",
    ]
    assert "multiscale_occlusion<" not in gallery_page.content.decode()
    page = desk.get(reverse("admin:studyapp_study_change", args=[study.pk])).content.decode()
    assert '<option value="lrp" selected>Layer-wise relevance</option>' in page
    assert '<option value="multiscale_occlusion">Multiscale occlusion</option>' in page
    about = desk.get(reverse("admin:studyapp_bundle_change", args=[record.pk])).content.decode()
    assert "Layer-wise relevance, Multiscale occlusion" in about
