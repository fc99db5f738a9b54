"""PASCAL VOC, ImageNet's validation set and Imagenet50 in their own layouts, and masks of true regions."""

import json

import numpy as np
import pytest
from PIL import Image

from explainers.bundles.bundle import read_bundle, read_table
from explainers.cli import main
from explainers.datasets import LAYOUTS, Photograph, list_photographs, true_regions
from explainers.datasets.voc import CLASSES as VOC
from explainers.errors import UserError
from tests.explainers.projects import change, explain


def listed(folder, layout, classes):
    return list_photographs(folder, None, folder, classes, False, layout)


def picture(path, colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 10), colour).save(path)


@pytest.fixture
def voc(tmp_path):
    objects = {"a": ("cat", "dog"), "b": ("person",), "c": ()}
    for name, found in objects.items():
        picture(tmp_path / "JPEGImages" / f"{name}.jpg")
        xml = "".join(f"<object><name>{o}</name></object>" for o in found)
        (tmp_path / "Annotations").mkdir(exist_ok=True)
        (tmp_path / "Annotations" / f"{name}.xml").write_text(f"<annotation>{xml}</annotation>")
    (tmp_path / "ImageSets" / "Main").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Main" / "val.txt").write_text("b\nc\n")
    pixels = np.zeros((10, 12), dtype=np.uint8)
    pixels[2:5, 2:6], pixels[6:9, 6:9], pixels[0] = 1 + VOC.index("cat"), 1 + VOC.index("dog"), 255
    mask = Image.fromarray(pixels, mode="P")
    mask.putpalette([0, 0, 0] * 256)
    (tmp_path / "SegmentationClass").mkdir()
    mask.save(tmp_path / "SegmentationClass" / "a.png")
    return tmp_path


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
def test_vocs_photographs_have_their_objects_split_and_mask(voc):
    a, b, c = listed(voc, "voc", ["dog", "cat", "horse"])
    assert (a.labels, b.labels, c.labels) == ((0, 1), (), ())
    assert (a.split, b.split) == ("", "val")
    assert a.mask.name == "a.png"
    assert b.mask is None
    assert listed(voc, "voc", ["tench"])[0].labels is None


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
def test_vocs_mask_tells_objects_apart_and_leaves_the_border_out(voc):
    regions = true_regions(listed(voc, "voc", [])[0], ["dog", "cat"], 10, (10, 10))
    assert regions.keys() == {None, 0, 1}
    assert regions[None].sum() == 12 + 9
    assert regions[0].sum() == 9
    assert not regions[None][0].any()


def test_a_grey_masks_pixels_above_zero_are_true_also_at_255(tmp_path):
    pixels = np.zeros((10, 12), dtype=np.uint8)
    pixels[2:5, 4:6], pixels[5, 5] = 255, 1
    Image.fromarray(pixels).save(tmp_path / "m.png")
    regions = true_regions(Photograph(tmp_path / "m.jpg", "m.jpg", mask=tmp_path / "m.png"), ["cat"], 10, (10, 10))
    assert list(regions) == [None]
    assert regions[None].sum() == 7


def test_imagenets_photographs_are_found_in_one_folder_per_synset(tmp_path):
    (tmp_path / "LOC_synset_mapping.txt").write_text("n01440764 tench\nn01443537 goldfish, Carassius\n")
    for synset in ("n01440764", "n01443537"):
        picture(tmp_path / "val" / synset / f"{synset}_1.JPEG")
    assert [p.labels for p in listed(tmp_path / "val", "imagenet_val", ["tench", "goldfish"])] == [(0,), (1,)]


@pytest.mark.parametrize("labels", ["LOC_val_solution.csv", "imagenet_2012_validation_synset_labels.txt"])
def test_imagenets_photographs_are_found_in_one_folder_with_a_file_of_labels(tmp_path, labels):
    for number in (1, 2):
        picture(tmp_path / "val" / f"ILSVRC2012_val_0000000{number}.JPEG")
    index = {"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}
    (tmp_path / "imagenet_class_index.json").write_text(json.dumps(index))
    lines = {
        "LOC_val_solution.csv": "ImageId,PredictionString\nILSVRC2012_val_00000002,n01440764 1 2 3 4\n"
        "ILSVRC2012_val_00000001,n01443537 1 2 3 4 n01443537 5 6 7 8\n",
        "imagenet_2012_validation_synset_labels.txt": "n01443537\nn01440764\n",
    }[labels]
    (tmp_path / "val" / labels).write_text(lines)
    assert [p.labels for p in listed(tmp_path / "val", "imagenet_val", ["tench", "goldfish"])] == [(1,), (0,)]


def test_imagenet50s_rows_become_pictures(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3)).astype(np.float32)
    np.save(tmp_path / "imagenet50_224x224.npy", array)
    found = listed(tmp_path, "imagenet50", ["any"])
    assert [p.source for p in found] == ["00.png", "01.png", "02.png"]
    assert np.array_equal(np.asarray(Image.open(found[2].path)), array[2])
    assert found[0].labels is None


@pytest.mark.parametrize(
    ("layout", "where"),
    [
        ("voc", r"holds no \*\.jpg\. Download VOCtrainval.* name its folder VOCdevkit/VOC2012"),
        ("imagenet_val", r"holds no \*\.JPEG\. Download ILSVRC2012_img_val\.tar from https://image-net\.org"),
        ("imagenet50", r"imagenet50_224x224\.npy: is missing\. Download it from https://github\.com/shap"),
        ("cub", r"folder CUB_200_2011 of the archive CUB_200_2011\.tgz: download it from https://www\.vision\.caltech"),
        ("ade20k", r"holds no \*\.jpg.*Download ADEChallengeData2016\.zip from http://sceneparsing\.csail\.mit\.edu"),
    ],
)
def test_a_missing_data_set_is_told_with_its_source_and_place(tmp_path, layout, where):
    with pytest.raises(UserError, match=where):
        listed(tmp_path, layout, ["cat"])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_that_is_not_there_is_told_with_the_data_sets_source(tmp_path, layout):
    with pytest.raises(UserError, match=r"nowhere is not a folder\. .*[Dd]ownload .*https?://"):
        listed(tmp_path / "nowhere", layout, ["cat"])


def test_imagenet_without_labels_says_where_to_get_them(tmp_path):
    picture(tmp_path / "ILSVRC2012_val_00000001.JPEG")
    with pytest.raises(UserError, match=r"the labels are missing\. Put LOC_val_solution\.csv"):
        listed(tmp_path, "imagenet_val", ["cat"])


@pytest.fixture
def masked(project):
    """The small project with a mask of its first photograph's upper half, as the configuration's `masks`."""
    assert explain(project) == 0
    source = read_table(project / "bundle", "images")[0]["source"]
    original = next(path for path in project.rglob(source) if path.is_file())
    with Image.open(original) as opened:
        pixels = np.zeros(opened.size[::-1], dtype=np.uint8)
    pixels[: len(pixels) // 2] = 255
    path = (project / "regions" / source).with_suffix(".png")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    change(project, "[images]", '[images]\nmasks = "regions"')
    assert explain(project) == 0
    return project / "bundle"


def test_a_configurations_masks_come_into_the_bundle_as_the_model_sees_them(masked):
    manifest, tables = read_bundle(masked)
    image_id = tables["images"][0]["image_id"]
    assert [name for name in manifest["files"] if name.startswith("masks/")] == [f"masks/{image_id}.png"]
    seen = np.array(Image.open(masked / "masks" / f"{image_id}.png")) > 0
    assert seen.shape == (manifest["model"]["input"]["height"], manifest["model"]["input"]["width"])
    assert seen.mean() == pytest.approx(0.5, abs=0.06)
    assert seen[0].all()


def test_masks_drawn_later_come_first_and_a_changed_one_is_scored_again(masked, tmp_path):
    image_id = read_table(masked, "images")[0]["image_id"]

    def scored(share):
        pixels = np.zeros((40, 40), dtype=np.uint8)
        pixels[: round(40 * share)] = 255
        (tmp_path / "drawn").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "drawn" / f"{image_id}.png")
        assert main(["score", str(masked), "--metrics", "iou", "--masks", str(tmp_path / "drawn")]) == 0
        return [float(row["value"]) for row in read_table(masked, "metrics") if row["metric"] == "iou"]

    assert scored(0.0) == [0.0] * len(scored(0.0))
    assert max(scored(1.0)) > 0
