"""Small networks gain nothing from threads, and tests run beside each other."""

import pytest

from explainers._torchvision import torchvision  # noqa: F401  (before any peer imports torchvision)


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
