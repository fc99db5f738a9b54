"""A zip of photographs, predictions and maps by another tool, uploaded at the desk, becomes a bundle; or is refused."""

import csv
import io
import stat
import zipfile

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from studyapp import models
from studyapp.bundles.stimuli import reader
from tests.studyapp.researcher import signed_in

pytestmark = pytest.mark.django_db
CLASSES = ("cat", "dog")


@pytest.fixture(autouse=True)
def stores(settings, tmp_path):
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"


@pytest.fixture
def desk():
    return signed_in(User.objects.create_superuser("ada"))


def png(colour) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (12, 8), colour).save(buffer, "PNG")
    return buffer.getvalue()


def npy(array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def table(*rows) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def files() -> dict[str, bytes]:
    found = {f"photos/{n}.png": png((40 * n, 90, 90)) for n in range(3)}
    scores = [
        (f"{n}.png", name, 0.9 if (n + k) % 2 else 0.1, name == "dog")
        for n in range(3)
        for k, name in enumerate(CLASSES)
    ]
    found["predictions.csv"] = table(("file", "class", "score", "truth"), *scores)
    maps = {f"{n}-{name}": np.full((4, 6), n + k + 1.0) for n in range(3) for k, name in enumerate(CLASSES)}
    return found | {f"maps/eigen_cam/{name}.npy": npy(one) for name, one in maps.items()}


def packed(content: dict[str, bytes], *links: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if name in links:
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def upload(desk, content: bytes):
    data = {"file": SimpleUploadedFile("mine.zip", content), "name": "mine", "folder": ""}
    return desk.post(reverse("admin:load_bundle"), data, follow=True).content.decode()


@pytest.mark.parametrize("inside", ["", "my maps/"])
def test_the_zip_becomes_a_bundle_and_what_there_is_to_say_is_said(desk, inside):
    text = upload(desk, packed({inside + name: data for name, data in files().items()}))
    assert "“mine” was loaded. eigen_cam: 6 maps are of another size than their photograph; pages enlarge them." in text
    bundle = reader(models.Bundle.objects.get(name="mine"))
    assert (bundle.classes, list(bundle.methods), len(bundle.images)) == (list(CLASSES), ["eigen_cam"], 3)
    assert {float(bundle.saliency(tree[0]).max()) for tree in bundle.nodes.values()} == {1.0, 2.0, 3.0, 4.0}


def test_a_configuration_in_it_names_files_otherwise(desk):
    config = b"""
[images]
folder = "photos"
predictions = "predictions.csv"
[[methods]]
name = "mine"
title = "My own"
maps = "maps/eigen_cam"
reference = 1.0
"""
    assert "was loaded" in upload(desk, packed(files() | {"import.toml": config}))
    bundle = reader(models.Bundle.objects.get(name="mine"))
    assert bundle.titles("methods") == {"mine": "My own"}
    assert {node.reference for tree in bundle.nodes.values() for node in tree} == {1.0}


CONFIG = '[images]\nfolder = "{}"\npredictions = "predictions.csv"\n[[methods]]\nname = "m"\nmaps = "{}"\n'


@pytest.mark.parametrize(
    ("changes", "links", "said"),
    [
        ({"../photos/9.png": b""}, (), "../photos/9.png&#x27; in it, which leads out of it"),
        ({"/etc/passwd": b""}, (), "/etc/passwd&#x27; in it, which leads out of it"),
        ({"photos/link.png": b"/etc/passwd"}, ("photos/link.png",), "link.png&#x27; in it, which is a link"),
        (
            {"import.toml": CONFIG.format("/etc", "maps").encode()},
            (),
            "&#x27;etc&#x27; lies outside the folder of import.toml",
        ),
        ({"import.toml": CONFIG.format("photos", "../..").encode()}, (), "lies outside the folder of import.toml"),
        (
            {"predictions.csv": table(("file", "class", "score"), ("../../../../etc/hostname", "cat", 1))},
            (),
            "&#x27;hostname&#x27; lies outside the folder",
        ),
        (
            {
                "import.toml": CONFIG.format("photos", "maps.csv").encode(),
                "maps.csv": table(("file", "class", "map"), ("0.png", "cat", "../../../etc/hostname")),
            },
            (),
            "maps.csv, row 2: &#x27;hostname&#x27; lies outside the folder",
        ),
        (
            {"predictions.csv": b"file,class\n0.png,cat\n"},
            (),
            "predictions.csv: expected the columns file, class and score",
        ),
        ({"photos/0.png": b"no picture"}, (), "0.png: cannot be read as a picture"),
        ({"maps/eigen_cam/0-cat.npy": b"no array"}, (), "0-cat.npy: cannot be read as a map"),
        ({"maps/eigen_cam/0-cat.npy": npy(np.array([["a"]]))}, (), "0-cat.npy: expected numbers"),
        ({"import.toml": b"[images"}, (), "import.toml"),
    ],
)
def test_what_is_wrong_or_leads_elsewhere_is_refused_with_its_file(desk, changes, links, said):
    refused(desk, packed(files() | changes, *links), said)


def test_maps_packed_so_well_that_they_would_fill_the_memory_are_refused_with_their_file(desk):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed_well:
        packed_well.writestr("0-cat.npy", npy(np.zeros((20_100, 20_100), np.uint8)))
    said = "packed.npz: 0-cat.npy: expected a map of at most 50,000,000 numbers"
    refused(desk, packed(files() | {"maps/packed.npz": bomb.getvalue()}), said)


def refused(desk, content: bytes, said: str) -> None:
    """Upload, and see that the reason is told without anything of the server."""
    text = upload(desk, content)
    assert said in text
    assert "Traceback" not in text
    assert "/tmp" not in text
    assert not models.Bundle.objects.exists()


def test_a_zip_without_maps_is_told_what_is_wanted(desk):
    few = {name: data for name, data in files().items() if not name.startswith("maps")}
    assert "expected predictions.csv with the columns file, class and score" in upload(desk, packed(few))
