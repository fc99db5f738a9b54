from studyapp import models
from studyapp.jobs import files
from studyapp.management.recorded import RecordedCommand
from studyapp.operations import routines
from studyapp.run import sessions


class Command(RecordedCommand):
    help = (
        "End runs that outlived their study's limit, erase recruitment ids kept long enough, and delete exports that "
        "were prepared more than a day ago. Run it daily."
    )

    def handle(self, **options):
        files.discard_old()
        for study in models.Study.objects.all():
            expired, erased = sessions.expire(study), sessions.apply_retention(study)
            if expired or erased:
                self.record(study, f"Ended {expired} expired runs and erased {erased} recruitment ids")
                self.stdout.write(f"{study.slug}: {expired} runs expired, {erased} recruitment ids erased")
        routines.done(routines.RETENTION)
