import numpy as np
import pytest
from PIL import Image

from explainers._torchvision import torchvision
from explainers.datasets import cut_out, cut_points, list_photographs, open_picture, pictures
from explainers.errors import UserError


@pytest.fixture
def folder(tmp_path):
    photos = tmp_path / "photos"
    for name in ("cat/1.png", "cat/2.jpg", "horse/1.webp", "horse/notes.txt"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".txt"):
            (photos / name).write_text("no picture")
        else:
            Image.new("RGB", (20, 10), "red").save(photos / name)
    return photos


def write_csv(folder, text):
    (folder.parent / "labels.csv").write_text(text)
    return "labels.csv"


def read(folder, labels, multilabel=False, classes=("cat", "horse")):
    return list_photographs(folder, labels, folder.parent, list(classes), multilabel)


def test_a_plain_folder_is_unlabelled_and_sorted(folder):
    found = read(folder, None)
    assert [photo.source for photo in found] == ["cat/1.png", "cat/2.jpg", "horse/1.webp"]
    assert {photo.labels for photo in found} == {None}


def test_folders_give_labels(folder):
    assert [photo.labels for photo in read(folder, "folders")] == [(0,), (0,), (1,)]


def test_a_folder_that_is_no_class_is_refused(folder):
    with pytest.raises(UserError, match=r"folder horse: there is no class 'horse'"):
        read(folder, "folders", classes=("cat", "horses of all kinds"))


def test_a_csv_gives_single_labels_by_name_or_index_and_the_split(folder):
    labels = write_csv(folder, "file,label,split\ncat/1.png,horse,train\ncat/2.jpg,0,test\nhorse/1.webp,,\n")
    found = read(folder, labels)
    assert [(photo.labels, photo.split) for photo in found] == [((1,), "train"), ((0,), "test"), (None, "")]


def test_a_csv_gives_several_labels_and_leaves_out_what_it_does_not_list(folder):
    labels = write_csv(folder, "file,cat,horse\ncat/1.png,1,1\nhorse/1.webp,0,0\n")
    assert [photo.labels for photo in read(folder, labels, multilabel=True)] == [(0, 1), ()]


@pytest.mark.parametrize(
    ("text", "multilabel", "message"),
    [
        ("file,lable\ncat/1.png,cat\n", False, "column 'label' is missing"),
        ("file,label\ncat/9.png,cat\n", False, r"line 2: there is no picture 'cat/9.png'\. Did you mean cat/1\.png"),
        ("file,label\ncat/1.png,dog\n", False, "line 2: there is no class 'dog'"),
        ("file,cat\ncat/1.png,1\n", True, "column 'horse' is missing"),
        ("file,cat,horse,hrse\ncat/1.png,1,0,0\n", True, r"column 'hrse' is not a class\. Did you mean horse"),
        ("file,cat,horse\ncat/1.png,1,yes\n", True, "line 2, column horse: expected 0 or 1, found 'yes'"),
    ],
)
def test_a_wrong_csv_is_refused_with_line_and_column(folder, text, multilabel, message):
    with pytest.raises(UserError, match=message):
        read(folder, write_csv(folder, text), multilabel)


def test_a_missing_folder_and_a_folder_without_pictures_are_refused(tmp_path):
    with pytest.raises(UserError, match="is not a folder"):
        read(tmp_path / "nowhere", None)
    with pytest.raises(UserError, match="holds no pictures"):
        read(tmp_path, None)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "LA", "1", "I;16"])
def test_pictures_of_any_mode_become_rgb(tmp_path, mode):
    path = tmp_path / ("p.tif" if mode == "CMYK" else "p.png")
    if mode == "I;16":
        Image.fromarray(np.array([[0, 300], [600, 65535]], dtype=np.uint16)).save(path)
    else:
        Image.new("RGB", (4, 3), (200, 30, 30)).convert(mode).save(path)
    picture = open_picture(path)
    assert picture.mode == "RGB"
    assert np.asarray(picture).any()


@pytest.mark.parametrize("values", [np.uint16([[300, 4000]]), np.float32([[-0.5, 2]]), np.int32([[-7, 70000]])])
def test_how_pictures_without_a_common_scale_are_read_is_said_once(tmp_path, caplog, monkeypatch, values):
    monkeypatch.setattr(pictures, "_told", set())
    for name in ("one.tif", "two.tif"):
        Image.fromarray(values).save(tmp_path / name)
        assert np.asarray(open_picture(tmp_path / name))[0, :, 0].tolist() == [0, 255]
    (said,) = caplog.messages
    assert said.startswith(f"one.tif has more than 8 bits a pixel: its values, {values.min():g} … {values.max():g}, ")


def test_transparent_parts_become_white(tmp_path):
    Image.new("RGBA", (2, 2), (0, 0, 0, 0)).save(tmp_path / "p.png")
    assert open_picture(tmp_path / "p.png").getpixel((0, 0)) == (255, 255, 255)


def test_a_picture_turned_by_exif_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to view
    Image.new("RGB", (40, 20), "blue").save(tmp_path / "p.jpg", exif=exif)
    assert open_picture(tmp_path / "p.jpg").size == (20, 40)


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n cut off"])
def test_an_unreadable_picture_is_named(tmp_path, content):
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.png: cannot be read as a picture"):
        open_picture(tmp_path / "broken.png")


@pytest.mark.parametrize("size", [(500, 375), (333, 500), (224, 224), (97, 301)])
def test_the_models_view_is_torchvisions_resize_and_centre_crop(size):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))
    transforms = torchvision.transforms
    expected = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])(picture)
    assert np.array_equal(np.asarray(cut_out(picture, 256, (224, 224))), np.asarray(expected))


def test_the_shown_picture_is_the_same_part_at_another_size():
    gradient = np.tile(np.linspace(0, 255, 400, dtype=np.uint8)[None, :, None], (300, 1, 3))
    picture = Image.fromarray(gradient)
    seen, shown = cut_out(picture, 256, (224, 224)), cut_out(picture, 256, (224, 224), (448, 448))
    assert shown.size == (448, 448)
    difference = np.asarray(shown.resize((224, 224)), dtype=int) - np.asarray(seen, dtype=int)
    assert np.abs(difference).max() <= 2


@pytest.mark.parametrize("size", [(400, 300), (301, 97), (128, 128)])
def test_points_follow_the_picture_into_what_the_model_sees(size):
    x, y = size[0] // 2 + 3, size[1] // 2 - 5
    pixels = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    pixels[y - 3 : y + 4, x - 3 : x + 4] = 255
    seen = np.asarray(cut_out(Image.fromarray(pixels), 128, (112, 112)))[..., 0].astype(float)
    rows, columns = np.indices(seen.shape)
    centre = (columns * seen).sum() / seen.sum(), (rows * seen).sum() / seen.sum()
    assert np.abs(cut_points([[x, y]], size, 128, (112, 112))[0] - centre).max() < 1


def test_a_mask_keeps_its_numbers_when_it_is_cut_out():
    mask = Image.fromarray(np.repeat(np.arange(0, 300, dtype=np.int32)[None], 50, axis=0))
    seen = np.array(cut_out(mask, 32, (28, 28), resample=Image.Resampling.NEAREST))
    assert set(np.unique(seen)) <= set(range(300))
    assert seen.dtype == np.int32
