"""Bundles from maps that other tools made, uploaded as a zip: the command `python -m explainers import` makes them."""

import importlib.util
import json
import subprocess
import sys
import tomllib
from pathlib import Path

from django.conf import settings

from studyapp import models
from studyapp.bundles import stimuli
from studyapp.core.bundles.bundle import BundleError

CONFIG, PREDICTIONS, FEATURES, MAPS = "import.toml", "predictions.csv", "features.npy", "maps"
PHOTOGRAPHS = ("photos", "photographs", "images")
LONGEST_S = 300
WANTED = (
    f"expected {PREDICTIONS} with the columns file, class and score, the photographs in a folder {PHOTOGRAPHS[0]}, and "
    f"the maps in {MAPS}, each method's in a folder or a .npz called as the method is; or {CONFIG}, which names them "
    "otherwise"
)


def holds_maps(folder: Path) -> Path | None:
    """Return the folder, the one given or one in it, that holds what a bundle can be made of; None where none does."""
    found = sorted(path for name in (CONFIG, PREDICTIONS) for path in folder.rglob(name))
    return min((path.parent for path in found), key=lambda path: len(path.parts), default=None)


def load_maps(folder: Path, name: str) -> tuple[models.Bundle, list[str]]:
    """Make a bundle of a folder's photographs, predictions and maps, and load it; return it and what there is to say.

    Raises `BundleError` naming the file where something in the folder is wrong, or the command is not installed.
    """
    if importlib.util.find_spec("explainers") is None:
        raise BundleError(
            "the command that reads other tools' maps, `python -m explainers import`, is not installed here"
        )
    config = folder / CONFIG
    if not config.is_file():
        config.write_text(_config(folder), encoding="utf-8")
    made = folder / ".bundle"
    lines = _run(["import", str(config), "--out", str(made), "--confined"], folder)
    return stimuli.load_bundle(made, name), lines[:-1]  # the last one tells where it lies


def _config(folder: Path) -> str:
    """Return the configuration of a folder that is laid out as is usual."""
    photographs = [one for one in PHOTOGRAPHS if (folder / one).is_dir()]
    maps = folder / MAPS
    methods = (
        [path for path in sorted(maps.iterdir()) if path.is_dir() or path.suffix == ".npz"] if maps.is_dir() else []
    )
    if not photographs or not methods or not (folder / PREDICTIONS).is_file():
        raise BundleError(WANTED)
    images = {"folder": photographs[0], "predictions": PREDICTIONS}
    images |= {"features": FEATURES} if (folder / FEATURES).is_file() else {}
    tables = [{"name": path.stem, "maps": f"{MAPS}/{path.name}"} for path in methods]
    text = "[images]\n" + _fields(images) + "".join("\n[[methods]]\n" + _fields(table) for table in tables)
    tomllib.loads(text)
    return text


def _fields(table: dict[str, str]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())


def _run(arguments: list[str], folder: Path) -> list[str]:
    """Run a command of the explainers, and return its words, one sentence each."""
    command = [sys.executable, "-m", "explainers", *arguments]
    try:
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise BundleError(
            f"this took more than {LONGEST_S} s; run `python -m explainers import` yourself, and load its bundle"
        ) from None
    if done.returncode:
        last = (done.stderr.strip() or "it broke off without a word").splitlines()[-1]
        raise BundleError(last.removeprefix("error: ").replace(f"{folder}/", "").replace(str(folder), "the zip"))
    return done.stdout.strip().splitlines()
