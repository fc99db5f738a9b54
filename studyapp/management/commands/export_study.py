from pathlib import Path
from typing import BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError

from studyapp.data.exporting import ExportError, export, export_table, export_workbook, export_zip
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
            "--out",
            required=True,
            metavar="DIR",
            help="a new folder, or an earlier export; -: a zip, or a workbook, written as read",
        )
        parser.add_argument("--wide", action="store_true", help="also one row per participant with all answers")
        parser.add_argument("--bom", action="store_true", help="with a byte order mark, by which Excel reads UTF-8")
        parser.add_argument("--xlsx", action="store_true", help="one Excel workbook in place of the folder")
        parser.add_argument("--table", choices=TABLES, help="with --out -: this table alone, as CSV")
        parser.add_argument("--with-ids", action="store_true", help="also recruitment ids: personal data")

    def handle(self, slug, out, wide, table, with_ids, bom, xlsx, **options):
        study, ids = study_of(slug), {"with_ids": with_ids}
        if table and out != "-":
            raise CommandError("--table goes with --out -")
        if xlsx and (bom or table):
            raise CommandError("--xlsx is one workbook of all tables: --bom and --table go with CSV alone")
        try:
            if xlsx:
                self._write_book(study, out, wide=wide, **ids)
            elif out == "-":
                self._send(study, wide, table, bom=bom, **ids)
            else:
                self._keep(study, out, wide=wide, bom=bom, **ids)
        except ExportError as error:
            raise CommandError(str(error)) from error

    def _write_book(self, study, out: str, **options) -> None:
        if out == "-":
            return export_workbook(study, self._output, **options)
        path = Path(out)
        if path.suffix != ".xlsx" or path.is_dir():
            raise CommandError(f"{out}: expected the name of a file that ends with .xlsx")
        unfinished = path.with_name(f".{path.name}")
        try:
            with unfinished.open("wb") as stream:
                export_workbook(study, stream, **options)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        self.stdout.write(f"Exported to {out}")

    def _send(self, study, wide: bool, table: str | None, **options) -> None:
        if table:
            export_table(study, table, self._output, **options)
        else:
            export_zip(study, self._output, wide=wide, **options)

    @property
    def _output(self) -> BinaryIO:
        return cast(BinaryIO, self.stdout.buffer)  # Django's output has whatever the stream that it wraps has

    def _keep(self, study, out: str, **options) -> None:
        counts = export(study, out, **options)
        for name, count in counts.items():
            self.stdout.write(f"{count:>9} rows  {name}")
        self.stdout.write(f"Exported to {out}")
