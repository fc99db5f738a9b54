from datetime import UTC, datetime, timedelta

from django.core.mail import mail_admins
from django.core.management.base import BaseCommand

from studyapp.operations import routines

BETWEEN_MAILS = timedelta(hours=24)


class Command(BaseCommand):
    help = (
        "Say when the daily backup and the retention run were last done well, and warn of what is late: exit code 1. "
        "With --mail also HEATWISE_ADMINS are told, once a day. Run it hourly."
    )

    def add_arguments(self, parser):
        parser.add_argument("--mail", action="store_true", help="send a mail where something is late")

    def handle(self, mail, **options):
        for routine in routines.DAILY:
            at = routines.last(routine)
            self.stdout.write(f"{routine.title}: {at.isoformat(timespec='seconds') if at else 'never'}")
        warnings = list(routines.warnings())
        if warnings and mail and _is_due():
            mail_admins("; ".join(routine.title for routine in routines.late()) + " late", "\n".join(warnings) + "\n")
            routines.done(routines.MAIL)
        if warnings:
            self.stderr.write("\n".join(warnings))
            raise SystemExit(1)


def _is_due() -> bool:
    at = routines.last(routines.MAIL)
    return at is None or datetime.now(UTC) - at > BETWEEN_MAILS
