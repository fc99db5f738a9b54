"""Latent trees from files: our own JSON, or the forest that HLTA writes; and clusters given as plain lists."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from explainers.errors import UserError
from explainers.trees.latent import SCHEMA_VERSION, Latent, LatentTree

Tree: TypeAlias = LatentTree | str | Path | Sequence[Sequence[int]]
"""A latent tree, the file of one, or clusters of class indices."""

_HLTA_CLASS = re.compile(r"(?:^|\s)c(\d+)-(\S+)")
_EXPECTED = "a latent tree, a file of one, or clusters such as [[3, 5], [7]]"


def as_tree(tree: Tree) -> LatentTree:
    """Return a latent tree: as given, read from a file, or made from clusters of class indices."""
    if isinstance(tree, LatentTree):
        return tree
    if isinstance(tree, str | Path):
        path = Path(tree)
        return _cached(path, path.stat().st_mtime_ns) if path.is_file() else read_tree(path)
    if not isinstance(tree, list | tuple):
        raise UserError(f"tree: expected {_EXPECTED}, found {tree!r}.")
    for cluster in tree:
        if not isinstance(cluster, list | tuple) or not all(_is_index(index) for index in cluster):
            raise UserError(f"tree: expected {_EXPECTED}; {cluster!r} is no list of class indices.")
    _refuse_twice([index for cluster in tree for index in cluster], "tree")
    roots = [Latent(f"1-{number}", 1, tuple(cluster)) for number, cluster in enumerate(tree) if cluster]
    return LatentTree(tuple(roots))


def _is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


@lru_cache(maxsize=8)
def _cached(path: Path, _modified: int) -> LatentTree:
    return read_tree(path)


def read_tree(path: Path) -> LatentTree:
    """Return the latent tree of a JSON file, ours or HLTA's (`[{id, text, data: {level}, children}, …]`)."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"tree: cannot read {path}: {error.strerror}.") from None
    except ValueError as error:
        raise UserError(f"tree: {path} is not JSON: {error}.") from None
    try:
        tree = _from_hlta(content, path) if isinstance(content, list) else _from_ours(content, path)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"tree: {path}: {type(error).__name__} {error}; expected the layout of a latent tree."
        ) from None
    _refuse_twice([index for root in tree.roots for index in root.classes], str(path))
    return tree


def _refuse_twice(classes: list[int], where: str) -> None:
    twice = sorted(index for index, n in Counter(classes).items() if n > 1)
    if twice:
        raise UserError(f"{where}: class {twice[0]} stands in two places; expected every class once.")


def _from_ours(content: Any, path: Path) -> LatentTree:
    if content.get("schema_version") != SCHEMA_VERSION:
        raise UserError(f"tree: {path}: expected schema_version {SCHEMA_VERSION}.")
    known: dict[int, tuple[float, float]] = {}

    def branch(node: Mapping[str, Any]) -> Latent:
        children: list[Latent | int] = []
        for child in node["children"]:
            if "class" in child:
                children.append(int(child["class"]))
                if "probability" in child:
                    known[int(child["class"])] = tuple(child["probability"])
            else:
                children.append(branch(child))
        probability = tuple(node["probability"]) if "probability" in node else None
        return Latent(str(node["id"]), int(node["level"]), tuple(children), probability)

    roots = tuple(branch(node) for node in content["roots"])
    names = tuple(content["classes"])
    return LatentTree(roots, names, content["source"], content.get("parameters"), known)


def _from_hlta(content: list[Any], path: Path) -> LatentTree:
    """A class belongs to the lowest variable whose text names it (`c454-bookshop 0.09 …`)."""
    names: dict[int, str] = {}

    def branch(node: Mapping[str, Any], parent: Mapping[str, Any] | None) -> Latent:
        below = [branch(child, node) for child in node.get("children", [])]
        lower = {index for latent in below for index in latent.classes}
        own = []
        for number, name in _HLTA_CLASS.findall(node["text"]):
            names[int(number)] = name.replace("_", " ")
            if int(number) not in lower:
                own.append(int(number))
        on = float(node["data"]["percentage"])
        probability = (1 - on, on) if parent is None else None
        return Latent(str(node["id"]), int(node["data"]["level"]), (*below, *own), probability)

    roots = tuple(branch(node, None) for node in content)
    if not names:
        raise UserError(f"tree: {path}: names no class; expected texts such as 'c454-bookshop 0.09'.")
    full = tuple(names.get(index, f"class {index}") for index in range(max(names) + 1))
    return LatentTree(roots, full, f"HLTA, {Path(path).name}")
