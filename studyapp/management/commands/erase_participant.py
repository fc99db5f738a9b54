from django.core.management.base import CommandError
from django.db import transaction

from studyapp import models
from studyapp.management.recorded import RecordedCommand
from studyapp.run import sessions


class Command(RecordedCommand):
    help = "Erase one participant's answers, events and identity; a row without personal data stays."

    def add_arguments(self, parser):
        parser.add_argument("code")
        parser.add_argument("--yes", action="store_true", help="don't ask")

    def handle(self, code, yes, **options):
        participant = models.Participant.objects.select_related("study").filter(code=code).first()
        if participant is None:
            raise CommandError(f"no participant {code!r}; codes stand in the admin and the export")
        answers = participant.responses.count()
        question = f"Erase {code} of “{participant.study}”, {answers} answers, for good? [y/N] "
        if not yes and input(question).strip().lower() != "y":
            raise CommandError("nothing was erased")
        with transaction.atomic():
            sessions.erase(participant.pk)
            self.record(participant.study, f"Erased participant {code}")
        self.stdout.write(f"Erased {code}: {answers} answers.")
