"""Instruments ready to insert, a file each: our own wording, what it is modelled on, how it is scored.

No published scale's wording stands here. A new instrument is a new file; its texts stand by language, beside one
structure, so that languages can't differ in anything else.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "de")


@dataclass(frozen=True)
class Instrument:
    """An instrument as its file holds it; `modelled_on` and `scored` are in English, for researchers."""

    name: str
    modelled_on: str
    scored: str
    declared: dict[str, Any]

    def questionnaire(self, language: str) -> dict[str, Any]:
        """Return it as a questionnaire, in a language such as `de` or `de-at`, or in English where it has no other."""
        spoken = language.split("-")[0]
        spoken = spoken if spoken in LANGUAGES else LANGUAGES[0]
        labels = _in_language(self.declared.get("labels", {}), spoken)
        items = [_in_language(item, spoken) for item in self.declared["items"]]
        items = [item | {"labels": labels[item["labels"]]} if "labels" in item else item for item in items]
        return {
            "name": self.name,
            "title": _in_language(self.declared["title"], spoken),
            "intro": _in_language(self.declared["intro"], spoken),
            "items": items,
        }


@cache
def instruments() -> tuple[Instrument, ...]:
    """Return all instruments, by name."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append(Instrument(path.stem, declared.pop("modelled_on"), declared.pop("scored"), declared))
    return tuple(found)


def _in_language(value: Any, language: str) -> Any:
    """Return a value with each text by language as its text in one."""
    if isinstance(value, dict):
        if set(value) == set(LANGUAGES):
            return value[language]
        return {name: _in_language(one, language) for name, one in value.items()}
    return [_in_language(one, language) for one in value] if isinstance(value, list) else value
