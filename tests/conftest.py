"""What all tests share: keys of one test's database mean other rows in the next."""

import gc

import pytest
from hypothesis import HealthCheck, settings

from tests import drawn, emptying, once


@pytest.fixture(autouse=True)
def forgotten_versions():
    """Let no test find the published versions of another in this process's memory."""
    from studyapp import publishing

    publishing.read_version.cache_clear()


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Hash passwords at once: how slow the real hash is, is Django's to test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def static_files_on_demand(settings):
    """Look static files up when they are asked for: WhiteNoise lists all 200 for each client that a test makes."""
    settings.WHITENOISE_AUTOREFRESH = True


def pytest_ignore_collect(collection_path, config):
    """Import no file without a mark of that name where `-m` asks for one alone: torch takes a worker seconds."""
    marker = config.option.markexpr
    is_test = collection_path.suffix == ".py" and collection_path.name.startswith("test_")
    if is_test and marker.isidentifier() and f"mark.{marker}" not in collection_path.read_text(encoding="utf-8"):
        return True
    return None


def pytest_sessionstart():
    """Empty databases quickly, draw no picture twice, and fail no property because the machine has much to do."""
    emptying.install()
    drawn.install()
    settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("unhurried")


def pytest_collection_finish():
    """Collect garbage less often, and leave out what was imported: a million objects that stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_unconfigure():
    """Remove what the workers made together, once they have ended."""
    once.remove()
