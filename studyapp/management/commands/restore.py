from pathlib import Path

from django.core.management.base import CommandError

from studyapp.management.recorded import RecordedCommand
from studyapp.operations import restoring
from studyapp.operations.contents import OperationError

OTHER_KEY = (
    "The backup was made under another secret key: for participants' cookies and links of then to work, put "
    "HEATWISE_SECRET_KEY from {} into the settings."
)


class Command(RecordedCommand):
    help = (
        "Put the backup FOLDER, as `backup` made it, in the place of the database and the data folder. All of it is "
        "verified first; what was there is kept. Stop the server before, and start it afterwards."
    )

    def add_arguments(self, parser):
        parser.add_argument("folder", metavar="FOLDER", type=Path)

    def handle(self, folder, **options):
        try:
            restored = restoring.restore(folder)
        except OperationError as refused:
            raise CommandError(f"nothing was changed: {refused}") from None
        except OSError as error:
            raise CommandError(f"nothing was changed: {error.filename or folder}: {error.strerror}") from None
        self.record(None, f"Restored the backup of {restored.made_at}")
        self.stdout.write(f"The backup of {restored.made_at} is in use. Start the server now.")
        self.stdout.write(f"What was there before is kept, until you remove it: {restored.database_before}")
        self.stdout.write(f"and the files in {restored.files_before}")
        if restored.other_key:
            self.stdout.write(OTHER_KEY.format(folder / "settings.env"))
