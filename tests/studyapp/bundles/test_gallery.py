"""The gallery of a bundle: every explanation is there, filtered as asked, and what is wrong is marked."""

import csv
import hashlib
import html
import io
import json
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from PIL import Image

from studyapp import models
from studyapp.bundles import stimuli
from studyapp.bundles.stimuli import load_bundle, stimulus_url
from studyapp.core.bundles import gallery
from studyapp.core.bundles.bundle import Bundle
from tests.bundles import node_row, write_bundle
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import section_of, signed_in


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
    """A small bundle without a fault: every map another one."""
    return write_bundle(tmp_path / "whole", per_outcome={"TP": 2, "FP": 1, "FN": 1, "TN": 1})


@pytest.fixture
def record(db, folder):
    return load_bundle(folder, "gulls")


@pytest.fixture
def desk(db):
    return signed_in(User.objects.create_superuser("ada"))


def page(desk, record, **asked):
    return desk.get(reverse("admin:gallery", args=[record.pk]), asked)


def test_a_whole_bundle_has_no_problem(folder):
    assert gallery.problems(Bundle(folder)) == {}


def test_what_is_wrong_is_found_and_named(folder):
    nodes = rows_of(folder, "nodes.csv")
    same, missing = nodes[0], nodes[9]
    change(folder, {same["map_file"]: (folder / nodes[1]["map_file"]).read_bytes()})
    change(folder, {"nodes.csv": table([row for row in nodes if row is not missing])})
    bundle = Bundle(folder)

    def of(row):
        return gallery.problems(bundle).get((row["image_id"], row["method"], bundle.classes[int(row["target"])]))

    assert of(same) == of(nodes[1]) == "the same map as another one, or both are empty"
    assert of(missing) == "missing"
    assert len(gallery.problems(bundle)) == 3
    flawed = {(row["image_id"], row["label"]) for row in (same, nodes[1], missing)}
    found = gallery.rows(bundle, gallery.Shown(problems_only=True))
    assert (set(found), len(found)) == (flawed, len(flawed))
    cats = gallery.rows(bundle, gallery.Shown("cat", problems_only=True))
    assert set(cats) == {pair for pair in flawed if pair[1] == "cat"}


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
    assert (only.method, only.nodes[0].label) == ("lrp", "cat")


def test_a_tree_hangs_together_and_is_shown_whatever_the_class(folder):
    nodes = rows_of(folder, "nodes.csv")
    image_id = nodes[0]["image_id"]
    names = [row["map_file"] for row in nodes if row["image_id"] == image_id]
    tree = [
        node_row(image_id, "cwox", "", node, name, parent=parent, label=label)
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
    assert [branch["node"].label for branch in root["branches"]] == ["cat", "horse"]
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
def test_the_page_shows_photo_map_prediction_and_faults(desk, record, folder):
    nodes = rows_of(folder, "nodes.csv")
    text = page(desk, record).content.decode()
    assert stimulus_url(record, f"images/{nodes[0]['image_id']}.webp") in text
    assert "None is missing or looks wrong." in text
    change(folder, {nodes[0]["map_file"]: (folder / nodes[1]["map_file"]).read_bytes()})
    broken = load_bundle(folder, "broken")
    text = page(desk, broken, class_name="", problems_only="on").content.decode()
    assert "the same map as another one" in text
    assert '<strong class="hw-problem">2 are missing or look wrong.</strong>' in text


@pytest.mark.django_db
@pytest.mark.database
def test_a_maps_picture_is_drawn_when_it_is_asked_for_and_kept(desk, record, settings):
    addresses = re.findall(r'src="(/admin/[^"]+/gallery/map/[^"]+)"', page(desk, record).content.decode())
    assert addresses
    drawn = settings.STIMULI_ROOT.glob("????????????????/*.webp")
    assert not list(drawn)
    answer = desk.get(html.unescape(addresses[0]))
    assert (answer.status_code, answer.url.split("/")[1]) == (302, "stimuli")
    with Image.open(settings.STIMULI_ROOT / answer.url.removeprefix("/stimuli/")) as picture:
        assert picture.size == (8, 8)
    alone = desk.get(html.unescape(addresses[0]) + "&alone=on")
    assert alone.url != answer.url
    assert desk.get(html.unescape(addresses[0])).url == answer.url
    assert desk.get(html.unescape(addresses[0]).replace("node=0", "node=9")).status_code == 404


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
    page = desk.get(section_of(study, "conditions")).content.decode()
    assert '<option value="lrp" selected>Layer-wise relevance</option>' in page
    assert '<option value="multiscale_occlusion">Multiscale occlusion</option>' in page
    about = desk.get(reverse("admin:studyapp_bundle_change", args=[record.pk])).content.decode()
    assert "Layer-wise relevance, Multiscale occlusion" in about


@pytest.mark.django_db
@pytest.mark.database
def test_a_bundle_of_an_earlier_version_is_listed_with_what_to_do_and_can_be_deleted(desk, record, settings):
    path = settings.BUNDLES_ROOT / record.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 1}))
    stimuli._reader.cache_clear()
    listed = desk.get(reverse("admin:studyapp_bundle_changelist"))
    assert "makes it anew from its work folder in seconds" in listed.content.decode()
    desk.post(reverse("admin:studyapp_bundle_delete", args=[record.pk]), {"post": "yes"})
    assert not models.Bundle.objects.exists()
    assert not [path for path in settings.STIMULI_ROOT.rglob("*") if path.is_file()]


def test_maps_are_drawn_as_in_a_study_that_uses_the_bundle(desk):
    study = make_draft("forward_simulation")
    study.display = {"levels": {"plain": {}, "lines": {"colours": "viridis"}}}
    study.save()
    address = reverse("admin:gallery", args=[study.bundle_id])
    page = desk.get(address).content.decode()
    assert f'<option value="{study.pk}:lines">Any kind: lines</option>' in page
    assert "#fde725" in desk.get(address, {"class_name": "cat", "drawn_as": f"{study.pk}:lines"}).content.decode()
    for unknown in ("", "999", f"{study.pk}:other", "x:y"):
        assert "#67000d" in desk.get(address, {"class_name": "cat", "drawn_as": unknown}).content.decode()
