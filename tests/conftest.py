"""What all tests share: keys of one test's database mean other rows in the next."""

import pytest


@pytest.fixture(autouse=True)
def forgotten_versions():
    """Let no test find the published versions of another in this process's memory."""
    from studyapp import publishing

    publishing.read_version.cache_clear()


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Hash passwords at once: how slow the real hash is, is Django's to test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
