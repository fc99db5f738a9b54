import json
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from studyapp.core.engine.kinds import kinds
from studyapp.data.study_files.schema import schema

FILE = settings.BASE_DIR / "docs" / "study.schema.json"


class Command(BaseCommand):
    help = "Write docs/study.schema.json, the JSON Schema of study files, from what the kinds declare."

    def add_arguments(self, parser):
        parser.add_argument("--out", default=FILE, type=Path, metavar="FILE")

    def handle(self, out, **options):
        out.write_text(content(), encoding="utf-8")
        self.stdout.write(f"{out.name}: {', '.join(sorted(kinds()))}")


def content() -> str:
    """Return the schema as it stands in its file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
