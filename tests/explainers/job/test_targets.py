"""Targets, ranks, draws and inputs: each boundary by hand."""

import numpy as np
import pytest
import torch
from PIL import Image

from explainers.errors import UserError
from explainers.maps.ranking import ranks, salient
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD, input_tensor, normalised
from explainers.randomness import integers, seeded, uniform
from explainers.targets import as_targets, as_weightings, pick

OUTPUTS = torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])


def test_one_index_an_image_is_one_target_each():
    found = as_targets([2, 0], 2)
    assert found.tolist() == [[2], [0]]
    assert found.dtype == torch.int64
    assert as_targets(torch.tensor([[2, 0, 1]], dtype=torch.int32), 1).tolist() == [[2, 0, 1]]


def test_weightings_stay_as_they_are():
    weightings = torch.rand(2, 4, 3)
    assert as_targets(weightings, 2) is weightings


@pytest.mark.parametrize("targets", [3, [[[1, 2]]], [0.5], [[0.5]], [1, 2, 3], [[1, 2]] * 3])
def test_other_shapes_are_refused(targets):
    with pytest.raises(UserError, match="targets: expected class indices"):
        as_targets(targets, 1)


def test_indices_gather_and_weightings_sum():
    assert pick(OUTPUTS, torch.tensor([[0, 2], [1, 1]])).tolist() == [[1, 4], [16, 16]]
    weightings = torch.tensor([[[1.0, -1, 0]], [[0, 0.5, 2]]])
    assert pick(OUTPUTS, weightings).tolist() == [[-1], [72]]
    assert pick(OUTPUTS.double(), weightings).dtype == torch.float64


@pytest.mark.parametrize(("index", "named"), [(-1, -1), (3, 3)])
def test_an_index_beyond_the_classes_is_named(index, named):
    with pytest.raises(UserError, match=rf"class indices must be 0 … 2, found {named}\."):
        pick(OUTPUTS, torch.tensor([[0, 2], [2, index]]))


def test_outputs_and_weightings_of_another_shape_are_refused():
    with pytest.raises(UserError, match=r"expected outputs of shape \(N, classes\), found \(2, 3, 1\)"):
        pick(OUTPUTS[..., None], torch.tensor([[0], [0]]))
    with pytest.raises(UserError, match="weightings over 2 outputs, but the model has 3"):
        pick(OUTPUTS, torch.ones(2, 1, 2))


def test_no_target_at_all_picks_nothing():
    assert pick(OUTPUTS, torch.zeros(2, 0, dtype=torch.long)).shape == (2, 0)


def test_indices_as_weightings_are_one_hot():
    assert as_weightings(torch.tensor([[2, 0]]), 3).tolist() == [[[0, 0, 1], [1, 0, 0]]]
    assert as_weightings(torch.tensor([[2, 0]]), 3).dtype == torch.float32
    weightings = torch.rand(1, 2, 3)
    assert as_weightings(weightings, 3) is weightings


def test_ranks_count_from_the_highest_in_reading_order():
    maps = torch.tensor([[[1.0, 3.0], [3.0, -5.0]], [[0.0, 0.0], [0.0, 1.0]]])
    assert ranks(maps).tolist() == [[[2, 0], [1, 3]], [[1, 2], [3, 0]]]


def test_salient_pixels_reach_half_of_the_maps_range():
    maps = torch.tensor([[[-2.0, 0.0], [2.0, -0.5]], [[10.0, 12.0], [14.0, 11.0]], [[7.0, 7.0], [7.0, 7.0]]])
    assert salient(maps).tolist() == [
        [[False, True], [True, False]],
        [[False, True], [True, False]],
        [[True, True]] * 2,
    ]
    assert salient(maps, 0.375)[0].tolist() == [[False, True], [True, True]]
    assert salient(maps, 1.0)[0].tolist() == [[False, False], [True, False]]


def test_without_a_generator_the_seed_is_0():
    given = torch.Generator()
    assert seeded(given) is given
    assert torch.equal(torch.rand(4, generator=seeded(None)), torch.rand(4, generator=torch.Generator().manual_seed(0)))


def test_draws_depend_on_the_seed_and_come_in_the_type_asked_for():
    like = torch.zeros(1, dtype=torch.float64)
    draws = uniform((500,), torch.Generator().manual_seed(3), like)
    assert draws.dtype == torch.float64
    assert torch.equal(draws, torch.rand(500, generator=torch.Generator().manual_seed(3)).double())
    whole = integers(3, (500,), torch.Generator().manual_seed(3), like)
    assert whole.dtype == torch.int64
    assert whole.unique().tolist() == [0, 1, 2]


def test_an_input_is_the_colour_in_0_to_1_less_the_mean_over_the_deviation():
    picture = Image.fromarray(np.array([[[0, 51, 255], [102, 0, 0]]], dtype=np.uint8))
    found = input_tensor(picture, (0.5, 0.2, 0.0), (0.5, 2.0, 4.0))
    assert found.shape == (3, 1, 2)
    torch.testing.assert_close(found, torch.tensor([[[-1.0, -0.2]], [[0.0, -0.1]], [[0.25, 0.0]]]))
    grey = torch.full((2, 3, 1, 1), 0.5, dtype=torch.float64)
    torch.testing.assert_close(normalised(grey, (0.5,) * 3, (0.1, 0.2, 0.3)), torch.zeros_like(grey))


def test_the_usual_preprocessing_is_torchvisions():
    from explainers._torchvision import torchvision

    usual = torchvision.models.ResNet18_Weights.DEFAULT.transforms()
    assert (list(IMAGENET_MEAN), list(IMAGENET_STD)) == (usual.mean, usual.std)


def test_many_ties_stay_in_reading_order():
    maps = (torch.arange(64 * 64) % 3).float().reshape(1, 64, 64)
    order = sorted(range(64 * 64), key=lambda place: (-(place % 3), place))
    assert ranks(maps).flatten()[order].tolist() == list(range(64 * 64))
