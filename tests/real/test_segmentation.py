"""The ADE20K reader and the locality metric on real scenes with their masks."""

import numpy as np
import pytest
import torch
from PIL import Image

from explainers.datasets import ade20k, cut_out, list_photographs, open_picture, true_regions
from explainers.maps.parts import mask_weights
from explainers.metrics.locality import entropies, part_shares
from tests.real.realdata import real

pytestmark = pytest.mark.real


def test_scenes_and_objects_of_ade20k_are_read():
    folder = real("segmentation/ade20k_scene")
    names = ade20k.object_names(folder)
    assert (len(names), names[0], names[1]) == (150, "wall", "building;edifice")
    scenes = list_photographs(folder, None, folder, ["kitchen"], False, "ade20k")
    assert len(scenes) == 3
    for scene in scenes:
        numbers, picture = ade20k.regions(scene.path), open_picture(scene.path)
        assert numbers.shape == picture.size[::-1]
        assert 3 <= len(np.unique(numbers[numbers > 0])) <= 150
    assert {names[k - 1] for k in np.unique(ade20k.regions(scenes[0].path)) if k} >= {"wall"}


def test_a_real_scenes_objects_come_into_the_bundle_by_name_and_tell_where_x_features_look():
    folder = real("segmentation/ade20k_scene")
    for scene in list_photographs(folder, None, folder, [], False, "ade20k"):
        regions = true_regions(scene, ["wall"], 256, (224, 224))
        assert None not in regions
        assert sum(region.astype(int) for region in regions.values()).max() == 1
        assert {0, "floor"} & regions.keys()


def test_a_map_on_one_object_of_a_real_scene_is_local_and_a_flat_one_is_not():
    scene = real("segmentation/ade20k_scene/ADE_val_00000003.jpg")
    numbers = Image.fromarray(ade20k.regions(scene).astype(np.int32))
    cut = torch.from_numpy(np.array(cut_out(numbers, 256, (224, 224), resample=Image.Resampling.NEAREST)))
    assert set(cut.unique().tolist()) <= set(np.unique(ade20k.regions(scene)).tolist())
    largest = max((k for k in cut.unique().tolist() if k), key=lambda k: int((cut == k).sum()))
    maps = torch.stack([(cut == largest).float(), torch.ones(224, 224)])[None]
    on_one, flat = entropies(part_shares(maps, mask_weights(cut, 150)[None]))
    assert float(on_one) == 0
    assert float(flat) > 0.5
