"""Bundles in the app's own storage, and the addresses under which their files reach the browser.

A file's address is a keyed hash of its name: it says nothing of what is shown, and nobody can work out the
address of a picture they haven't been sent. The files lie under that very name, so that a web server can serve
them without asking the app.
"""

import hashlib
import hmac
import os
import re
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from studyapp import models
from studyapp.core.bundles.bundle import Bundle, BundleError
from studyapp.core.bundles.checking import require_whole
from studyapp.core.bundles.sets import open_bundle

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


def load_bundle(folder: Path | str | dict[str, Path], name: str) -> models.Bundle:
    """Copy a bundle into the app's storage and return its record; the same bundle again changes nothing.

    Several bundles, in one folder or each with its own by data set, become one record with several data sets.
    Raises `BundleError` naming the file when anything in it is missing or damaged, or when the name, which its folder
    gets, is no short name; nothing is left behind then.
    """
    if not NAME.fullmatch(name):
        raise BundleError(f"a bundle's name: expected letters, digits, - and _, found {name!r}")
    source = open_bundle(folder)
    known = models.Bundle.objects.filter(name=name).first()
    if known and known.sha256 == source.sha256 and (settings.BUNDLES_ROOT / known.folder).is_dir():
        return known
    if known:
        raise BundleError(
            f"a bundle named {name!r} with other content is already loaded; load this one under a new name"
        )
    problems = source.check_files()
    if problems:
        raise BundleError(
            f"{source.folder}: {len(problems)} damaged or missing files; first: {problems[0]}. Copy the "
            "bundle anew from where it was made."
        )
    require_whole(source)
    record = models.Bundle(
        name=name, sha256=source.sha256, folder=f"{name}-{source.sha256[:12]}", n_images=len(source.images)
    )
    _copy(source, settings.BUNDLES_ROOT / record.folder)
    _publish_files(source, record)
    record.save()
    return record


@lru_cache(maxsize=16)
def _reader(folder: str, sha256: str) -> Bundle:
    return open_bundle(settings.BUNDLES_ROOT / folder)


def reader(record: models.Bundle) -> Bundle:
    """Return the bundle's tables, read once per process."""
    return _reader(record.folder, record.sha256)


def stimulus_url(record: models.Bundle, name: str) -> str:
    """Return the opaque address of a bundle's file."""
    return f"/stimuli/{_stored_name(record.salt, name)}"


@lru_cache(maxsize=50_000)
def _stored_name(salt: str, name: str) -> str:
    digest = hmac.new(salt.encode(), name.encode(), hashlib.sha256).hexdigest()
    return f"{digest[:2]}/{digest[2:34]}{Path(name).suffix}"


def _copy(source: Bundle, target: Path) -> None:
    if target.exists():
        return
    settings.BUNDLES_ROOT.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=settings.BUNDLES_ROOT, prefix=".loading-"))
    try:
        for name, original in source.files.items():
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(original, scratch / name)
        scratch.rename(target)
    except BaseException:
        shutil.rmtree(scratch)
        raise


def delete_files(record: models.Bundle) -> None:
    """Delete a bundle's files, those that participants were sent too; no other bundle has a share in them.

    The pictures of its heatmaps are `drawing`'s to delete.
    """
    folder = settings.BUNDLES_ROOT / record.folder
    for path in folder.rglob("*"):  # not by the tables: an earlier version's bundle can be deleted, though not read
        name = path.relative_to(folder).as_posix()
        (settings.STIMULI_ROOT / _stored_name(record.salt, name)).unlink(missing_ok=True)
    shutil.rmtree(folder)


def _publish_files(source: Bundle, record: models.Bundle) -> None:
    for name in _sent(source):
        target = settings.STIMULI_ROOT / _stored_name(record.salt, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        original = settings.BUNDLES_ROOT / record.folder / name
        try:
            os.link(original, target)
        except OSError:
            shutil.copy2(original, target)


def _sent(bundle: Bundle) -> list[str]:
    """Return the names of the files that are sent to participants as they are: the images."""
    return sorted({row["file"] for row in bundle.images.values()})
