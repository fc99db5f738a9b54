"""What a translation has to keep of its source: placeholders, HTML tags, and which statements are right."""

import re
from collections import Counter
from collections.abc import Iterable

from studyapp.core.foreign import BEGIN, END, NAMED

NAMED_GAPS = re.compile(r"\{[a-z_]+\}|%\(\w+\)[sdif]")
PERCENT = re.compile(r"%(?!\(\w+\)[sdif])")
TAGS = re.compile(r"<\s*(/?\s*[a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
STATEMENTS = re.compile(r"^\s*[-*] \[([ xX])\] ", re.MULTILINE)
LONGEST = 100_000


def problem(source: str, text: str) -> str:
    """Return what a translation loses or invents of its source, by name; empty where it keeps all.

    >>> problem("Earn {reward}, <b>now</b>", "Gagnez {récompense}, <b>maintenant</b>")
    'it lacks {reward}; expected the placeholders of the source'
    >>> problem("Part %(number)d", "Partie %(number)d")
    ''
    """
    if len(text) > LONGEST or any(sign in text for sign in ("\0", BEGIN, NAMED, END)):
        return f"expected a text of at most {LONGEST} characters, without control characters"
    wanted, found = set(NAMED_GAPS.findall(source)), set(NAMED_GAPS.findall(text))
    if wanted != found:
        return _difference(wanted, found, "placeholders")
    if NAMED_GAPS.search(source) and "%(" in source and len(PERCENT.findall(source)) != len(PERCENT.findall(text)):
        return "it has another number of “%” than the source"
    tags, own = (Counter(_tags(one)) for one in (source, text))
    if tags != own:
        return _difference(tags - own, own - tags, "HTML tags")
    right, translated = ([mark.lower() for mark in STATEMENTS.findall(one)] for one in (source, text))
    if right != translated:
        return "expected as many statements “- [x]” and “- [ ]” as in the source, right and wrong in the same order"
    return ""


def _tags(text: str) -> list[str]:
    return [f"<{''.join(name.split()).lower()}>" for name in TAGS.findall(text)]


def _difference(wanted: Iterable[str], found: Iterable[str], what: str) -> str:
    wanted, found = set(wanted), set(found)
    lost, invented = sorted(wanted - found), sorted(found - wanted)
    parts = [f"it {verb} {', '.join(names)}" for verb, names in (("lacks", lost), ("invents", invented)) if names]
    return f"{' and '.join(parts)}; expected the {what} of the source"
