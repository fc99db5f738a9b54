from typing import BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError

from studyapp.data.exporting import ExportError, export, export_table, export_zip
from studyapp.data.rows import TABLES
from studyapp.jobs import processes
from studyapp.management.lookup import study_of


class Command(BaseCommand):
    help = "Export a study's data as a Psych-DS folder of CSV tables."

    def run_from_argv(self, argv):
        """Run at low priority: whoever is answering meanwhile goes first."""
        processes.give_way()
        super().run_from_argv(argv)

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument(
            "--out", required=True, metavar="DIR", help="a new folder, or an earlier export; -: a zip, written as read"
        )
        parser.add_argument("--wide", action="store_true", help="also one row per participant with all answers")
        parser.add_argument("--table", choices=TABLES, help="with --out -: this table alone, as CSV")
        parser.add_argument("--with-ids", action="store_true", help="also recruitment ids: personal data")

    def handle(self, slug, out, wide, table, with_ids, **options):
        study = study_of(slug)
        if out == "-":
            self._send(study, wide, table, with_ids)
        elif table:
            raise CommandError("--table goes with --out -")
        else:
            self._keep(study, out, wide, with_ids)

    def _send(self, study, wide: bool, table: str | None, with_ids: bool) -> None:
        stream = cast(BinaryIO, self.stdout.buffer)  # Django's output has whatever the stream that it wraps has
        if table:
            export_table(study, table, stream, with_ids=with_ids)
        else:
            export_zip(study, stream, wide=wide, with_ids=with_ids)

    def _keep(self, study, out: str, wide: bool, with_ids: bool) -> None:
        try:
            counts = export(study, out, wide=wide, with_ids=with_ids)
        except ExportError as error:
            raise CommandError(str(error)) from error
        for name, count in counts.items():
            self.stdout.write(f"{count:>9} rows  {name}")
        self.stdout.write(f"Exported to {out}")
