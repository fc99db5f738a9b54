from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from studyapp.operations import backups
from studyapp.operations.contents import OperationError


class Command(BaseCommand):
    help = (
        "Make a backup of the database and the data folder in DIR, proven by restoring it into a scratch database, "
        "and remove DIR's own backups that are too old. Run it daily."
    )

    def add_arguments(self, parser):
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument("--keep-days", type=int, default=30, help="how long backups are kept; default 30")

    def handle(self, folder, keep_days, **options):
        if keep_days < 1:
            raise CommandError(f"--keep-days: expected at least 1, found {keep_days}")
        try:
            self.stdout.write(str(backups.make(folder, keep_days)))
        except OperationError as refused:
            raise CommandError(f"no backup was made: {refused}") from None
        except OSError as error:
            raise CommandError(f"no backup was made: {error.filename or folder}: {error.strerror}") from None
