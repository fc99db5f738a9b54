"""What a bundle may hold at most, and the words that refuse one. Everything in a bundle was written by others."""

import re

ROWS = {"images.csv": 100_000, "predictions.csv": 2_000_000, "nodes.csv": 500_000, "metrics.csv": 2_000_000}
CLASSES = 25_000
FIELD_LENGTH = 20_000  # characters in a cell of a table
NAME_LENGTH = 200  # characters in a class's or method's name, an id or a file's name
TREE_DEPTH = 8  # maps on the way from a root to a leaf
LATENT_DEPTH = 50  # variables on the way from a root of the latent tree to a class
PIXELS = 50_000_000  # of a picture or a map
LARGEST = 1e30  # magnitude of a number

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_TRUTH = {"true": True, "false": False}


class BundleError(ValueError):
    """What is wrong with a bundle, in words that name the file."""


class Unexpected(ValueError):
    """A value that is not what was expected; the words say what was. Whoever read it knows where it stands."""


def briefly(value) -> str:
    """Return a value as an error quotes it."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:60]}… ({len(shown)} characters)"


def name(value) -> str:
    """Return a name that people and pages can read: some characters on one line, no space around them."""
    fits = isinstance(value, str) and 1 <= len(value) <= NAME_LENGTH and value.isprintable()
    if not fits or value != value.strip():
        raise Unexpected(f"a name of 1 to {NAME_LENGTH} printable characters, without spaces around it")
    return value


def number(text: str) -> float:
    """Return a finite number."""
    if not _NUMBER.fullmatch(text) or not abs(float(text)) <= LARGEST:
        raise Unexpected(f"a number of magnitude up to {LARGEST:g}")
    return float(text)


def whole(text: str) -> int:
    """Return a whole number from 0."""
    if not _WHOLE.fullmatch(text):
        raise Unexpected("a whole number")
    return int(text)


def positive(text: str) -> int:
    """Return a whole number from 1."""
    if not (found := whole(text)):
        raise Unexpected("a whole number above 0")
    return found


def truth(text: str) -> bool:
    """Return what `true` and `false` say."""
    if text not in _TRUTH:
        raise Unexpected("true or false")
    return _TRUTH[text]


def identifier(text: str) -> str:
    """Return an image's id, which names files too."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}", text):
        raise Unexpected("an id of 1 to 80 letters, digits, -, _ and .")
    return text


def or_none(read):
    """Return a function that reads a cell as `read` does, an empty one as None."""
    return lambda text: read(text) if text else None
