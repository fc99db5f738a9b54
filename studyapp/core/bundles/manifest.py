"""A bundle's manifest and latent tree, read strictly."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from .limits import CLASSES, LATENT_DEPTH, NAME_LENGTH, BundleError, Unexpected, briefly, name

SCHEMA_VERSION = 2
OLD = (
    "made before maps were kept without colours; `python -m explainers explain` makes it anew from its work folder in "
    "seconds"
)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest; raises `BundleError` naming the field that is not as expected."""
    path = folder / "manifest.json"
    manifest = _object(path, _json(path), "the manifest")
    for key in ("schema_version", "model", "methods", "files"):
        if key not in manifest:
            raise BundleError(f"{path}: expected the key {key!r}, found {briefly(', '.join(manifest))}")
    version = manifest["schema_version"]
    if version != SCHEMA_VERSION or isinstance(version, bool):
        older = f"; it was {OLD}" if version == 1 else ""
        raise BundleError(f"{path}: expected schema_version {SCHEMA_VERSION}, found {briefly(version)}{older}")
    _check_model(path, _object(path, manifest["model"], "model"))
    _check_methods(path, manifest["methods"])
    _check_files(path, _object(path, manifest["files"], "files"))
    return manifest


def read_latent_tree(path: Path, n_classes: int) -> list[dict[str, Any]]:
    """Return the roots of a latent tree; raises `BundleError` where it is none over the model's classes."""
    tree = _object(path, _json(path), "the latent tree")
    roots = tree.get("roots")
    if not isinstance(roots, list):
        raise BundleError(f"{path}: expected a latent tree with a list of roots, found {briefly(roots)}")
    for root in roots:
        if "class" in _object(path, root, "a root"):
            raise BundleError(
                f"{path}: expected a latent tree whose roots are variables, found the class {briefly(root['class'])}"
            )
    seen: set[int] = set()
    level = [*roots]
    for _ in range(LATENT_DEPTH):
        level = [child for node in level for child in _children(path, node, n_classes, seen)]
    if level:
        raise BundleError(f"{path}: expected a latent tree at most {LATENT_DEPTH} variables deep")
    return roots


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refused)
    except FileNotFoundError:
        raise BundleError(
            f"{path}: missing; the folder is no bundle, or its explainer was stopped before the end"
        ) from None
    except RecursionError:
        raise BundleError(f"{path}: expected JSON, found lists and objects too deep in one another") from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: expected JSON, found {error}") from None


def _refused(constant: str) -> None:
    raise ValueError(f"the number {constant}")


def _object(path: Path, value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BundleError(f"{path}: {what}: expected an object, found {briefly(value)}")
    return value


def _check_model(path: Path, model: Mapping[str, Any]) -> None:
    classes = model.get("classes")
    if not isinstance(classes, list) or not 1 <= len(classes) <= CLASSES:
        raise BundleError(f"{path}: model.classes: expected a list of 1 to {CLASSES:,} names, found {briefly(classes)}")
    for found in classes:
        _named(path, "model.classes", found)
    if len(set(classes)) < len(classes):
        ((twice, _),) = Counter(classes).most_common(1)
        raise BundleError(f"{path}: model.classes: {briefly(twice)} stands there twice")
    _optional(path, model, "model", "multilabel", bool, "true or false")
    _optional(path, model, "model", "name", str, "a text")


def _check_methods(path: Path, methods: Any) -> None:
    if not isinstance(methods, list):
        raise BundleError(f"{path}: methods: expected a list, found {briefly(methods)}")
    names = []
    for number, method in enumerate(methods):
        where = f"methods[{number}]"
        names.append(_named(path, f"{where}.name", _object(path, method, where).get("name")))
        for key in ("title", "short", "paper"):
            _optional(path, method, where, key, str, "a text")
        for key in ("signed", "pixelwise"):
            _optional(path, method, where, key, bool, "true or false")
    if len(set(names)) < len(names):
        raise BundleError(f"{path}: methods: two have the same name")


def _check_files(path: Path, files: Mapping[str, Any]) -> None:
    for found, digest in files.items():
        parts = PurePosixPath(found).parts
        plain = found.isprintable() and "\\" not in found and len(found.encode("utf-8", "replace")) <= NAME_LENGTH
        if not plain or not parts or "/".join(parts) != found or {"..", "/"} & {*parts}:
            raise BundleError(f"{path}: the file name {briefly(found)} leads out of the bundle, or is no plain name")
        if found == "manifest.json":
            raise BundleError(f"{path}: files: lists the manifest itself")
        if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise BundleError(f"{path}: files: {found}: expected a sha256, found {briefly(digest)}")


def _named(path: Path, where: str, value: object) -> str:
    try:
        return name(value)
    except Unexpected as error:
        raise BundleError(f"{path}: {where}: expected {error}, found {briefly(value)}") from None


def _optional(path: Path, values: Mapping[str, Any], where: str, key: str, kind: type, expected: str) -> None:
    value = values.get(key)
    fits = value is None or isinstance(value, kind)
    if not fits or (kind is str and value is not None and not (value.isprintable() and len(value) <= 2_000)):
        raise BundleError(f"{path}: {where}.{key}: expected {expected}, found {briefly(value)}")


def _children(path: Path, node: Any, n_classes: int, seen: set[int]) -> Sequence[Any]:
    """Return what is below a variable, nothing below a class, after looking at it."""
    if "class" in _object(path, node, "the latent tree"):
        index = node["class"]
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < n_classes or index in seen:
            raise BundleError(
                f"{path}: expected a latent tree with each of the model's {n_classes} classes at most once, found "
                f"the class {briefly(index)}"
            )
        seen.add(index)
        return ()
    level, children, key = node.get("level"), node.get("children"), node.get("id")
    if isinstance(level, bool) or not isinstance(level, int) or not isinstance(children, list):
        raise BundleError(f"{path}: expected a latent tree of variables with level and children, found {briefly(node)}")
    _named(path, "a variable's id", str(key) if isinstance(key, int) else key)
    return children
