"""Folders and files as people keep them: links, marks of byte order, things that are called like pictures."""

import codecs
import json

import numpy as np
import pytest
from PIL import Image

from explainers.config import ModelConfig, load_config
from explainers.datasets import list_photographs, with_masks
from explainers.errors import UserError
from explainers.models.building import load_model
from tests.explainers.projects import change, explain


def draw(path, colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)


def listed(root, labels=None):
    return list_photographs(root / "photos", labels, root, ["cat", "horse"], False)


def test_linked_class_folders_are_followed_and_circles_are_not(tmp_path):
    draw(tmp_path / "elsewhere" / "1.png")
    draw(tmp_path / "photos" / "horse" / "2.png")
    (tmp_path / "photos" / "cat").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "photos")
    found = {photo.source: photo.labels for photo in listed(tmp_path, "folders")}
    assert found == {"cat/1.png": (0,), "horse/2.png": (1,)}


def test_broken_links_and_folders_called_like_pictures_are_skipped_and_reported(project, capsys):
    (project / "photos" / "gone.png").symlink_to(project / "nowhere.png")
    (project / "photos" / "folder.png").mkdir()
    with open(project / "labels.csv", "a") as file:
        file.write("gone.png,1,0,0,train\nfolder.png,1,0,0,train\n")
    assert explain(project) == 0
    skipped = {
        s["source"]: s["reason"]
        for s in json.loads((project / "bundle/manifest.json").read_text())["dataset"]["skipped"]
    }
    assert skipped == {
        "gone.png": "gone.png is a link to nothing.",
        "folder.png": "folder.png is a folder, not a picture.",
    }


def test_a_picture_listed_twice_counts_once_and_with_other_labels_is_refused(tmp_path):
    draw(tmp_path / "photos" / "a.png")
    (tmp_path / "same.csv").write_text("file,label\na.png,cat\n./a.png,cat\n")
    assert len(listed(tmp_path, "same.csv")) == 1
    (tmp_path / "other.csv").write_text("file,label\na.png,cat\na.png,horse\n")
    with pytest.raises(UserError, match=r"other\.csv, line 3: a\.png stands in line 2 too, with another label"):
        listed(tmp_path, "other.csv")


def test_a_mask_that_could_be_of_two_photographs_is_refused(tmp_path):
    for name in ("one/a.png", "two/a.png"):
        draw(tmp_path / "photos" / name)
    draw(tmp_path / "masks" / "a.png")
    with pytest.raises(UserError, match=r"masks.a\.png could be of one/a\.png or of two/a\.png"):
        with_masks(listed(tmp_path), tmp_path / "masks")
    (tmp_path / "masks" / "a.png").unlink()
    for name in ("one/a.png", "two/a.png"):
        draw(tmp_path / "masks" / name)
    assert [p.mask.parent.name for p in with_masks(listed(tmp_path), tmp_path / "masks")] == ["one", "two"]


def test_files_may_begin_with_a_mark_of_byte_order(project):
    (project / "names.txt").write_text("cat\nhorse\nboat\n")
    change(project, 'classes = ["cat", "horse", "boat"]', 'classes = "names.txt"')
    for name in ("names.txt", "config.toml", "labels.csv"):
        (project / name).write_bytes(codecs.BOM_UTF8 + (project / name).read_bytes())
    assert load_config(project / "config.toml").model.classes == "names.txt"
    assert explain(project) == 0


FACTORY = """
import torch
from own_steps import brighter

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.head = torch.nn.Conv2d({channels}, 4, 3), torch.nn.Linear(4, {outputs})

    def forward(self, x):
        return self.head(brighter(self.conv(x).relu().mean((2, 3))))

def make():
    return Network()
"""


def own_project(project, channels=3, outputs=3):
    (project / "own_network.py").write_text(FACTORY.format(channels=channels, outputs=outputs))
    (project / "own_steps.py").write_text("def brighter(x):\n    return 1 * x\n")
    change(
        project,
        'arch = "tests.explainers.sample_networks:small_cnn"\nweights = "weights.pth"',
        'arch = "own_network:make"',
    )


def predicted(project):
    return (project / "bundle" / "predictions.csv").read_text()


def test_a_factory_whose_code_changed_is_another_model(project):
    own_project(project)
    assert explain(project) == 0
    first = predicted(project)
    assert explain(project) == 0
    assert predicted(project) == first
    change(project, "1 * x", "9 * x", "own_steps.py")
    assert explain(project) == 0
    assert predicted(project) != first


def test_each_configuration_has_the_factory_beside_it(project, tmp_path):
    """In one process, in packages with and without `__init__`, and whatever the folder it is run in."""
    for number, folder in enumerate(("a", "b")):
        (tmp_path / folder / "nets").mkdir(parents=True)
        (tmp_path / folder / "nets" / "__init__.py").write_text("")
        (tmp_path / folder / "nets" / "of_this.py").write_text(f"BIAS = {number}.0\n")
        (tmp_path / folder / "nets" / "made.py").write_text(
            "import torch\nfrom nets.of_this import BIAS\n\ndef make():\n    model = torch.nn.Linear(1, 1)\n"
            "    torch.nn.init.constant_(model.bias, BIAS)\n    return model\n"
        )
    for _ in range(2):
        for number, folder in enumerate(("a", "b")):
            model, _ = load_model(ModelConfig(arch="nets.made:make"), tmp_path / folder, 1)
            assert model.bias.item() == number


def test_a_model_with_one_output_has_two_classes(project, capsys):
    own_project(project, outputs=1)
    change(project, "multilabel = true", "multilabel = false")
    change(project, 'labels = "labels.csv"', "")
    assert explain(project) == 2
    assert "3 names, but the model has one output, which tells two classes apart" in capsys.readouterr().err
    change(project, 'classes = ["cat", "horse", "boat"]', 'classes = ["cat", "horse"]')
    assert explain(project) == 0
    rows = [line.split(",") for line in predicted(project).splitlines()[1:]]
    scores = np.array([float(row[3]) for row in rows]).reshape(-1, 2)
    assert np.allclose(scores.sum(axis=1), 1)
    assert scores.std() > 0


def test_a_model_of_grey_pictures_is_told_by_its_mean(project):
    own_project(project, channels=1)
    change(project, "multilabel = true", "multilabel = true\nmean = [0.5]\nstd = [0.25]")
    assert explain(project) == 0
    change(project, "std = [0.25]", "std = [0.25, 0.25, 0.25]")
    assert explain(project) == 2


def test_outputs_that_are_not_finite_stop_the_run_with_the_pictures_name(project, capsys):
    own_project(project)
    change(project, "1 * x", "x * float('nan')", "own_steps.py")
    assert explain(project) == 2
    assert "horse_0.png: the model's outputs are NaN or infinite" in capsys.readouterr().err


def test_the_bundle_and_the_log_say_which_layer_was_taken(project, caplog):
    assert explain(project) == 0
    methods = json.loads((project / "bundle/manifest.json").read_text())["methods"]
    assert [method["layer"] for method in methods] == ["5", None]
    assert "its layer '5' is explained" in caplog.text
