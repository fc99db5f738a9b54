import json

from django.core.management.base import BaseCommand, CommandError

from studyapp import publishing
from studyapp.core.audit import RED
from studyapp.management.lookup import study_of

MARKS = {"green": "✓", "amber": "!", "red": "✗"}


class Command(BaseCommand):
    help = "Look at a study's stimuli as participants would: empty maps, shortcuts, repeats, guessing."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--json", action="store_true", help="every finding with its figures and maps, as JSON")

    def handle(self, slug, **options):
        study = study_of(slug)
        if problems := publishing.problems(study):
            raise CommandError(f"{slug} can't be audited before it is ready: {problems[0]}")
        found = publishing.audit_study(study)
        if options["json"]:
            self.stdout.write(json.dumps(found.described(), indent=2, ensure_ascii=False))
        else:
            for one in found.findings:
                where = f"{one.where}: " if one.where else ""
                self.stdout.write(f"{MARKS[one.level]} {where}{one.found}{f' {one.remedy}' if one.remedy else ''}")
        if found.level == RED:
            raise CommandError(f"{slug}: the audit is red.", returncode=2)
