import ast
import re
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation.template import templatize

from studyapp import __version__
from studyapp.core.engine.kinds import ENGLISH, kinds
from studyapp.core.languages import words

CALLS = {"_", "gettext", "gettext_lazy", "to_say"}
IN_TEMPLATE = re.compile(r"""\b(?:_|gettext)\(\s*u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\)""")
HEADER = "# What participants' pages say. `python manage.py translations` brings this file up to date and compiles it."
FOR_RESEARCHERS = ("admin", "coding", "management")


class Command(BaseCommand):
    help = "Bring every language's catalogue up to date with the sentences in participants' pages, and compile it."

    def handle(self, **options):
        words.PATH.write_text(words.written(sentences()), encoding="utf-8")
        for language, _ in settings.LANGUAGES:
            if language != ENGLISH:
                self._update(language)

    def _update(self, language: str) -> None:
        path = catalogue(language)
        known = read(language) if path.is_file() else Catalog()
        fresh = Catalog(
            locale=language,
            header_comment=HEADER,
            project="Heatwise",
            version=__version__,
            **dict.fromkeys(("msgid_bugs_address", "last_translator", "language_team"), ""),
            creation_date=known.creation_date,
            revision_date=known.creation_date,
            fuzzy=False,
        )
        for sentence, places in sorted(sentences().items()):
            found = known.get(sentence)
            # Babel writes a place without a line so, whatever its types say.
            locations: list[Any] = [(place, None) for place in sorted(places)]
            fresh.add(sentence, found.string if found else "", locations=locations)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, fresh, width=110)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, fresh)
        open_ones = [message.id for message in fresh if message.id and not message.string]
        self.stdout.write(f"{language}: {len(fresh)} sentences, {len(open_ones)} without translation")
        for open_one in open_ones:
            self.stdout.write(f"  {open_one}")


def catalogue(language: str) -> Path:
    """Return where a language's translations stand; the compiled ones lie beside it."""
    return settings.LOCALE_PATHS[0] / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """Return a language's translations."""
    return read_po(catalogue(language).read_bytes().splitlines(keepends=True), locale=language)


def sentences() -> dict[str, set[str]]:
    """Return every sentence that participants' pages translate, with the files in which it stands."""
    found: dict[str, set[str]] = {}
    for path in _templates():
        for quoted in IN_TEMPLATE.findall(templatize(path.read_text(encoding="utf-8"))):
            found.setdefault(ast.literal_eval(quoted), set()).add(_place(path))
    for path in _modules():
        for sentence in _in_module(path):
            found.setdefault(sentence, set()).add(_place(path))
    for name, study_kind in kinds().items():
        found.setdefault(study_kind.trial_word, set()).add(f"studyapp/studies/{name}/__init__.py")
    return found


def _templates() -> list[Path]:
    folders = [path for path in settings.TEMPLATES[0]["DIRS"] if Path(path).is_relative_to(settings.BASE_DIR)]
    found = [path for folder in folders for path in Path(folder).rglob("*.html")]
    return sorted(path for path in found if "admin" not in path.relative_to(settings.BASE_DIR).parts)


def _modules() -> list[Path]:
    app = settings.BASE_DIR / "studyapp"
    return sorted(path for path in app.rglob("*.py") if path.relative_to(app).parts[0] not in FOR_RESEARCHERS)


def _in_module(path: Path) -> list[str]:
    """Return what a module translates; a word given by a variable stands elsewhere."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in CALLS and call.args]
    words = [call.args[0].value for call in named if isinstance(call.args[0], ast.Constant)]
    return [word for word in words if isinstance(word, str)]


def _place(path: Path) -> str:
    return path.relative_to(settings.BASE_DIR).as_posix()
