"""Small networks gain nothing from threads, and tests run beside each other."""

import pytest

from explainers._torchvision import torchvision  # noqa: F401  (before any peer imports torchvision)
from tests.explainers import projects


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def project(tmp_path):
    """A folder with weights, six photographs, their labels and a configuration."""
    return projects.make_project(tmp_path)


@pytest.fixture
def trained(project):
    """The same with a configuration for an explanation network, and two photographs kept for its test."""
    for i in range(4, projects.N_IMAGES):
        projects.change(project, f"horse_{i}.png,{i % 2},1,0,train", f"horse_{i}.png,{i % 2},1,0,test", "labels.csv")
    (project / "xnn.toml").write_text(projects.XNN_CONFIG)
    return project
