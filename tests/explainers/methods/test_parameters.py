"""Whatever is given as a parameter, a method explains with it or refuses it in words, by its name."""

import math
from typing import Annotated

import pytest
import torch
from torch import nn

import explainers
from explainers import METHODS
from explainers.accepting import unaccepted
from explainers.errors import UserError
from explainers.parameters import Bounds, Colour, Count, Fill, Layer
from tests.explainers.projects import explain
from tests.explainers.sample_networks import QUICK

SIDE = 16
ODD = [None, -1, 0, 1.5, math.nan, math.inf, True, "x", "", [], [1], ["a"], {}, b"x", object(), torch.tensor(3)]
QUICKEST = QUICK | {"occlusion": {"window": 8}, "multiscale_occlusion": {"depth": 2}, "rise": {"n_masks": 4, "grid": 3}}


def network():
    torch.manual_seed(0)
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), *head).eval()


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        (name, parameter)
        for name, record in METHODS.items()
        if "attention" not in record.needs
        for parameter in record.defaults
    ],
)
def test_an_odd_value_is_used_or_refused_in_words(name, parameter):
    model, image = network(), torch.rand(1, 3, SIDE, SIDE)
    for value in ODD:
        refusal = maps = None
        try:
            maps = explainers.explain(name, model, image, [1], **{**QUICKEST.get(name, {}), parameter: value})
        except UserError as error:
            refusal = str(error)
        assert torch.isfinite(maps).all() if refusal is None else parameter in refusal or "layer" in refusal, value


def function(*, n: Count = 1, share: Annotated[float, Bounds(above=0, most=1)] = 1.0, name: str = "", on: bool = True,
             colour: Colour = (), fill: Fill = "", layer: Layer = None, size: Count | None = None): ...  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ("n", 0, "a whole number of 1 or more"),
        ("n", True, "a whole number of 1 or more"),
        ("share", 0, "a number above 0, up to 1"),
        ("share", math.nan, "a number above 0, up to 1"),
        ("name", 3, "a text"),
        ("on", 1, "true or false"),
        ("colour", "red", "a list of numbers"),
        ("fill", [None], "a text or a list of numbers"),
        ("layer", 3, "a text or a module or nothing"),
        ("size", 1.5, "a whole number of 1 or more or nothing"),
    ],
)
def test_what_is_expected_is_told(parameter, value, expected):
    assert list(unaccepted(function, {parameter: value})) == [(parameter, expected)]


def test_what_fits_is_accepted():
    fitting = {"n": 3, "share": 1, "name": "x", "on": False, "colour": torch.zeros(3), "fill": (1, 2.5), "size": None}
    assert list(unaccepted(function, fitting)) == []
    assert list(unaccepted(lambda x, y=None: None, {"x": object(), "y": 3})) == []  # says nothing of its parameters


def test_a_configuration_is_refused_before_anything_is_computed(project, capsys):
    text = (project / "config.toml").read_text()
    (project / "config.toml").write_text(text.replace("depth = 2", 'depth = "two"'))
    assert explain(project) == 2
    told = "[[methods]] multiscale_occlusion: depth: expected a whole number of 1 or more, found 'two'"
    assert told in capsys.readouterr().err
    assert not list(project.glob("bundle.work/**/*.npz"))
