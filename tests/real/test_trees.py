"""Trees of maps on real photographs: SqueezeNet's weights and HLTA's latent tree of GoogLeNet."""

import pytest
import torch

import explainers
from explainers.config import ModelConfig
from explainers.datasets import cut_out, open_picture
from explainers.models.building import load_model
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD, input_tensor
from explainers.trees import clusters, read_tree
from tests.real.realdata import real

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def tree():
    return read_tree(real("latent_tree/GoogleNet.json"))


def test_hltas_forest_holds_all_thousand_classes_once(tree):
    assert sorted(index for root in tree.roots for index in root.classes) == list(range(1000))
    assert [len(tree.groups(level)) for level in (1, 5)] == [410, 8]
    assert clusters([486, 889, 402, 546, 831], tree) == [(486, 889), (402, 546), (831,)]
    named = [{tree.name(index) for index in group} for group in tree.groups()]
    assert {"cello", "violin"} in [{"cello", "violin"} & names for names in named]


@pytest.mark.parametrize("base", ["grad_cam", "mwp"])
def test_a_photograph_with_several_plausible_classes_gets_a_tree(tree, base):
    weights = real("weights/squeezenet1_0.pth")
    model, _ = load_model(ModelConfig(arch="squeezenet1_0", weights=weights.name), weights.parent, 1000)
    picture = cut_out(open_picture(real("cwox_val/screwdriver.JPEG")), 256, (224, 224))
    image = input_tensor(picture, IMAGENET_MEAN, IMAGENET_STD)
    nodes = explainers.explain_output("cwox_2s", model, image, tree=tree, base=base)
    leaves = [node for node in nodes if len(node.classes) == 1]
    assert 1 < len(leaves) <= 5
    assert sum(node.score for node in nodes if not node.parent) == pytest.approx(sum(leaf.score for leaf in leaves))
    assert all(torch.isfinite(node.map).all() and node.map.min() >= 0 for node in nodes)
    assert max(float(node.map.max()) for node in nodes) > 0
