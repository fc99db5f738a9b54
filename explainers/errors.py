"""Errors a person can mend: the command line prints their text and no traceback."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something in what was given is wrong; the text names the file or field, what was found and what was expected."""


def near(name: object, names: Iterable[object]) -> str:
    """Return ' Did you mean a, b?' for the closest of `names`, else ' There is: …' with the first of them."""
    known = [str(candidate) for candidate in names]
    close = difflib.get_close_matches(str(name), known, n=4, cutoff=0.5)
    if close:
        return f" Did you mean {', '.join(close)}?"
    shown = ", ".join(known[:12]) + (" …" if len(known) > 12 else "")
    return f" There is: {shown}." if known else ""
