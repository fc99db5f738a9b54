"""Texts that participants read: Markdown with `{placeholders}`, rendered to safe HTML."""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser

import markdown
import nh3

from .foreign import marked, taken_off

PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
TAG = re.compile(r"<[^>]+>")
ELSEWHERE = re.compile(r"\s*(https?:|//|\\\\)", re.I)
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
TAGS = nh3.ALLOWED_TAGS | {"video", "source", "figure", "figcaption"}
ATTRIBUTES = nh3.ALLOWED_ATTRIBUTES | {
    "img": {"src", "alt", "width", "height"},
    "video": {"src", "controls", "poster", "width", "height"},
    "source": {"src", "type"},
    "span": {"translate"},
}


class Kept(str):
    """A value that stands in texts as it is, as a class's name: no Markdown, and no translation changes it."""


def render(text: str, values: Mapping[str, object]) -> str:
    """Return Markdown `text` as HTML that is safe to show: placeholders filled, scripts and styles removed.

    A placeholder that `values` doesn't hold stays as it is, so that braces in a researcher's text do no harm. A text
    that is marked as foreign stays so.
    """
    language, own = taken_off(text)
    filled = PLACEHOLDER.sub(lambda found: _shown(values, found), own)
    return marked(_html(filled), language) if language else _html(filled)


def plain(text: str, values: Mapping[str, object]) -> str:
    """Return Markdown `text` as plain words on one line, for a question's label."""
    return " ".join(unescape(TAG.sub("", render(text, values))).split())


def inline(html: str) -> str:
    """Return what stands in a text of one line, as a heading's own content: without the text's tags."""
    return nh3.clean(html, tags={"span"}, attributes={"span": {"translate"}}).strip()


def kept(name: str) -> str:
    """Return a name as HTML that a browser's translation leaves alone."""
    return f'<span translate="no">{escape(name, quote=False)}</span>'


def filled_in(words: str, values: Mapping[str, str]) -> str:
    """Return plain words as HTML, with their `{placeholders}` filled by names that no translation is to change."""
    shown = {name: kept(value) for name, value in values.items()}
    return PLACEHOLDER.sub(lambda found: _shown(shown, found), escape(words, quote=False))


def asked_in(text: str) -> tuple[str, str]:
    """Return a question and the hint below it, in plain words: the text's first paragraph, and what follows.

    Their `{placeholders}` stand as they are: what fills them is no Markdown, so that a class called `*_*` stays that.
    """
    language, own = taken_off(text)
    first, _, rest = own.strip().partition("\n\n")
    asked, hint = plain(first, {}), plain(rest, {})
    return (marked(asked, language), marked(hint, language)) if language else (asked, hint)


def addresses(text: str) -> tuple[set[str], set[str]]:
    """Return where a text's links lead and where its pictures and films lie, those of the app's own left out."""
    found = _Addresses()
    found.feed(render(text, {}))
    return found.links, found.media


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a text."""
    return set(PLACEHOLDER.findall(text))


def words(name: str) -> str:
    """Return a name that programs use as a label: `queries_per_class` → `Queries per class`."""
    return name.replace("_", " ").replace("-", " ").capitalize()


class _Addresses(HTMLParser):
    """Collects the addresses elsewhere in a text's HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.media: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and ELSEWHERE.match(value):
                (self.links if name == "href" else self.media if name in ("src", "poster") else set()).add(value)


def _shown(values: Mapping[str, object], found: re.Match[str]) -> str:
    value = values.get(found[1])
    if isinstance(value, Kept):
        return f'<span translate="no">{PUNCTUATION.sub(lambda sign: f"&#{ord(sign[0])};", value)}</span>'
    return found[0] if value is None else str(value)


@lru_cache(maxsize=1024)
def _html(text: str) -> str:
    html = markdown.markdown(text, extensions=["tables", "sane_lists", "smarty"], output_format="html")
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES)
