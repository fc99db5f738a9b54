"""Words in another language than their page's, marked where they are made and told to assistive technology in the end.

A mark is made of Unicode's noncharacters, which no text holds: it passes through Markdown, templates and escaping as
any letter does, and `in_html` turns it into a `lang` when the page is whole. Nothing marked is ever stored.
"""

import re

BEGIN, NAMED, END = "\ufdd0", "\ufdd1", "\ufdd2"
MARK = re.compile(f"{BEGIN}([A-Za-z0-9-]*){NAMED}|{END}")
ESCAPED = re.compile(r"\\ufdd0[A-Za-z0-9-]*\\ufdd1|\\ufdd2")
WHOLE = re.compile(f"{BEGIN}([A-Za-z0-9-]*){NAMED}([^{BEGIN}{END}]*){END}")
# What holds text alone, in which no element can stand; all else that is no text; or text.
DATA = re.compile(r"(\sdata-[\w-]+=(?:\"[^\"]*\"|'[^']*'))")
PIECE = re.compile(
    r"(?P<raw><(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->)"
    r"|<(?P<name>title|option|textarea)\b(?P<given>[^>]*)>(?P<held>[^<]*)(?=</)"
    r"|(?P<tag><(?:[^>\"']|\"[^\"]*\"|'[^']*')*>)|(?P<text>[^<]+|<)",
    re.DOTALL | re.IGNORECASE,
)


def marked(text: str, language: str) -> str:
    """Return a text marked as being in a language; an empty one stays empty."""
    return f"{BEGIN}{language}{NAMED}{text}{END}" if text else text


def taken_off(text: str) -> tuple[str, str]:
    """Return which language a text is marked with as a whole, and the text itself; "" where it isn't."""
    found = WHOLE.fullmatch(text)
    return (found[1], found[2]) if found else ("", text)


def unmarked(text: str) -> str:
    """Return a text without any marks, those that JSON has escaped included."""
    return ESCAPED.sub("", MARK.sub("", text))


def in_html(page: str) -> str:
    """Return a whole page whose marked words have their `lang`.

    In an attribute and in a script no element can stand: there the words alone stay, but for data attributes, whose
    marks scripts turn into a `lang` where they show the words (`static/js/words.js`). An element's attributes speak the
    language that the element is given, so one with a marked attribute and no text of its own, as a picture, is marked.
    """
    spoken: list[str] = []
    return "".join(_piece(found, spoken) for found in PIECE.finditer(page))


def _piece(found: re.Match[str], spoken: list[str]) -> str:
    if found["text"] is not None:
        return _text(found["text"], spoken)
    if found["name"]:
        languages = [one[1] for one in MARK.finditer(found["held"]) if one[1]]
        own = f' lang="{languages[0]}"' if languages else ""
        return f"<{found['name']}{unmarked(found['given'])}{own}>{unmarked(found['held'])}"
    if found["tag"] and found["tag"].startswith("<img") and (mark := MARK.search(found["tag"])) and mark[1]:
        return f'<img lang="{mark[1]}"{unmarked(found["tag"][4:])}'
    if found["tag"]:
        return "".join(part if at % 2 else unmarked(part) for at, part in enumerate(DATA.split(found["tag"])))
    return unmarked(found[0])


def _text(text: str, spoken: list[str]) -> str:
    """Return a stretch of text with each foreign part in a `span`; `spoken` are the languages begun and not ended."""
    parts, at = [], 0
    for mark in [*MARK.finditer(text), None]:
        part = text[at : mark.start() if mark else None]
        foreign = spoken and spoken[-1] and part.strip()
        parts.append(f'<span lang="{spoken[-1]}">{part}</span>' if foreign else part)
        if mark is None:
            break
        at = mark.end()
        if mark[0] != END:
            spoken.append(mark[1])
        elif spoken:
            spoken.pop()
    return "".join(parts)
