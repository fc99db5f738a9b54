import pytest
import torch
from torch import nn

from explainers import explain
from explainers.errors import UserError
from explainers.networks.perturbation import classify, readout
from explainers.occlusion.hiding import fill_colours
from tests.explainers.sample_networks import pictures, quick, small_cnn


def neighbours_by_hand(image, rectangle):
    """The mean of all pixels whose nearest side of the rectangle is one step away, corners left out."""
    top, bottom, left, right = rectangle
    height, width = image.shape[-2:]
    around = [(y, x) for y in (top - 1, bottom) for x in range(left, right) if 0 <= y < height]
    around += [(y, x) for x in (left - 1, right) for y in range(top, bottom) if 0 <= x < width]
    return torch.stack([image[:, y, x] for y, x in around]).mean(dim=0)


@pytest.mark.parametrize("rectangle", [(2, 5, 3, 9), (0, 4, 0, 4), (6, 12, 1, 10), (0, 12, 4, 5), (11, 12, 9, 10)])
def test_the_neighbours_fill_is_the_mean_of_the_strips_around(rectangle):
    images = torch.randn(2, 3, 12, 10)
    colours = fill_colours(images, torch.tensor([rectangle]), "neighbours", None, None)
    for n in range(2):
        torch.testing.assert_close(colours[n, 0], neighbours_by_hand(images[n], rectangle))


def test_a_rectangle_without_neighbours_takes_the_images_mean():
    images = torch.randn(1, 3, 12, 10)
    colours = fill_colours(images, torch.tensor([(0, 12, 0, 10)]), "neighbours", None, None)
    torch.testing.assert_close(colours[0, 0], images[0].mean(dim=(1, 2)))


def test_grey_and_black_are_normalised_like_the_image():
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.2, 0.1)
    grey = fill_colours(torch.zeros(1, 3, 4, 4), torch.tensor([(0, 1, 0, 1)]), "grey", mean, std)[0, 0]
    torch.testing.assert_close(grey, (169 / 255 - torch.tensor(mean)) / torch.tensor(std))
    black = fill_colours(torch.zeros(1, 3, 4, 4), torch.tensor([(0, 1, 0, 1)]), "black", mean, std)[0, 0]
    torch.testing.assert_close(black, -torch.tensor(mean) / torch.tensor(std))


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_any_batch_size_gives_the_same_scores(batch_size):
    model, images = small_cnn().eval(), pictures(2)

    def dim(batch, _which, variant):
        batch *= (1 - variant / 10).reshape(-1, 1, 1, 1)

    scores = classify(model, images, 5, dim, torch.tensor([[0, 1], [2, 0]]), batch_size=batch_size)
    assert scores.shape == (2, 2, 5)
    for n, classes in enumerate([[0, 1], [2, 0]]):
        for r in range(5):
            expected = model(images[n : n + 1] * (1 - r / 10)).softmax(dim=1)[0, classes]
            torch.testing.assert_close(scores[n, :, r], expected.detach(), atol=1e-6, rtol=1e-5)


def test_the_output_is_a_probability_or_the_logit():
    logits = torch.tensor([[0.0, 2.0]])
    assert torch.equal(readout(logits, "logit"), logits)
    torch.testing.assert_close(readout(logits, "sigmoid"), torch.tensor([[0.5, 0.8807970779778823]]))
    torch.testing.assert_close(readout(logits, "softmax"), torch.tensor([[0.1192029220, 0.8807970779]]))
    with pytest.raises(UserError, match=r"output: there is no 'sofmax'\. Did you mean softmax"):
        readout(logits, "sofmax")


def test_occlusion_of_a_linear_model_is_the_contribution_of_each_window():
    weight = torch.randn(8, 8)
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 2, bias=False))
    with torch.no_grad():
        model[1].weight[0] = weight.expand(3, 8, 8).flatten() / 3
    image = torch.rand(1, 1, 8, 8).expand(1, 3, 8, 8)
    options = {"window": 2, "stride": 2, "fill": (0.0, 0.0, 0.0), "output": "logit", "relative": False}
    maps = explain("occlusion", model, image, [0], **options)
    contributions = nn.functional.avg_pool2d((weight * image[:, 0])[None], 2) * 4
    torch.testing.assert_close(
        maps[0], contributions.repeat_interleave(2, -1).repeat_interleave(2, -2)[0], atol=1e-5, rtol=1e-4
    )


def test_overlapping_windows_are_averaged_and_reach_the_border():
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1, bias=False))
    nn.init.ones_(model[2].weight)
    image = torch.ones(1, 3, 7, 7)
    options = {"window": 4, "stride": 2, "fill": (0.0, 0.0, 0.0), "output": "logit"}
    maps = explain("occlusion", model, image, [0], **options)
    torch.testing.assert_close(maps, torch.full((1, 1, 7, 7), 16 / 49))


@pytest.mark.parametrize("parameters", [{"window": 65}, {"window": 0}, {"window": 8, "stride": 9}])
def test_windows_that_do_not_cover_the_image_are_refused(parameters):
    with pytest.raises(UserError, match=r"(window|stride): expected"):
        explain("occlusion", small_cnn(), pictures(1), [0], **parameters)


@pytest.mark.parametrize("method", ["occlusion", "multiscale_occlusion", "rise", "lime"])
def test_reduced_precision_changes_maps_a_little(method):
    model, images = small_cnn().eval(), pictures(1)
    full, reduced = (
        explain(method, model, images, [1], **quick(method), output="logit", precision=precision)
        for precision in ("full", "bfloat16")
    )
    assert not torch.equal(full, reduced)
    assert float((full - reduced).abs().mean()) < 0.1 * float(full.abs().mean())
