from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from studyapp.core.export.psychds import problems


class Command(BaseCommand):
    help = "Check an export, or any folder, against the rules of the Psych-DS validator."

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path)

    def handle(self, folder, **options):
        if not folder.is_dir():
            raise CommandError(f"{folder}: no such folder")
        found = problems(folder)
        for problem in found:
            self.stdout.write(problem)
        if found:
            raise CommandError(f"{folder}: {len(found)} problems")
        self.stdout.write(f"{folder}: a valid Psych-DS data set")
