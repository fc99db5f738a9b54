"""captum's attributions and functions of one's own, as methods of a configuration and of `explain`."""

import json
import sys

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam, Occlusion

from explainers import explain, registry
from explainers.errors import UserError
from tests.explainers.methods.test_every_method import state_of
from tests.explainers.projects import change
from tests.explainers.projects import explain as run
from tests.explainers.sample_networks import pictures, small_cnn

OWN = """
import torch

def brightness(model, images, targets, factor=1.0):
    \"\"\"How bright each pixel is.\"\"\"
    return factor * images.mean(dim=1, keepdim=True).expand(-1, targets.shape[1], -1, -1)
"""


def test_captums_maps_are_those_that_it_gives_when_called_by_hand():
    model, images, targets = small_cnn().eval(), pictures(2), [1, 2]
    ours = explain("captum:IntegratedGradients", model, images, targets, n_steps=10)
    torch.testing.assert_close(ours, explain("integrated_gradients", model, images, targets, n_steps=10))
    windows = {"sliding_window_shapes": (3, 32, 32), "strides": (3, 16, 16)}
    ours = explain("captum:Occlusion", model, images, targets, **{key: list(value) for key, value in windows.items()})
    theirs = Occlusion(model).attribute(images, target=torch.tensor(targets), **windows).sum(dim=1, keepdim=True)
    torch.testing.assert_close(ours, theirs.float())
    ours = explain("captum:LayerGradCam", model, images, targets, layer="4")
    small = LayerGradCam(model, model[4]).attribute(images, target=torch.tensor(targets))
    enlarged = torch.nn.functional.interpolate(small, (64, 64), mode="bilinear", align_corners=False)
    torch.testing.assert_close(ours, enlarged.detach())


def test_its_random_methods_draw_from_the_generator_and_leave_the_others_alone():
    model, images = small_cnn().eval(), pictures(1)
    state, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()

    def drawn(seed):
        generator = torch.Generator().manual_seed(seed)
        return explain("captum:GradientShap", model, images, [[0, 1]], n_samples=3, generator=generator)

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpys).all()


@pytest.mark.parametrize("kind", ["Saliency", "InputXGradient", "GuidedBackprop", "DeepLift", "FeatureAblation"])
def test_weightings_several_targets_and_the_models_state(kind):
    model, images = small_cnn(), pictures(2, 16)
    if kind in ("GuidedBackprop", "DeepLift"):  # they change modules, and refuse ReLUs in place
        for place in (2, 5):
            model[place] = torch.nn.ReLU()
    if kind == "FeatureAblation":
        images = images[..., :4, :4]
    before = state_of(model)
    maps = explain(f"captum:{kind}", model, images, [[0, 1], [2, 1]])
    weighted = explain(f"captum:{kind}", model, images, torch.eye(3)[torch.tensor([[0, 1], [2, 1]])])
    torch.testing.assert_close(maps, weighted)
    assert maps.shape == (2, 2, *images.shape[-2:])
    assert state_of(model) == before


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("captum:Salency", {}, "captum has no 'Salency'. Did you mean Saliency"),
        ("captum:NoiseTunnel", {}, "does not explain a model's target; call it in a function of your own"),
        ("captum:NeuronGradient", {}, "call it in a function of your own"),
        ("captum:Occlusion", {}, "captum:Occlusion sliding_window_shapes: must be given"),
        ("captum:Saliency", {"abz": True}, "no parameter 'abz'.*abs"),
        ("captum:Occlusion", {"sliding_window_shapes": (3, 99, 99)}, "captum:Occlusion: AssertionError"),
        ("nowhere_at_all:brightness", {}, "cannot be imported: No module named"),
        ("json:dumps", {}, "expected a function of"),
    ],
)
def test_what_cannot_be_called_is_refused_in_words(name, parameters, message):
    with pytest.raises(UserError, match=message):
        explain(name, small_cnn().eval(), pictures(1), [0], **parameters)


@pytest.fixture
def own(project):
    (project / "own_methods.py").write_text(OWN)
    change(project, '[[methods]]\nname = "grad_cam"\n', '[[methods]]\nname = "own_methods:brightness"\nfactor = 2.0\n')
    change(project, 'name = "multiscale_occlusion"\ndepth = 2\nfill = "grey"', 'name = "captum:Saliency"')
    return project


def methods_of(project):
    return json.loads((project / "bundle" / "manifest.json").read_text())["methods"]


def test_a_configuration_takes_both_and_a_changed_function_is_another_method(own):
    assert run(own) == 0
    mine, captums = methods_of(own)
    assert (mine["name"], captums["name"]) == ("own_methods_brightness", "captum_Saliency")
    assert mine["paper"] == "How bright each pixel is."
    assert mine["parameters"] == {"factor": 2.0}
    change(own, "factor * images", "-factor * images", "own_methods.py")
    assert run(own) == 0
    assert methods_of(own)[0]["code"] != mine["code"]
    assert methods_of(own)[1]["code"] == captums["code"]
    assert len([path for path in (own / "bundle.work").iterdir() if path.name.startswith("own_methods-")]) == 2


def test_maps_of_another_shape_are_refused(own, capsys):
    change(own, ".mean(dim=1, keepdim=True)", ".mean(dim=1, keepdim=True)[..., :5]", "own_methods.py")
    assert run(own) == 2
    assert "expected maps (N, T, H, W), here (1, 2, 32, 32); it gives (1, 2, 32, 5)" in capsys.readouterr().err


def test_a_function_may_give_maps_without_their_targets(tmp_path, monkeypatch):
    (tmp_path / "own_plain.py").write_text("def plain(model, images, targets): return images.mean(dim=1).numpy()\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    registry.explainer("own_plain:plain", tmp_path)
    assert explain("own_plain:plain", small_cnn().eval(), pictures(2), [0, 1]).shape == (2, 1, 64, 64)
