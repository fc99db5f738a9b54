from django.core.management.base import BaseCommand, CommandError

from studyapp import models, sessions


class Command(BaseCommand):
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
        sessions.erase(participant.pk)
        self.stdout.write(f"Erased {code}: {answers} answers.")
