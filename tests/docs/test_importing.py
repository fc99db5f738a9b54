"""What the page on maps from other tools shows runs, and gives a bundle that the app takes in."""

import importlib

import numpy as np
import pytest
from PIL import Image

from explainers.cli import main
from studyapp.core.bundles.bundle import Bundle
from studyapp.core.bundles.checking import require_whole
from tests.docs.pages import DOCS

torch = pytest.importorskip("torch")
PAGE = (DOCS / "importing.md").read_text(encoding="utf-8")
PREDICTIONS = "file,class,score\n0001.png,cat,0.9\n0001.png,dog,0.1\n"


def block(title: str) -> str:
    """Return the Python lines that follow a title."""
    _, _, rest = PAGE.partition(f"\n{title}")
    return rest.partition("```python\n")[2].partition("```")[0]


@pytest.fixture
def model():
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(4, 5)).eval()


def names_of_pytorch_grad_cam(model):
    importlib.import_module("explainers._torchvision")  # torchvision beside a CPU build of torch
    cam = pytest.importorskip("pytorch_grad_cam")
    targets = pytest.importorskip("pytorch_grad_cam.utils.model_targets")
    object.__setattr__(model, "layer4", model[0])  # a name for the layer, not one more layer
    return {"GradCAM": cam.GradCAM, "ClassifierOutputTarget": targets.ClassifierOutputTarget}


def names_of_captum(model):
    return {"IntegratedGradients": pytest.importorskip("captum.attr").IntegratedGradients}


def names_of_quantus(model):
    return {"names": ["0001"], "y_batch": ["cat"], "a_batch": np.random.default_rng(0).random((1, 1, 16, 16))}


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("pytorch-grad-cam:", names_of_pytorch_grad_cam),
        ("captum;", names_of_captum),
        ("Arrays as Quantus", names_of_quantus),
    ],
)
def test_the_lines_for_each_tool_give_maps_that_are_imported(tmp_path, monkeypatch, model, title, names):
    monkeypatch.chdir(tmp_path)
    known = {"model": model, "image": torch.rand(1, 3, 16, 16), "maps": {}, "np": np} | names(model)
    exec(block(title), known)
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "photos" / "0001.png")
    (tmp_path / "predictions.csv").write_text(PREDICTIONS)
    config = PAGE.partition("```toml\n")[2].partition("```")[0].replace('maps = "maps"', 'maps = "maps.npz"')
    config = "\n".join(line for line in config.splitlines() if not line.startswith("features"))
    (tmp_path / "config.toml").write_text(config)
    assert main(["import", "config.toml"]) == 0
    bundle = Bundle(tmp_path / "bundle")
    require_whole(bundle)
    ((node,),) = bundle.nodes.values()
    assert bundle.saliency(node).shape == (16, 16)


def test_each_tool_takes_three_lines():
    for title in ("pytorch-grad-cam:", "captum;", "Arrays as Quantus"):
        assert len(block(title).splitlines()) == 3
