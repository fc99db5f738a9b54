"""ADE20K's reader on small data sets in exactly the layouts of the benchmark and of the full data set."""

import numpy as np
import pytest
from PIL import Image

from explainers.datasets import ade20k, list_photographs, true_regions, with_masks
from explainers.errors import UserError

OBJECTS = "Idx\tRatio\tTrain\tVal\tName\n1\t0.1576\t11664\t1172\twall\n2\t0.1072\t6046\t612\tbuilding, edifice\n"
NUMBERS = np.array([[0, 1, 150], [2, 2, 7]], dtype=np.uint8)


def picture(path, pixels=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((2, 3, 3), dtype=np.uint8) if pixels is None else pixels).save(path)


@pytest.fixture
def benchmark(tmp_path):
    folder = tmp_path / "ADEChallengeData2016"
    for split, name in (("training", "ADE_train_00000001"), ("validation", "ADE_val_00000002")):
        picture(folder / "images" / split / f"{name}.jpg")
        picture(folder / "annotations" / split / f"{name}.png", NUMBERS)
    (folder / "sceneCategories.txt").write_text("ADE_train_00000001 kitchen\nADE_val_00000002 misc\n")
    (folder / "objectInfo150.txt").write_text(
        OBJECTS.replace("\tVal\t", "\tVal\tStuff\t").replace("1172\t", "1172\t1\t").replace("612\t", "612\t1\t")
    )
    return folder


def test_the_benchmarks_scenes_have_category_and_split(benchmark):
    found = list_photographs(benchmark, None, benchmark, ["bathroom", "kitchen"], False, "ade20k")
    assert [(photo.labels, photo.split) for photo in found] == [((1,), "train"), (None, "test")]
    assert found[0].source == "images/training/ADE_train_00000001.jpg"


def test_the_benchmarks_objects_are_found_from_the_picture(benchmark):
    found = ade20k.regions(benchmark / "images" / "training" / "ADE_train_00000001.jpg")
    assert np.array_equal(found, NUMBERS)
    assert ade20k.object_names(benchmark) == ["wall", "building;edifice"]


def test_each_object_is_a_region_called_by_its_class_or_else_by_its_name(benchmark):
    photograph = list_photographs(benchmark, None, benchmark, ["edifice"], False, "ade20k")[0]
    found = true_regions(photograph, ["sky", "edifice"], None, (2, 3))
    assert {called: region.tolist() for called, region in found.items()} == {
        "wall": [[False, True, False], [False] * 3],
        1: [[False] * 3, [True, True, False]],
        "object 7": [[False] * 3, [False, False, True]],
        "object 150": [[False, False, True], [False] * 3],
    }


def test_a_scene_without_annotation_has_no_mask_and_one_drawn_for_it_is_read_as_drawn(benchmark, tmp_path):
    (benchmark / "annotations" / "training" / "ADE_train_00000001.png").unlink()
    photographs = list_photographs(benchmark, None, benchmark, [], False, "ade20k")
    assert [bool(photograph.mask) for photograph in photographs] == [False, True]
    picture(tmp_path / "drawn" / "ADE_train_00000001.png", np.array([[0, 0, 9], [0, 0, 0]], dtype=np.uint8))
    first, second = with_masks(photographs, tmp_path / "drawn")
    assert true_regions(first, ["sky"], None, (2, 3))[None].tolist() == [[False, False, True], [False] * 3]
    assert second == photographs[1]


def test_the_full_data_set_has_categories_as_folders_and_numbers_in_two_channels(tmp_path):
    folder = tmp_path / "ADE20K_2021_17_01" / "images" / "ADE" / "training" / "home_or_hotel" / "kitchen"
    picture(folder / "ADE_train_00010001.jpg")
    colours = np.zeros((2, 3, 3), dtype=np.uint8)
    colours[0, 0] = (90, 213, 1)  # 90 // 10 · 256 + 213
    colours[1, 2] = (4, 7, 2)
    picture(folder / "ADE_train_00010001_seg.png", colours)
    picture(folder / "ADE_train_00010001_parts_1.png", colours)
    found = list_photographs(tmp_path, None, tmp_path, ["kitchen"], False, "ade20k")
    assert [(photo.labels, photo.split) for photo in found] == [((0,), "train")]
    assert ade20k.regions(found[0].path).tolist() == [[2517, 0, 0], [0, 0, 7]]


def test_what_is_missing_or_wrong_is_named(benchmark):
    (benchmark / "annotations" / "training" / "ADE_train_00000001.png").unlink()
    with pytest.raises(UserError, match=r"has no annotation; expected .*annotations/training/ADE_train_00000001\.png"):
        ade20k.regions(benchmark / "images" / "training" / "ADE_train_00000001.jpg")
    (benchmark / "sceneCategories.txt").write_text("ADE_train_00000001\n")
    with pytest.raises(UserError, match=r"sceneCategories\.txt, line 1: expected a picture and its category"):
        ade20k.photographs(benchmark, ["kitchen"])
    (benchmark / "objectInfo150.txt").unlink()
    with pytest.raises(UserError, match=r"there is no objectInfo150\.txt"):
        ade20k.object_names(benchmark)


def test_a_folder_without_scenes_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"holds no \*\.jpg; expected the folder ADEChallengeData2016"):
        ade20k.photographs(tmp_path, ["kitchen"])
