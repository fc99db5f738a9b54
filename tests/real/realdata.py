"""Where the real weights and photographs are; tests skip with a reason when they are not there."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("HEATWISE_REALDATA", Path(__file__).parents[3] / "shared" / "realdata"))


def real(name: str) -> Path:
    """Return a file or folder of the real data, or skip the test."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"{path} is not there; HEATWISE_REALDATA names another place")
    return path
