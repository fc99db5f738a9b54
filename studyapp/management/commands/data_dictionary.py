from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from studyapp.core.engine.fields import Field
from studyapp.core.engine.kinds import Kind, kinds
from studyapp.core.export.columns import columns

PAGE = settings.BASE_DIR / "docs" / "data_dictionary.md"
HEAD = """# Data dictionary

Every column of every table that `python manage.py export_study` writes, made from what the code declares by
`python manage.py data_dictionary`; a test keeps it current. The export's own `dataset_description.json` holds the same
for one study. Conventions (missing values, times, guarded text) stand in [export.md](export.md).
"""
SENTENCES = {
    "participants": "One row per run.",
    "trials": "One row per answered trial: a step that is scored or rated.",
    "steps": "One row per answered step, trials included.",
    "events": "One row per event in the browser or of the run.",
    "answers": "One row per item of a questionnaire that a run was asked, in the order in which it met them. Items and "
    "scale scores are columns of `steps` too, as `<questionnaire>_<item>` and `<questionnaire>_<scale>_score`.",
    "codes": "One row per code that a researcher gave to a free text.",
}


class Command(BaseCommand):
    help = "Write docs/data_dictionary.md from the declared columns."

    def add_arguments(self, parser):
        parser.add_argument("--out", default=PAGE, type=Path, metavar="FILE")

    def handle(self, out, **options):
        out.write_text(page(), encoding="utf-8")
        self.stdout.write(f"{out.name}: {', '.join(sorted(kinds()))}")


def page() -> str:
    """Return the data dictionary in Markdown: what all kinds share once, then what each adds."""
    tables = {name: columns(study_kind) for name, study_kind in sorted(kinds().items())}
    shared = _shared(list(tables.values()))
    parts = [HEAD, "## All kinds", *_sections(shared)]
    for name, study_kind in sorted(kinds().items()):
        own = {
            table: [field for field in fields if field not in shared[table]] for table, fields in tables[name].items()
        }
        parts += [f"## {study_kind.title}", _intro(study_kind), *_sections(own)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _shared(all_tables: list[dict[str, list[Field]]]) -> dict[str, list[Field]]:
    first, *others = all_tables
    return {
        table: [field for field in fields if all(field in other[table] for other in others)]
        for table, fields in first.items()
    }


def _intro(study_kind: Kind) -> str:
    return f"`{study_kind.name}`. {study_kind.summary}"


def _sections(tables: dict[str, list[Field]]) -> list[str]:
    return [
        f"### {table}\n\n{SENTENCES[table]}\n\n| Column | Type | Meaning |\n|---|---|---|\n"
        + "\n".join(f"| `{field.name}` | {_type(field)} | {_meaning(field)} |" for field in fields)
        for table, fields in tables.items()
        if fields
    ]


def _type(field: Field) -> str:
    return f"{field.type}, {field.unit}" if field.unit else field.type


def _meaning(field: Field) -> str:
    levels = " · ".join(f"`{code}`" if code == words else f"`{code}` {words}" for code, words in field.levels.items())
    text = f"{field.description} {levels}" if levels else field.description
    return text.replace("|", "\\|")
