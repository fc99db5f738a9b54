"""The interface's words: every sentence of participants' pages that is ours, not the study's.

`words.json` is written by `manage.py translations`, which finds them in the templates and modules. None has a plural:
each is worded so that it fits any number ("Page 3 of 14"), and so that any language can say it in one way.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STUDIES = "studyapp/studies/"
PATH = Path(__file__).with_name("words.json")


@dataclass(frozen=True)
class Place:
    """Where a sentence stands, in words, and in which kinds of study; in all of them where none is named."""

    where: str
    kinds: tuple[str, ...] = ()


@cache
def words() -> dict[str, Place]:
    """Return every sentence with where it stands."""
    found = json.loads(PATH.read_text(encoding="utf-8"))
    return {sentence: Place(one["where"], tuple(one["kinds"])) for sentence, one in found.items()}


def words_of(kind: str) -> dict[str, Place]:
    """Return the sentences that participants of a kind of study can meet."""
    return {sentence: one for sentence, one in words().items() if not one.kinds or kind in one.kinds}


def written(places: dict[str, set[str]]) -> str:
    """Return the file's content for sentences and the files in which they stand."""
    found = {sentence: {"where": _where(files), "kinds": _kinds(files)} for sentence, files in sorted(places.items())}
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _kinds(files: set[str]) -> list[str]:
    own = [Path(one).parts[2] if one.startswith(STUDIES) else "" for one in files]
    return sorted({*own}) if all(own) else []


def _where(files: set[str]) -> str:
    return ", ".join(sorted({_shown(place) for place in files}))


def _shown(place: str) -> str:
    """Return a file as a place in words: `templates/entry.html` → page “entry”."""
    path = Path(place)
    name = path.stem.strip("_").replace("_", " ")
    if path.suffix != ".html":
        return f"message of {path.parent.name.replace('_', ' ')}"
    kind = path.parent.name.replace("_", " ")
    return f"page “{name}”" if kind in ("templates", "pages", "components") else f"page “{name}” of {kind}"
