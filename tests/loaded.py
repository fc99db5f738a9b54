"""Bundles that many tests use alike: written, checked and copied into the app's storage once a run, then linked."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.test import override_settings

from studyapp import models
from studyapp.bundles import stimuli
from tests import once

ROOTS = ("BUNDLES_ROOT", "STIMULI_ROOT")
FIELDS = ("name", "sha256", "folder", "salt", "n_images")


def load(write: Callable, name: str = "made", **options) -> models.Bundle:
    """Return the record of the bundle that `write(folder, **options)` makes, its files in this test's storage.

    They are links to files that other tests share: a test that changes one calls `stimuli.load_bundle` itself.
    """
    key = f"{write.__module__}.{write.__qualname__} {name} {options!r}"
    folder = once.folder(key, lambda folder: _make(folder, write, name, options))
    for root in ROOTS:
        shutil.copytree(folder / root, getattr(settings, root), copy_function=os.link, dirs_exist_ok=True)
    return models.Bundle.objects.create(**json.loads((folder / "record.json").read_text()))


def _make(folder: Path, write: Callable, name: str, options: dict) -> None:
    """Load a bundle into a folder of its own, with the fields of its record; no record is left."""
    with override_settings(**{root: folder / root for root in ROOTS}), transaction.atomic():
        record = stimuli.load_bundle(write(folder / "source", **options), name)
        (folder / "record.json").write_text(json.dumps({field: getattr(record, field) for field in FIELDS}))
        record.delete()
