"""`python -m explainers import`: a bundle from maps that any tool made, which the app takes in whole; no PyTorch."""

import csv
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from explainers.bundles.bundle import read_bundle
from explainers.bundles.raw_maps import read_map
from explainers.cli import main
from studyapp.core.bundles.bundle import Bundle
from studyapp.core.bundles.checking import require_whole

CONFIG = """
[images]
folder = "photos"
predictions = "predictions.csv"
features = "features.npy"
[[methods]]
name = "cam"
title = "A CAM"
maps = "maps"
[output]
bundle = "bundle"
"""
PREDICTIONS = """file,class,score,threshold,truth,split
a.png,cat,0.9,0.5,true,test
a.png,dog,0.2,0.4,false,test
b.jpg,cat,0.3,0.5,true,test
b.jpg,dog,0.8,0.4,false,test
"""
MAPS = {f"{image}-{name}": np.random.default_rng(n).normal(size=(7, 7)).astype(np.float32)
        for n, (image, name) in enumerate((i, c) for i in "ab" for c in ("cat", "dog"))}  # fmt: skip


@pytest.fixture
def project(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "maps").mkdir()
    Image.new("RGB", (30, 20), (90, 120, 40)).save(tmp_path / "photos" / "a.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side
    Image.new("RGB", (30, 20), (40, 120, 90)).save(tmp_path / "photos" / "b.jpg", exif=exif)
    for name, saliency in MAPS.items():
        np.save(tmp_path / "maps" / f"{name}.npy", saliency)
    np.save(tmp_path / "features.npy", np.eye(2, 5))
    (tmp_path / "predictions.csv").write_text(PREDICTIONS)
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path


def run(project, *further):
    return main(["import", str(project / "config.toml"), *further])


def change(project, old, new, name="config.toml"):
    text = (project / name).read_text()
    assert old in text
    (project / name).write_text(text.replace(old, new))


def imported(project, method="cam"):
    """Return a method's maps by (source, label)."""
    _, tables = read_bundle(project / "bundle")
    sources = {row["image_id"]: row["source"] for row in tables["images"]}
    rows = [row for row in tables["nodes"] if row["method"] == method]
    return {(sources[row["image_id"]], row["label"]): read_map(project / "bundle", row) for row in rows}


def test_the_app_takes_the_bundle_in_whole(project, capsys):
    assert run(project) == 0
    said = capsys.readouterr().out
    assert "cam: 4 maps are of another size than their photograph; pages enlarge them." in said
    assert "2 images, 1 methods" in said
    bundle = Bundle(project / "bundle")
    assert bundle.check_files() == []
    require_whole(bundle)
    assert (bundle.classes, bundle.titles("methods")) == (["cat", "dog"], {"cam": "A CAM"})
    assert sorted((row["width"], row["height"]) for row in bundle.images.values()) == [(20, 30), (30, 20)]
    first, second = bundle.images
    assert [one.outcome for one in bundle.predictions[first].values()] == ["TP", "TN"]
    assert [one.outcome for one in bundle.predictions[second].values()] == ["FN", "FP"]
    for (source, label), saliency in imported(project).items():
        np.testing.assert_allclose(saliency, MAPS[f"{source[0]}-{label}"], atol=2e-3)


def test_no_pytorch_is_needed(project):
    code = (
        "import sys; sys.modules['torch'] = None; from explainers.cli import main; "
        f"sys.exit(main(['import', {str(project / 'config.toml')!r}]))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def as_npz(project):
    np.savez(project / "all.npz", **MAPS)
    change(project, 'maps = "maps"', 'maps = "all.npz"')


def as_tiff(project):
    for path in (project / "maps").iterdir():
        Image.fromarray(np.load(path)).save(path.with_suffix(".tiff"))
        path.unlink()


def as_folders(project):
    for path in (project / "maps").iterdir():
        image, name = path.stem.split("-")
        (project / "maps" / image).mkdir(exist_ok=True)
        path.rename(project / "maps" / image / f"{['cat', 'dog'].index(name)}.npy")


def as_batches_of_one(project):
    for path in (project / "maps").iterdir():
        np.save(path, np.load(path)[None, None])


def as_list(project):
    with open(project / "maps.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "class", "map"])
        for number, name in enumerate(MAPS):
            (project / "maps" / f"{name}.npy").rename(project / "maps" / f"{number}.npy")
            image, label = name.split("-")
            table.writerow([{"a": "a.png", "b": "b.jpg"}[image], label, f"maps/{number}.npy"])
    change(project, 'maps = "maps"', 'maps = "maps.csv"')


@pytest.mark.parametrize("written", [as_npz, as_tiff, as_folders, as_batches_of_one, as_list])
def test_maps_in_any_form_are_the_same_maps(project, written):
    written(project)
    assert run(project) == 0
    found = imported(project)
    assert len(found) == 4
    for (source, label), saliency in found.items():
        np.testing.assert_allclose(saliency, MAPS[f"{source[0]}-{label}"], atol=2e-3)


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_grey_pictures_go_from_low_to_high(project, kind, white):
    for path in (project / "maps").iterdir():
        path.unlink()
    grey = np.array([[0, white // 5], [white // 5 * 2, white]], kind)
    Image.fromarray(grey).save(project / "maps" / "a-cat.png")
    change(project, 'maps = "maps"', 'maps = "maps"\nlow = -1\nhigh = 4')
    assert run(project) == 0
    ((_, saliency),) = imported(project).items()
    np.testing.assert_allclose(saliency, [[-1, 0], [1, 4]], atol=2e-3)


def test_a_method_is_added_to_a_bundle_whose_other_files_stay(project):
    assert run(project) == 0
    before = imported(project)
    manifest, tables = read_bundle(project / "bundle")
    more = '[[methods]]\nname = "other"\nmaps = "maps"\nreference = 0.25\npixelwise = true\n'
    (project / "more.toml").write_text(more)
    assert main(["import", str(project / "more.toml"), "--into", str(project / "bundle")]) == 0
    after, found = read_bundle(project / "bundle")
    assert [method["name"] for method in after["methods"]] == ["cam", "other"]
    assert {row["reference"] for row in found["nodes"] if row["method"] == "other"} == {"0.25"}
    assert (found["images"], found["predictions"]) == (tables["images"], tables["predictions"])
    assert after["created"] == manifest["created"]
    for key, saliency in imported(project).items():
        assert (saliency == before[key]).all()
    bundle = Bundle(project / "bundle")
    assert bundle.check_files() == []
    require_whole(bundle)
    assert main(["import", str(project / "more.toml"), "--into", str(project / "bundle")]) == 2
    assert read_bundle(project / "bundle")[0] == after


def test_maps_of_the_centre_lie_on_the_centre(project, capsys):
    x = np.linspace(0, 255, 30).astype(np.uint8)
    Image.fromarray(np.stack([np.broadcast_to(x, (20, 30))] * 3, -1)).save(project / "photos" / "a.png")
    assert run(project) == 0
    assert "cam: 4 maps have other proportions than their photograph, such as 7 × 7 of a.png, 30 × 20." in (
        capsys.readouterr().out
    )
    change(project, "[[methods]]", "size = 7\nresize = 7\n[[methods]]")
    assert run(project) == 0
    assert "proportions" not in capsys.readouterr().out
    bundle = Bundle(project / "bundle")
    (row,) = [row for row in bundle.images.values() if row["source"] == "a.png"]
    with Image.open(project / "bundle" / row["file"]) as picture:
        shown = np.asarray(picture.convert("L")).mean(0)
    assert shown.shape == (20,)
    np.testing.assert_allclose(shown, x[5:25], atol=6)


def test_what_has_no_map_and_what_is_no_map_is_said(project, capsys):
    (project / "maps" / "b-cat.npy").unlink()
    (project / "maps" / "b-dog.npy").rename(project / "maps" / "b-dgo.npy")
    assert run(project) == 0
    said = capsys.readouterr().out
    assert "cam: 1 maps are called as no photograph and class are, and left out, such as b-dgo." in said
    assert "cam: 1 photographs have no map, such as b.jpg." in said


@pytest.mark.parametrize(
    ("photographs", "classes", "name"),
    [
        (["x.png", "x-b.png"], ["a", "b-a"], "x-b-a"),  # of x and b-a, or of x-b and a
        (["x.png", "x.jpg"], ["a", "b"], "x-a"),  # of either
        (["x/1.png", "x.png"], ["1", "1-0"], "x/1-0"),  # of x/1 and the first class, or of x and 1-0
    ],
)
def test_a_name_that_could_be_of_two_is_refused(project, capsys, photographs, classes, name):
    rows = [f"{photograph},{one},0.5" for photograph in photographs for one in classes]
    (project / "predictions.csv").write_text("\n".join(["file,class,score", *rows]))
    change(project, 'features = "features.npy"', "")
    for photograph in photographs:
        (project / "photos" / photograph).parent.mkdir(exist_ok=True)
        Image.new("RGB", (7, 7), (len(photograph), 0, 0)).save(project / "photos" / photograph)
    (project / "maps" / name).parent.mkdir(exist_ok=True)
    np.save(project / "maps" / f"{name}.npy", np.eye(7))
    assert run(project) == 2
    assert f"{name} could be of" in capsys.readouterr().err


def test_a_class_called_by_a_number_is_meant_by_it(project):
    (project / "predictions.csv").write_text(PREDICTIONS.replace("cat", "1").replace("dog", "0"))
    for path in sorted((project / "maps").iterdir()):
        path.rename(path.with_stem(path.stem.replace("cat", "1").replace("dog", "0")))
    assert run(project) == 0
    for (source, label), saliency in imported(project).items():
        expected = MAPS[f"{source[0]}-{'cat' if label == '1' else 'dog'}"]
        np.testing.assert_allclose(saliency, expected, atol=2e-3)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("config.toml", "[[methods]]", "resize = 9\n[[methods]]", "[images] resize: expected at least size, found 9"),
        ("config.toml", 'maps = "maps"', 'maps = "nothing"', "expected a folder of maps, a .csv that lists them"),
        ("config.toml", 'maps = "maps"', 'maps = "photos"', "no map is called as a photograph and a class are"),
        ("config.toml", 'maps = "maps"', 'maps = "maps"\nlow = 2', "cam: expected low below high"),
        ("config.toml", 'title = "A CAM"', "titel = 3", "there is no field 'titel'"),
        ("predictions.csv", "0.9", "nan", "row 2: score: expected a finite number, found 'nan'"),
        ("predictions.csv", "b.jpg,dog", "b.jpg,cat", "b.jpg has two predictions of 'cat'"),
        ("predictions.csv", "0.5,true,test\nb.jpg,dog", "0.6,true,test\nb.jpg,dog", "'cat' has 0.5 in an earlier row"),
        ("predictions.csv", "true", "maybe", "truth: expected true, false or nothing, found 'maybe'"),
        ("predictions.csv", "file,class", "photo,class", "file is missing"),
        ("predictions.csv", "a.png", "c.png", "c.png: cannot be read"),
    ],
)
def test_what_is_wrong_is_said_and_leaves_no_bundle(project, capsys, name, old, new, said):
    change(project, old, new, name)
    assert run(project) == 2
    assert said in capsys.readouterr().err
    assert not (project / "bundle").exists()


@pytest.mark.parametrize(
    "array", [np.ones((3, 7, 7)), np.full((7, 7), np.nan), np.array([["a"]]), np.ones(7), np.ones((0, 3))]
)
def test_an_array_that_is_no_map_is_refused_with_its_file(project, capsys, array):
    np.save(project / "maps" / "a-cat.npy", array)
    assert run(project) == 2
    assert "a-cat.npy: expected" in capsys.readouterr().err
