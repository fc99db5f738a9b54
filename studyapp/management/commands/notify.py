from smtplib import SMTPException

from django.core.management.base import BaseCommand, CommandError

from studyapp import models
from studyapp.data import telling


class Command(BaseCommand):
    help = (
        "Mail those whom studies name under “Notify” what is new: full quotas, stalled runs, failed jobs. "
        "Run it every few minutes."
    )

    def handle(self, **options):
        if not telling.is_on():
            self.stdout.write("No mail is sent: HEATWISE_MAIL is not set.")
            return
        failed = []
        for study in models.Study.objects.exclude(notify=""):
            try:
                if n_told := telling.tell(study):
                    self.stdout.write(f"{study.slug}: told {n_told}")
            except (SMTPException, OSError) as error:
                failed.append(f"{study.slug}: {error}")
        if failed:
            raise CommandError("The mail could not be sent, and is tried again next time. " + "; ".join(failed))
