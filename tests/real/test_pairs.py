"""The paper's pairs in a real latent tree: HLTA's over ImageNet's 1000 classes, read by explainers, then by the app."""

import json
from types import SimpleNamespace

import pytest

from studyapp.core.bundles.pairs import latent_of
from tests.real.realdata import real

pytestmark = pytest.mark.real

# Named in CWOX-2s, supplement, B.3, for another network's tree (ResNet50); harvester and tractor are apart in this one.
PAIRS = [
    ("cello", "violin"),
    ("ambulance", "police van"),
    ("folding chair", "rocking chair"),
    ("basketball", "volleyball"),
    ("acoustic guitar", "electric guitar"),
]


@pytest.fixture(scope="module")
def latents(tmp_path_factory):
    from explainers.trees import read_tree

    path = tmp_path_factory.mktemp("tree") / "tree.json"
    read_tree(real("latent_tree/GoogleNet.json")).write(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    return latent_of(SimpleNamespace(classes=content["classes"], latent_tree=content["roots"]))


def test_nearly_every_class_has_its_level_1_variable(latents):
    assert len(latents) == 998


@pytest.mark.parametrize("labels", PAIRS, ids=" / ".join)
def test_the_papers_pairs_stand_under_one_level_1_variable(latents, labels):
    first, second = labels
    assert latents[first] == latents[second]
