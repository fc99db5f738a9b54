"""CUB-200-2011's reader on a small data set in exactly the archive's layout."""

import numpy as np
import pytest
from PIL import Image

from explainers.datasets import cub, list_photographs
from explainers.errors import UserError

FILES = {
    "classes.txt": "1 001.Black_footed_Albatross\n2 002.Laysan_Albatross\n3 059.California_Gull\n",
    "images.txt": "1 001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg\n"
    "2 002.Laysan_Albatross/Laysan_Albatross_0001_545.jpg\n3 059.California_Gull/California_Gull_0002_41279.jpg\n",
    "image_class_labels.txt": "1 1\n2 2\n3 3\n",
    "train_test_split.txt": "1 0\n2 1\n3 1\n",
    "bounding_boxes.txt": "1 60.0 27.0 325.0 304.0\n2 139.0 30.0 153.0 264.0\n3 14.0 112.0 388.0 186.0\n",
    "parts/parts.txt": "1 back\n2 beak\n3 left eye\n",
    "parts/part_locs.txt": "1 1 0.0 0.0 0\n1 2 312.0 182.0 1\n1 3 186.0 45.0 1\n2 1 0.0 0.0 0\n2 2 0.0 0.0 0\n"
    "2 3 0.0 0.0 0\n3 1 124.5 145.0 1\n3 2 0.0 0.0 0\n3 3 0.0 0.0 0\n",
}
NAMES = ["001.Black_footed_Albatross", "002.Laysan_Albatross", "059.California_Gull"]


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for line in FILES["images.txt"].splitlines():
        path = tmp_path / "images" / line.split()[1]
        path.parent.mkdir(parents=True)
        Image.new("RGB", (8, 6), "white").save(path)
    return tmp_path


def test_photographs_have_their_class_and_split(folder):
    found = list_photographs(folder, None, folder, NAMES, False, "cub")
    assert [photo.labels for photo in found] == [(0,), (1,), (2,)]
    assert [photo.split for photo in found] == ["test", "train", "train"]
    assert all(photo.path.is_file() for photo in found)
    assert found[0].source == "001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg"


def test_a_model_of_some_of_the_classes_gets_their_photographs_only(folder):
    found = cub.photographs(folder, ["059.California_Gull", "001.Black_footed_Albatross"])
    assert [(photo.source[:3], photo.labels) for photo in found] == [("001", (1,)), ("059", (0,))]


def test_classes_under_other_names_are_taken_by_number(folder):
    found = cub.photographs(folder, ["black-footed", "Laysan", "California"])
    assert [photo.labels for photo in found] == [(0,), (1,), (2,)]
    with pytest.raises(UserError, match="none of its classes is the model's, such as 'crow'"):
        cub.photographs(folder, ["crow", "raven"])


def test_boxes_and_part_points_are_read_and_hidden_parts_are_unknown(folder):
    assert cub.part_names(folder) == ["back", "beak", "left eye"]
    found = cub.annotations(folder)["001.Black_footed_Albatross/Black_Footed_Albatross_0046_18.jpg"]
    assert found.box == (60.0, 27.0, 385.0, 331.0)
    np.testing.assert_equal(found.points, [[np.nan, np.nan], [312.0, 182.0], [186.0, 45.0]])
    assert np.isnan(cub.annotations(folder)["002.Laysan_Albatross/Laysan_Albatross_0001_545.jpg"].points).all()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("image_class_labels.txt", "1 1\n2 2\n", r"image_class_labels\.txt: image 3 is missing"),
        ("train_test_split.txt", "1\n", r"train_test_split\.txt, line 1: expected 2 columns, found '1'"),
        ("parts/part_locs.txt", "9 1 0 0 1\n", r"part_locs\.txt, line 1: there is no image 9 or no part 1"),
        ("bounding_boxes.txt", "1 0 0 1 1\n", r"bounding_boxes\.txt: image 2 is missing"),
        ("images.txt", None, r"images\.txt: cannot be read.*Expected the folder CUB_200_2011"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(folder, name, text, message):
    (folder / name).unlink()
    if text is not None:
        (folder / name).write_text(text)
    with pytest.raises(UserError, match=message):
        read_all(folder)


def read_all(folder):
    return cub.photographs(folder, NAMES), cub.annotations(folder)


def test_an_unknown_layout_and_labels_beside_a_data_sets_own_are_refused(folder):
    with pytest.raises(UserError, match=r"there is no layout 'cubs'\. Did you mean cub"):
        list_photographs(folder, None, folder, NAMES, False, "cubs")
    with pytest.raises(UserError, match="has labels of its own"):
        list_photographs(folder, "labels.csv", folder, NAMES, False, "cub")
