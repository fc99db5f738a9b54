"""Masks drawn on a bundle's images: kept beside it as PNG files that the metrics read."""

import io
import zipfile

import numpy as np
import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from PIL import Image

from studyapp import models
from studyapp.bundles import masks
from studyapp.bundles.stimuli import reader
from tests import loaded
from tests.bundles import write_bundle
from tests.studyapp.researcher import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]
SIDE = 64


@pytest.fixture
def record(settings, tmp_path):
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "data" / "bundles", tmp_path / "data" / "stimuli"
    return loaded.load(write_bundle, "drawn_on", size=SIDE)


@pytest.fixture
def image_id(record):
    return next(iter(reader(record).images))


@pytest.fixture
def ada(db):
    return signed_in(User.objects.create_superuser("ada"))


def square(top=8, bottom=24):
    region = np.zeros((SIDE, SIDE), bool)
    region[top:bottom, 10:30] = True
    return region


def post(client, record, image_id, region, query="", size=None):
    address = reverse("admin:mask", args=[record.pk, image_id]) + query
    body = np.packbits(region).tobytes()[:size]
    return client.post(address, body, content_type="application/octet-stream")


def read(path):
    with Image.open(path) as picture:
        assert picture.mode == "L"
        return np.array(picture)


def test_a_drawn_mask_becomes_a_png_under_the_images_id(ada, record, image_id):
    answer = post(ada, record, image_id, square()).json()
    assert answer == {"share": pytest.approx(16 * 20 / SIDE**2), "n_drawn": 1}
    pixels = read(masks.folder_of(record) / f"{image_id}.png")
    assert np.array_equal(pixels, square() * 255)


def test_a_class_has_a_mask_of_its_own(ada, record, image_id):
    post(ada, record, image_id, square(), "?class=1")
    assert (masks.folder_of(record) / f"{image_id}-1.png").is_file()
    assert masks.drawn(record) == {image_id: 1}
    assert post(ada, record, image_id, square(), "?class=2").status_code == 404


def test_a_replaced_mask_is_kept_and_an_empty_one_is_taken_away(ada, record, image_id):
    post(ada, record, image_id, square())
    post(ada, record, image_id, square(0, 4))
    assert post(ada, record, image_id, np.zeros((SIDE, SIDE), bool)).json() == {"share": 0, "n_drawn": 0}
    earlier = sorted((masks.folder_of(record) / masks.EARLIER).iterdir())
    assert [
        np.array_equal(read(path), square(*rows) * 255) for path, rows in zip(earlier, [(8, 24), (0, 4)], strict=True)
    ]
    assert not (masks.folder_of(record) / f"{image_id}.png").exists()


def test_the_bundle_itself_is_not_touched(ada, record, image_id):
    before = {path: path.read_bytes() for path in masks.reader(record).folder.rglob("*.*")}
    post(ada, record, image_id, square())
    assert before == {path: path.read_bytes() for path in masks.reader(record).folder.rglob("*.*")}


def test_pixels_of_another_number_are_refused(ada, record, image_id):
    answer = post(ada, record, image_id, square(), size=100)
    assert answer.status_code == 400
    assert "expected 64 × 64 pixels in 512 bytes, found 100" in answer.json()["error"]
    assert masks.drawn(record) == {}


@pytest.mark.parametrize("name", ["nobody", "..", "..%2Fsecret"])
def test_what_is_no_image_of_the_bundle_is_never_written(ada, record, name, tmp_path):
    address = reverse("admin:mask", args=[record.pk, "x"]).replace("/x/", f"/{name}/")
    before = set(tmp_path.rglob("*"))
    answer = ada.post(address, b"\xff" * 512, content_type="application/octet-stream")
    assert answer.status_code in (302, 404)
    assert set(tmp_path.rglob("*")) == before
    with pytest.raises(KeyError):
        masks.path_of(record, name, None)


def test_the_page_shows_what_is_drawn_and_leads_on(ada, record, image_id):
    post(ada, record, image_id, square())
    page = ada.get(reverse("admin:mask", args=[record.pk, image_id])).content.decode()
    assert reverse("admin:mask_png", args=[record.pk, image_id]) in page
    first = ada.get(reverse("admin:masks", args=[record.pk]))
    assert first.url == reverse("admin:mask", args=[record.pk, list(reader(record).images)[1]])
    drawn = ada.get(reverse("admin:mask_png", args=[record.pk, image_id]))
    assert np.array_equal(np.array(Image.open(io.BytesIO(drawn.content))), square() * 255)


def test_all_masks_can_be_downloaded(ada, record, image_id):
    post(ada, record, image_id, square())
    post(ada, record, image_id, square(), "?class=0")
    content = ada.get(reverse("admin:masks_download", args=[record.pk])).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == [f"{image_id}-0.png", f"{image_id}.png"]


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("editor", 200), ("analyst", 403), ("", 404), ("loads bundles", 200)]
)
def test_who_edits_a_study_on_the_bundle_or_loads_bundles_may_draw(record, image_id, role, status):
    user = User.objects.create_user("bob", is_staff=True)
    study = models.Study.objects.create(slug="one", title="One", kind="tiny", bundle=record)
    if role == "loads bundles":
        user.user_permissions.add(Permission.objects.get(codename="add_bundle"))
    elif role:
        models.Member.objects.create(study=study, user=user, role=role)
    client = signed_in(user)
    for name, arguments in (("mask", [image_id]), ("masks_download", [])):
        assert client.get(reverse(f"admin:{name}", args=[record.pk, *arguments])).status_code == status
    assert post(client, record, image_id, square()).status_code == status
    assert bool(masks.drawn(record)) == (status == 200)


def test_visitors_are_sent_to_sign_in(client, record, image_id):
    answer = post(client, record, image_id, square())
    assert answer.status_code == 302
    assert "login" in answer.url
    assert masks.drawn(record) == {}
