"""In which language pages speak: Django's catalogues, with a study's own translations of the interface before them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import trans_real as django_translation

from studyapp.core.foreign import BEGIN, in_html, marked, unmarked
from studyapp.core.languages.tags import base
from studyapp.core.languages.wording import WORDS
from studyapp.core.languages.words import words

trans_real: Any = django_translation  # of its own the types leave out which catalogue is active
ESCAPED_BEGIN = rb"\ufdd0"


def speaks(language: str) -> bool:
    """Return whether the interface comes in a language, or in the one that it is a variant of."""
    return base(language) in dict(settings.LANGUAGES)


def activate(definition: dict[str, Any], language: str = "") -> None:
    """Let pages speak a language of a study (default: its own), from here on in this thread.

    A word of the interface is the study's own translation, else the catalogue's, else the study's language's, marked
    as such, or English.
    """
    source = definition["language"]
    language = language or source
    own = own_words(definition, language)
    translation.activate(language)
    if own or not speaks(language):
        # Django has no door for a catalogue that is one study's.
        trans_real._active.value = _catalogue_of(language, source, json.dumps(own, sort_keys=True))


@contextmanager
def speaking(definition: dict[str, Any], language: str = "") -> Iterator[None]:
    """Let pages speak a language of a study within a `with`."""
    before = getattr(trans_real._active, "value", None)
    activate(definition, language)
    try:
        yield
    finally:
        if before is None:
            translation.deactivate()
        else:
            trans_real._active.value = before


def own_words(definition: dict[str, Any], language: str) -> dict[str, str]:
    """Return a study's own translations of the interface into a language, by sentence."""
    translated = definition.get("translations", {}).get(language, {})
    return {key.removeprefix(WORDS): text for key, text in translated.items() if key.startswith(WORDS)}


def spoken() -> str:
    """Return what the words of the page being made depend on: its language, and whose translation it is."""
    return f"{translation.get_language()} {getattr(getattr(trans_real._active, 'value', None), 'digest', '')}"


class TellsLanguages:
    """Turns the marks of foreign words into a `lang` where a page is whole, and leaves them out of all else but JSON,
    which the page's scripts read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.streaming and any(sign in response.content for sign in (BEGIN.encode(), ESCAPED_BEGIN)):
            kind, text = response.headers.get("Content-Type", ""), response.content.decode()
            if not kind.startswith("application/json"):
                response.content = in_html(text) if kind.startswith("text/html") else unmarked(text)
        return response


class Catalogue:
    """What Django asks for a sentence in a language while a study's pages are made."""

    def __init__(self, language: str, source: str, own: dict[str, str]):
        self.language, self.own = language, own
        self.source = source if speaks(source) else settings.LANGUAGE_CODE
        self.digest = sha256(json.dumps([language, source, own], sort_keys=True).encode()).hexdigest()
        self._catalogue, self._fallback = trans_real.translation(language), trans_real.translation(self.source)

    def gettext(self, message: str) -> str:
        if found := self.own.get(message):
            return found
        if speaks(self.language) or message not in words():
            return str(self._catalogue.gettext(message))
        return marked(self._fallback.gettext(message), self.source)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """Return Django's own counted messages; the interface has none, see `core/languages/words.py`."""
        return str(self._catalogue.ngettext(singular, plural, number))

    def to_language(self) -> str:
        return self.language


@lru_cache(maxsize=64)
def _catalogue_of(language: str, source: str, own: str) -> Catalogue:
    return Catalogue(language, source, json.loads(own))
