from pathlib import Path

from django.core.management.base import CommandError

from studyapp.data.study_files import StudyFileError, load_study
from studyapp.management.recorded import RecordedCommand


class Command(RecordedCommand):
    help = "Create a draft study from a file that dump_study wrote."

    def add_arguments(self, parser):
        parser.add_argument("file")
        parser.add_argument("--slug", default="", help="load it under another short name")

    def handle(self, file, slug, **options):
        try:
            study = load_study(file, slug=slug)
        except StudyFileError as error:
            raise CommandError(str(error)) from error
        self.record(study, f"Loaded the study from {Path(file).name}")
        self.stdout.write(
            f"Loaded “{study.title}” as {study.slug}, a draft with {study.conditions.count()} conditions."
        )
