from django.core.management.base import BaseCommand, CommandError

from studyapp.management.lookup import study_of
from studyapp.publishing import checks, problems


class Command(BaseCommand):
    help = "Say what a study lacks before it can be published."

    def add_arguments(self, parser):
        parser.add_argument("slug")

    def handle(self, slug, **options):
        study = study_of(slug)
        for wanting in (check.wanting for check in checks(study) if check.wanting):
            self.stdout.write(f"! {wanting}")
        found = problems(study)
        for problem in found:
            self.stdout.write(f"✗ {problem}")
        if found:
            raise CommandError(f"{slug} is not ready: {len(found)} to mend.")
        self.stdout.write(f"✓ {slug} is ready to publish.")
