from django.core.management.base import BaseCommand, CommandError

from studyapp.data.study_files import StudyFileError, dump_study
from studyapp.management.lookup import study_of


class Command(BaseCommand):
    help = "Write a whole study to one file: a .zip with its bundle, or a .json that names the bundle by its hash."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--out", required=True, metavar="FILE")

    def handle(self, slug, out, **options):
        try:
            dump_study(study_of(slug), out)
        except StudyFileError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Wrote {out}")
