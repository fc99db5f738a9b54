"""Bundles that many tests use alike: written, checked and copied into the app's storage once a process, then linked."""

import os
import shutil
import tempfile
from atexit import register
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.test import override_settings

from studyapp import models
from studyapp.bundles import stimuli

ROOTS = ("BUNDLES_ROOT", "STIMULI_ROOT")
_known: dict[str, tuple[Path, dict]] = {}


def load(write: Callable, name: str = "made", **options) -> models.Bundle:
    """Return the record of the bundle that `write(folder, **options)` makes, its files in this test's storage.

    They are links to files that other tests share: a test that changes one calls `stimuli.load_bundle` itself.
    """
    key = f"{write.__module__}.{write.__qualname__} {name} {options!r}"
    if key not in _known:
        _known[key] = _made(write, name, options)
    folder, fields = _known[key]
    for root in ROOTS:
        shutil.copytree(folder / root, getattr(settings, root), copy_function=os.link, dirs_exist_ok=True)
    return models.Bundle.objects.create(**fields)


def _made(write: Callable, name: str, options: dict) -> tuple[Path, dict]:
    """Load a bundle into a folder of its own, and return that with the record's fields; no record is left."""
    folder = Path(tempfile.mkdtemp(prefix="loaded-"))
    register(shutil.rmtree, folder, ignore_errors=True)
    with override_settings(**{root: folder / root for root in ROOTS}), transaction.atomic():
        record = stimuli.load_bundle(write(folder / "source", **options), name)
        fields = {field: getattr(record, field) for field in ("name", "sha256", "folder", "salt", "n_images")}
        record.delete()
    return folder, fields
