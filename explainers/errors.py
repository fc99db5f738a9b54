"""Errors a person can mend: the command line prints their text and no traceback."""

import difflib


class UserError(Exception):
    """Something in what was given is wrong; the text names the file or field, what was found and what was expected."""


def near(name: str, names) -> str:
    """Return ' Did you mean a, b?' for the closest of `names`, else ' There is: …' with the first of them."""
    names = [str(candidate) for candidate in names]
    close = difflib.get_close_matches(str(name), names, n=4, cutoff=0.5)
    if close:
        return f" Did you mean {', '.join(close)}?"
    shown = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
    return f" There is: {shown}." if names else ""
