"""In which order a questionnaire's items are asked: as listed, drawn for each run, or counterbalanced over runs."""

from math import lcm
from random import Random
from typing import Any

from studyapp.core.engine.kinds import Kind

from .items import Item

MANY = 5040


def n_orders(study_kind: Kind, definition: dict[str, Any]) -> int:
    """Return how many orders a study counterbalances: those of its kind, by those of its questionnaires' items."""
    return study_kind.n_orders(definition) * _n_of_items(definition)


def kind_order(study_kind: Kind, definition: dict[str, Any], order: int) -> int:
    """Return which of its kind's orders a run of some order follows."""
    return order % study_kind.n_orders(definition)


def codes_in_order(questionnaire: dict[str, Any], order: int, rng: Random) -> list[str]:
    """Return the items' codes in the order in which a run meets them.

    An item that is asked on another's answer stays behind that one. `order` is the run's among its questionnaires'.
    """
    blocks = _blocks(questionnaire["items"])
    if questionnaire["order"] == "random":
        rng.shuffle(blocks)
    elif questionnaire["order"] == "counterbalanced":
        blocks = [blocks[place] for place in williams(len(blocks), order)]
    return [code for block in blocks for code in block]


def williams(n: int, row: int) -> list[int]:
    """Return a row of a Williams design of n things: over `n_rows(n)` rows each precedes each other equally often.

    Williams, E. J. (1949). Experimental designs balanced for the estimation of residual effects of treatments.

    >>> [williams(4, row) for row in range(4)]
    [[0, 3, 1, 2], [1, 0, 2, 3], [2, 1, 3, 0], [3, 2, 0, 1]]
    """
    row %= n_rows(n)
    zigzag = [place // 2 if place % 2 == 0 else n - 1 - place // 2 for place in range(n)]
    found = [(one + row) % n for one in zigzag]
    return found[::-1] if row >= n else found


def n_rows(n: int) -> int:
    """Return how many rows a Williams design of n things has: n, or 2n where n is odd."""
    return n if n % 2 == 0 or n == 1 else 2 * n


def _n_of_items(definition: dict[str, Any]) -> int:
    balanced = [one for one in definition.get("questionnaires", ()) if one["order"] == "counterbalanced"]
    rows = [n_rows(len(_blocks(one["items"]))) for one in balanced]
    together = lcm(*rows) if rows else 1
    return together if together <= MANY else max(rows)


def _blocks(items: list[Item]) -> list[list[str]]:
    blocks: dict[str, list[str]] = {}
    head: dict[str, str] = {}
    for item in items:
        code, condition = item["code"], item["show_if"]
        head[code] = head[condition["item"]] if condition else code
        blocks.setdefault(head[code], []).append(code)
    return list(blocks.values())
