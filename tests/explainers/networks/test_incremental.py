"""Variants computed in part, against the whole network on the same variants."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explainers import explain
from explainers.networks.rewriting.incremental import Incremental, can_be_incremental
from explainers.networks.rewriting.optimised import optimised
from explainers.networks.rewriting.windows import Area, Changed, Spans
from explainers.occlusion.hiding import occluded_scores
from tests.explainers.sample_networks import FAMILIES, family, pictures, small_cnn

HOW = {"fill": "grey", "mean": (0.5,) * 3, "std": (0.25,) * 3, "output": "logit"}
# Of every size and shape, at every border and in the middle, down to a single pixel.
RECTANGLES = [
    (0, 8, 0, 8),
    (56, 64, 50, 64),
    (30, 31, 17, 18),
    (3, 20, 60, 64),
    (0, 64, 31, 33),
    (10, 50, 5, 60),
    (0, 64, 0, 64),
]


def in_part_and_whole(model, images, monkeypatch, rectangles=RECTANGLES, **how):
    """Return the scores (N, 2, R) of the rectangles hidden in each image, both ways."""
    targets = torch.tensor([[0, 1]] * len(images))
    given = images, torch.tensor(rectangles), targets
    assert can_be_incremental(optimised(model).model)
    in_part = occluded_scores(model, *given, **HOW, **how, batch_size=2)[1]  # in one batch all windows are the largest
    with monkeypatch.context() as patch:
        patch.setattr("explainers.occlusion.hiding.can_be_incremental", lambda _graph: False)
        return in_part, occluded_scores(model, *given, **HOW, **how)[1]


def assert_equal(in_part, whole):
    assert whole.std() > 0
    assert float((in_part - whole).abs().max() / whole.abs().max()) < 1e-5


@pytest.mark.parametrize("network", FAMILIES)
def test_every_family_gives_the_scores_of_the_whole_network(network, monkeypatch):
    assert_equal(*in_part_and_whole(family(network), pictures(2), monkeypatch))


class Odd(nn.Module):
    """Steps at their least regular: strides that leave pixels over, dilation, groups, pools of all kinds, branches."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 8, (5, 3), stride=(3, 2), padding=(1, 2))
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.wide = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4)
        self.narrow = nn.Conv2d(8, 8, 1)
        self.mean = nn.AvgPool2d(2, 1)
        self.padded_mean = nn.AvgPool2d(3, 1, padding=1)
        self.same = nn.Conv2d(16, 6, 3, padding="same")
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = self.pool(F.relu(self.norm(self.first(x).relu_())))
        x = torch.cat([self.mean(self.wide(x) + self.narrow(x)), self.mean(x) * 2], 1)
        x = self.same(self.padded_mean(F.silu(x)))
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize("size", [(64, 64), (64, 71)])
def test_irregular_steps_give_the_scores_of_the_whole_network(size, monkeypatch):
    images = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1))
    assert_equal(*in_part_and_whole(Odd().eval(), images, monkeypatch))


class ByName(nn.Module):
    """Layers that are given their input by its name."""

    def __init__(self, inplace):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, padding=1), nn.Linear(6, 2)
        self.pool, self.relu = nn.MaxPool2d(2), nn.ReLU(inplace)

    def forward(self, x):
        x = self.relu(input=self.pool(input=self.first(input=x)))
        return self.head(input=F.relu(input=self.second(input=x)).mean((2, 3)))


@pytest.mark.parametrize("inplace", [False, True])
def test_layers_may_be_given_their_input_by_name(inplace, monkeypatch):
    assert_equal(*in_part_and_whole(ByName(inplace).eval(), pictures(1), monkeypatch))


class Residual(nn.Module):
    """Sums of branches that reach unequally far, the farther one on either side."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.near, self.far, self.farther = (nn.Conv2d(3, 3, k, padding=k // 2) for k in (1, 5, 7))
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        y = self.near(x) + self.far(x)
        y = F.relu(self.farther(y) + y)
        y = y + self.far(self.near(y))
        return self.head(y.mean((2, 3)))


def test_branches_of_unequal_reach_are_added_where_either_changed(monkeypatch):
    assert_equal(*in_part_and_whole(Residual().eval(), pictures(1), monkeypatch))


def test_lower_precision_is_near_the_full_one(monkeypatch):
    in_part, whole = in_part_and_whole(family("resnet18"), pictures(1), monkeypatch, precision="bfloat16")
    assert float((in_part - whole).abs().max() / whole.abs().max()) < 0.05


def test_no_layer_sees_more_than_the_change_reaches():
    model, sizes = optimised(small_cnn().eval()), []
    image = model.as_input(pictures(1))
    network = Incremental(model.model, image)
    convolutions = [module for module in model.model.modules() if hasattr(module, "on_window")]
    for convolution in convolutions:
        plain = convolution.on_window
        convolution.on_window = lambda x, *other, plain=plain: sizes.append(tuple(x.shape[2:])) or plain(x, *other)
    network(torch.tensor([(30, 38, 20, 28)]), torch.zeros(1, 3))
    assert sizes == [(12, 12), (10, 10)]  # 8 pixels reach 10, from 12; pooled, 6 at most; these reach 8, from 10


def test_a_change_is_cut_out_and_put_back():
    base = torch.arange(16.0).reshape(1, 1, 4, 4)
    changed = Changed(base, torch.full((1, 1, 2, 2), -1.0), Area(Spans([1], 2), Spans([2], 2)))
    assert changed.whole()[0, 0].tolist() == [[0, 1, 2, 3], [4, 5, -1, -1], [8, 9, -1, -1], [12, 13, 14, 15]]
    seen = changed.seen(Area(Spans([2], 3), Spans([3], 2)), outside=7.0)
    assert seen[0, 0].tolist() == [[-1, 7], [15, 7], [7, 7]]


class Overwriting(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.convolution, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 2)

    def forward(self, x):
        before = self.convolution(x)
        after = before.add_(1.0)
        return self.head((before * after).mean((2, 3)))


def test_a_network_that_overwrites_what_it_reads_again_is_classified_whole():
    model, images = Overwriting().eval(), pictures(1)
    assert not can_be_incremental(optimised(model).model)
    hidden = images.clone()
    hidden[..., 8:24, 8:24] = 0
    found = occluded_scores(
        model, images, torch.tensor([(8, 24, 8, 24)]), torch.tensor([[1]]), **{**HOW, "fill": (0.0,) * 3}
    )
    with torch.inference_mode():
        assert float(found[1]) == pytest.approx(float(model(hidden)[0, 1]), rel=1e-5)


class InPlace(nn.Module):
    """Steps that write their result over their input, small changes and large ones before them."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.near, self.far = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 9, padding=4)
        self.silu, self.head = nn.SiLU(inplace=True), nn.Linear(8, 2)

    def forward(self, x):
        x = self.silu(self.near(x.sub_(0.5)))
        x = self.silu(self.far(x)).mul_(2.0)
        y = self.far(x)
        return self.head(self.far(y).add_(x).mean((2, 3)))


def test_steps_in_place_are_not_done_twice(monkeypatch):
    assert_equal(*in_part_and_whole(InPlace().eval(), pictures(1), monkeypatch))


def test_progress_counts_every_variant():
    seen = []
    explain("occlusion", small_cnn().eval(), pictures(2), [0, 1], window=32, stride=16, progress=seen.append)
    assert sum(seen) == 2 * (9 + 1)
