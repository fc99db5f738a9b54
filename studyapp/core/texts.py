"""Texts that participants read: Markdown with `{placeholders}`, rendered to safe HTML."""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser

import markdown
import nh3

TAG = re.compile(r"<[^>]+>")
ELSEWHERE = re.compile(r"\s*(https?:|//|\\\\)", re.I)
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
TAGS = nh3.ALLOWED_TAGS | {"video", "source", "figure", "figcaption"}
ATTRIBUTES = nh3.ALLOWED_ATTRIBUTES | {
    "img": {"src", "alt", "width", "height"},
    "video": {"src", "controls", "poster", "width", "height"},
    "source": {"src", "type"},
}


def render(text: str, values: Mapping[str, object]) -> str:
    """Return Markdown `text` as HTML that is safe to show: placeholders filled, scripts and styles removed.

    A placeholder that `values` doesn't hold stays as it is, so that braces in a researcher's text do no harm.
    """
    filled = PLACEHOLDER.sub(lambda found: _shown(values, found), text)
    return _html(filled)


def plain(text: str, values: Mapping[str, object]) -> str:
    """Return Markdown `text` as plain words on one line, for a question's label."""
    return " ".join(unescape(TAG.sub("", render(text, values))).split())


def asked_in(text: str, values: Mapping[str, object]) -> tuple[str, str]:
    """Return a question and the hint below it, in plain words: the text's first paragraph, and what follows.

    What `values` put in is no Markdown: a class called `*_*` stays that.
    """
    first, _, rest = text.strip().partition("\n\n")
    question, hint = (PLACEHOLDER.sub(lambda found: _shown(values, found), plain(part, {})) for part in (first, rest))
    return question, hint


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
    return found[0] if value is None else str(value)


@lru_cache(maxsize=1024)
def _html(text: str) -> str:
    html = markdown.markdown(text, extensions=["tables", "sane_lists", "smarty"], output_format="html")
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES)
