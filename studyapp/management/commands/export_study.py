import os

from django.core.management.base import BaseCommand, CommandError

from studyapp.exporting import ExportError, export
from studyapp.management.lookup import study_of


class Command(BaseCommand):
    help = "Export a study's data as a Psych-DS folder of CSV tables."

    def run_from_argv(self, argv):
        """Run at low priority: whoever is answering meanwhile goes first."""
        os.nice(10)
        super().run_from_argv(argv)

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--out", required=True, metavar="DIR", help="a new folder, or an earlier export")
        parser.add_argument("--wide", action="store_true", help="also one row per participant with all answers")
        parser.add_argument("--with-ids", action="store_true", help="also recruitment ids: personal data")

    def handle(self, slug, out, wide, with_ids, **options):
        try:
            rows = export(study_of(slug), out, wide=wide, with_ids=with_ids)
        except ExportError as error:
            raise CommandError(str(error)) from error
        for name, count in rows.items():
            self.stdout.write(f"{count:>9} rows  {name}")
        self.stdout.write(f"Exported to {out}")
