"""Multi-scale occlusion against a direct transcription of the paper's loop: one tree per offset, node by node."""

import pytest
import torch
from torch import nn

from explainers import explain
from explainers.errors import UserError
from explainers.occlusion.density import fitted_density
from explainers.occlusion.hiding import fill_colours
from explainers.occlusion.lattice import lattice
from tests.explainers.sample_networks import pictures, small_cnn


class Node:
    """A region in lattice units, as section 4.4 keeps it: where it is, how important, its children."""

    def __init__(self, region, importance):
        self.region, self.importance, self.children = region, importance, []

    def leaves(self):
        return [leaf for child in self.children for leaf in child.leaves()] if self.children else [self]


def crop(inner, outer):
    top, bottom, left, right = inner
    return max(top, outer[0]), min(bottom, outer[1]), max(left, outer[2]), min(right, outer[3])


def papers_loop(measure, depth, kx, ky, prune_root):
    """Section 4.4's breadth-first tree with the offset of 4.10, pruned by 4.5's rule, from the root or below it."""
    units = 2 ** (depth + 1)
    root = Node((0, units, 0, units), measure((0, units, 0, units)))
    level = [root]
    for d in range(1, depth + 1):
        size, below = units // 2**d, []
        for node in level:
            for top in range(ky - 2 * units, 2 * units, size):
                for left in range(kx - 2 * units, 2 * units, size):
                    region = crop((top, top + size, left, left + size), node.region)
                    if region[0] < region[1] and region[2] < region[3]:
                        node.children.append(Node(region, measure(region)))
            below += node.children
        level = below
    for node in [root] if prune_root else root.children:
        prune(node)
    return root


def prune(node):
    for child in node.children:
        prune(child)
    if node.children and node.importance > sum(child.measured for child in node.children):
        node.children = []


Node.measured = property(lambda node: node.importance)


def papers_heatmaps(measure, depth, height, width, epsilon, prune_root=True):
    """Return (density, heatmap) of every offset, rows of offsets first."""
    units = 2 ** (depth + 1)
    found = []
    for ky in range(2**depth):
        for kx in range(2**depth):
            leaves = [
                leaf for leaf in papers_loop(measure, depth, kx, ky, prune_root).leaves() if leaf.importance > epsilon
            ]
            heatmap, told, covered = torch.zeros(height, width, dtype=torch.float64), 0.0, 0
            for leaf in leaves:
                top, bottom, left, right = in_pixels(leaf.region, height, width, units)
                heatmap[top:bottom, left:right] = leaf.importance
                told += leaf.importance
                covered += (bottom - top) * (right - left)
            found.append((told / covered if covered else 0.0, heatmap))
    return found


def in_pixels(region, height, width, units):
    return tuple(i * length // units for i, length in zip(region, (height, height, width, width), strict=True))


def measured_by(model, image, target, fill, counted=None):
    """Return importance(region) by classifying the image with that region filled, nothing remembered or batched."""
    model = model.eval()
    height, width = image.shape[-2:]

    def measure(region, units):
        rectangle = in_pixels(region, height, width, units)
        colour = fill_colours(image[None], torch.tensor([rectangle]), fill, (0.5,) * 3, (0.25,) * 3)[0, 0]
        occluded = image.clone()
        top, bottom, left, right = rectangle
        occluded[:, top:bottom, left:right] = colour[:, None, None]
        with torch.inference_mode():
            original, score = model(torch.stack([image, occluded])).softmax(dim=1)[:, target].double()
        if counted is not None:
            counted.append(region)
        return float((original - score) / original)

    return measure


@pytest.mark.parametrize(("depth", "n_best", "fill"), [(1, 1, "grey"), (2, 5, "neighbours"), (2, "all", "black")])
@pytest.mark.parametrize("size", [(32, 32), (19, 27)])
@pytest.mark.parametrize("prune_root", [True, False])
def test_maps_equal_the_papers_loop(depth, n_best, fill, size, prune_root):
    model, image = small_cnn(seed=3), 3 * pictures(1, side=32, seed=5)[0, :, : size[0], : size[1]]
    measure, units = measured_by(model, image, 1, fill), 2 ** (depth + 1)
    trees = papers_heatmaps(lambda region: measure(region, units), depth, *size, 0.001, prune_root)
    order = sorted(range(len(trees)), key=lambda i: -round(trees[i][0], 9))
    kept = order if n_best == "all" else order[:n_best]
    expected = torch.stack([trees[i][1] for i in kept]).mean(dim=0).float()
    options = {"depth": depth, "n_best": n_best, "fill": fill, "mean": (0.5,) * 3, "std": (0.25,) * 3}
    maps = explain("multiscale_occlusion", model, image[None], [1], prune_root=prune_root, **options)
    torch.testing.assert_close(maps[0, 0], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("depth", "distinct", "loop"), [(1, 25, 25), (4, 5_708, 97_589), (5, 27_661, 1_483_541)])
def test_each_distinct_rectangle_stands_once(depth, distinct, loop):
    grid = lattice(depth)
    assert len(grid.rectangles) == distinct + 1  # and the root
    assert len({tuple(row) for row in grid.rectangles.tolist()}) == distinct + 1
    assert sum(int((cells < distinct + 1).sum()) for cells in grid.cells) == loop


class Counting(nn.Module):
    """The share of white in the image; counts the images it is shown."""

    def __init__(self):
        super().__init__()
        self.seen = torch.zeros(1, dtype=torch.long)

    def forward(self, images):
        self.seen += len(images)
        white = images.mean(dim=(1, 2, 3))
        return torch.stack([white, -white], dim=1)


@pytest.mark.parametrize("size", [(32, 32), (40, 57)])
def test_depth_four_classifies_5710_images_for_all_targets_and_any_size(size):
    seen = []
    explain("multiscale_occlusion", Counting(), torch.rand(1, 3, *size), [[0, 1]], output="logit", progress=seen.append)
    assert sum(seen) == 5_708 + 1 + 1


def test_an_image_with_one_bright_cell_is_explained_by_that_cell():
    image = torch.zeros(1, 3, 32, 32)
    image[:, :, 8:16, 24:32] = 1
    maps = explain(
        "multiscale_occlusion", Counting(), image, [0], depth=2, n_best=1, fill=(0.0, 0.0, 0.0), output="logit"
    )
    expected = torch.zeros(32, 32)
    expected[8:16, 24:32] = 1
    torch.testing.assert_close(maps[0, 0], expected)


def test_by_default_the_roots_children_stay_and_one_word_gives_the_papers_settings():
    """Two lights of which one is enough, and a third: the paper's rule leaves the whole image as one cell."""

    class Lights(nn.Module):
        def forward(self, images):
            first, second, third = images[:, 0, :8, :8], images[:, 0, -8:, -8:], images[:, 0, :8, -8:]
            either = torch.maximum(first.mean((1, 2)), second.mean((1, 2)))
            return torch.stack([3 * either + third.mean((1, 2)), 0 * either], dim=1)

    image = torch.zeros(1, 3, 32, 32)
    image[:, :, :8, :8] = image[:, :, -8:, -8:] = image[:, :, :8, -8:] = 1
    options = {"depth": 2, "fill": "black"}
    default, paper, spelt_out = (
        explain("multiscale_occlusion", Lights(), image, [0], **options, **more)[0, 0]
        for more in ({}, {"paper": True}, {"prune_root": True})
    )
    assert paper.equal(spelt_out)
    assert paper.min() == paper.max()
    assert paper.max() > 0.9
    assert default[:16, 16:].max() == default.max() > default[16:, :16].max()
    with pytest.raises(UserError, match="combine: with paper = true, expected 'trees', found 'density'"):
        explain("multiscale_occlusion", Lights(), image, [0], paper=True, combine="density", **options)


def test_when_nothing_matters_the_map_is_zero():
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2))
    nn.init.zeros_(model[1].weight)
    maps = explain("multiscale_occlusion", model, torch.rand(1, 3, 16, 16), [0], depth=2)
    assert torch.equal(maps, torch.zeros(1, 1, 16, 16))


def test_an_image_smaller_than_the_lattice_is_refused():
    with pytest.raises(UserError, match="depth: 4 needs images of 32 pixels or more, found 31×64"):
        explain("multiscale_occlusion", small_cnn(), torch.rand(1, 3, 31, 64), [0])


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("ridge", [0.01, 3.0])
def test_the_density_solves_the_normal_equations(depth, ridge):
    grid = lattice(depth)
    values = torch.rand(2, len(grid.rectangles), dtype=torch.float64, generator=torch.Generator().manual_seed(depth))
    covered = torch.zeros(len(values[0]), grid.units, grid.units, dtype=torch.float64)
    for row, (top, bottom, left, right) in zip(covered, grid.rectangles.tolist(), strict=True):
        row[top:bottom, left:right] = 1
    n_units = covered.sum(dim=(1, 2))
    means = covered.flatten(1) / n_units[:, None]
    curvature = means.T @ means
    system = curvature + ridge * curvature.diagonal().mean() * torch.eye(grid.units**2, dtype=torch.float64)
    expected = torch.linalg.solve(system, means.T @ (values * grid.units**2 / n_units).T).T
    torch.testing.assert_close(fitted_density(grid, values, ridge).flatten(1), expected, atol=1e-6, rtol=1e-6)


def test_maps_of_a_fit_do_not_depend_on_those_beside_them():
    grid = lattice(2)
    values = torch.rand(3, len(grid.rectangles), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    values[1] = 0
    together = fitted_density(grid, values, 1.0)
    assert torch.equal(together[1], torch.zeros(grid.units, grid.units, dtype=torch.float64))
    for row, alone in zip(together, values, strict=True):
        torch.testing.assert_close(row, fitted_density(grid, alone[None], 1.0)[0])


@pytest.mark.parametrize("size", [(32, 32), (16, 48)])
def test_where_importance_adds_up_the_density_is_what_each_unit_adds(size):
    """The share of white: hiding a rectangle in black costs what is white in it, whatever else is hidden."""
    units = torch.rand(8, 8, generator=torch.Generator().manual_seed(0))
    image = units.repeat_interleave(size[0] // 8, 0).repeat_interleave(size[1] // 8, 1).expand(1, 3, *size)
    options = {"depth": 2, "fill": (0.0, 0.0, 0.0), "output": "logit", "combine": "density"}
    maps = explain("multiscale_occlusion", Counting(), image, [0], ridge=1e-9, **options)
    torch.testing.assert_close(maps[0, 0], image[0, 0] / image.mean(), atol=1e-3, rtol=1e-3)
    drawn = explain("multiscale_occlusion", Counting(), image, [0], ridge=10.0, **options)
    assert drawn.square().sum() < maps.square().sum()


@pytest.mark.parametrize(
    "parameters",
    [{"depth": 0}, {"n_best": 0}, {"n_best": 5, "depth": 1}, {"fill": "gray"}, {"combine": "densty"}, {"ridge": 0}],
)
def test_impossible_parameters_are_refused(parameters):
    with pytest.raises(UserError, match=next(iter(parameters))):
        explain("multiscale_occlusion", small_cnn(), torch.rand(1, 3, 32, 32), [0], **parameters)
