"""The latent tree: a forest of hidden binary variables above a model's classes, kept as plain JSON.

    {"schema_version": 1, "source": "…", "parameters": {…}, "classes": ["tench", …],
     "roots": [{"id": "1-0", "level": 1, "probability": [0.8, 0.2], "children": [{"class": 3, "name": "cello", …}, …]}]}

A variable's `probability` is that of its two states at a root, [P(off), P(on)], and below one [P(on | parent off),
P(on | parent on)]; left out where it is not known. `level` is 1 for the groups of classes that are confused most, and
grows towards the roots. A class stands at most once; one that is confused with no other stands nowhere.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from explainers.bundles.bundle import write_atomically

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Latent:
    """A hidden variable; its children are hidden variables too, or classes by index."""

    id: str
    level: int
    children: tuple["Latent | int", ...]
    probability: tuple[float, float] | None = None

    def walk(self) -> Iterator["Latent"]:
        """Yield this variable and all hidden ones below it, parents first."""
        yield self
        for child in self.children:
            if isinstance(child, Latent):
                yield from child.walk()

    @cached_property
    def classes(self) -> tuple[int, ...]:
        """All classes below it, in the order of the tree."""
        below = (child.classes if isinstance(child, Latent) else (child,) for child in self.children)
        return tuple(chain.from_iterable(below))


@dataclass(frozen=True)
class LatentTree:
    """The forest. `class_probability` holds P(class on | parent off), P(class on | parent on), by class index."""

    roots: tuple[Latent, ...]
    class_names: tuple[str, ...] = ()
    source: str = "given"
    parameters: dict[str, Any] | None = None
    class_probability: dict[int, tuple[float, float]] | None = None

    def latents(self) -> Iterator[Latent]:
        for root in self.roots:
            yield from root.walk()

    def groups(self, level: int = 1) -> list[tuple[int, ...]]:
        """Return the classes of each highest variable of at most this level, as far as it has several."""
        clusters = []

        def visit(latent: Latent) -> None:
            if latent.level <= level:
                clusters.append(latent.classes)
                return
            for child in latent.children:
                if isinstance(child, Latent):
                    visit(child)

        for root in self.roots:
            visit(root)
        return [group for group in clusters if len(group) > 1]

    def name(self, index: int) -> str:
        return self.class_names[index] if index < len(self.class_names) else f"class {index}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "source": self.source,
            "parameters": self.parameters or {},
            "classes": list(self.class_names),
            "roots": [self._branch(root) for root in self.roots],
        }

    def _branch(self, latent: Latent) -> dict[str, Any]:
        described: dict[str, Any] = {"id": latent.id, "level": latent.level}
        if latent.probability is not None:
            described["probability"] = list(latent.probability)
        children = [self._branch(c) if isinstance(c, Latent) else self._leaf(c) for c in latent.children]
        return described | {"children": children}

    def _leaf(self, index: int) -> dict[str, Any]:
        known = self.class_probability or {}
        probability = {"probability": list(known[index])} if index in known else {}
        return {"class": index, "name": self.name(index), **probability}

    def write(self, path: Path) -> None:
        write_atomically(Path(path), json.dumps(self.as_dict(), indent=1, ensure_ascii=False).encode())
