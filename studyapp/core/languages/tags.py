"""Languages by their codes (BCP 47), as in fr, pt-br or zh-hant-tw: read, named and directed by CLDR."""

import re
from collections.abc import Iterable
from functools import lru_cache

from babel import Locale, UnknownLocaleError

TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)"
)
LONGEST = 35
RIGHT_TO_LEFT = {"arab", "hebr", "syrc", "thaa", "nkoo", "adlm", "rohg", "mand", "samr"}
NO_LANGUAGES = {"mul", "und", "zxx", "root"}
EXPECTED = "expected a language's code, such as fr, pt-br or zh-hant"


def canonical(code: str) -> str:
    """Return a language's code in small letters with hyphens; a `ValueError` says what is none.

    >>> canonical("pt_BR")
    'pt-br'
    """
    tag = str(code).strip().lower().replace("_", "-")
    found = TAG.fullmatch(tag) if len(tag) <= LONGEST else None
    english = Locale("en")
    known = found and (
        found["language"] in english.languages
        and (found["script"] or "latn").title() in english.scripts
        and (found["region"] or "GB").upper() in english.territories
    )
    if not found or not known or found["language"] in NO_LANGUAGES or found["region"] == "zz":
        raise ValueError(f"{EXPECTED}; found {code!r:.60}")
    return tag


def base(code: str) -> str:
    """Return the language of which a code is a variant: `pt-br` → `pt`."""
    return code.partition("-")[0]


def in_order(own: str, others: Iterable[str]) -> list[str]:
    """Return languages as they are listed: a study's own, then the others by their codes.

    >>> in_order("fr", ["pt-br", "fr", "de"])
    ['fr', 'de', 'pt-br']
    """
    return [own, *sorted({*others} - {own})]


def matching(wanted: str, offered: list[str]) -> str:
    """Return which of the offered languages somebody reads who wants one; "" where it is none of them.

    >>> matching("FR-ca", ["en", "fr"]), matching("pt", ["en", "pt-br"]), matching("it", ["en"])
    ('fr', 'pt-br', '')
    """
    tag = wanted.lower().replace("_", "-")
    ways = [one for one in offered if one == tag] or [one for one in offered if base(one) == base(tag)]
    return ways[0] if ways else ""


@lru_cache(maxsize=256)
def own_name(code: str) -> str:
    """Return a language's name in itself, or in English where CLDR doesn't know it.

    >>> own_name("fr"), own_name("fr-de")
    ('Français', 'Français (DE)')
    """
    if found := _locale(code):
        name = str(found.get_display_name(found))
        return name[:1].upper() + name[1:]
    rest = code[len(base(code)) + 1 :]
    return f"{own_name(base(code))} ({rest.upper()})" if rest and _locale(base(code)) else english_name(code)


@lru_cache(maxsize=256)
def english_name(code: str) -> str:
    """Return a language's English name, as in French; its code where it has none.

    >>> english_name("pt-br"), english_name("ar")
    ('Portuguese (Brazil)', 'Arabic')
    """
    found, english = TAG.fullmatch(code), Locale("en")
    if not found or found["language"] not in english.languages:
        return code
    parts = (english.scripts, (found["script"] or "").title()), (english.territories, (found["region"] or "").upper())
    more = ", ".join(str(names[part]) for names, part in parts if part in names)
    return f"{english.languages[found['language']]} ({more})" if more else str(english.languages[found["language"]])


@lru_cache(maxsize=256)
def direction(code: str) -> str:
    """Return in which direction a language is written: `rtl` or `ltr`.

    >>> direction("ar"), direction("az-arab"), direction("ar-latn"), direction("fr")
    ('rtl', 'rtl', 'ltr', 'ltr')
    """
    found = TAG.fullmatch(code.lower().replace("_", "-"))
    if found and found["script"]:
        return "rtl" if found["script"] in RIGHT_TO_LEFT else "ltr"
    locale = _locale(base(code))
    return str(locale.text_direction) if locale else "ltr"


def _locale(code: str) -> Locale | None:
    try:
        return Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
