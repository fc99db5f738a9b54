import csv
import sys

from django.core.management.base import BaseCommand

from studyapp.data.bonuses import bonuses
from studyapp.management.lookup import study_of


class Command(BaseCommand):
    help = "Write the bonus file for the recruiter: PID,amount for every completed run that earned one."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--out", metavar="FILE", help="default: standard output")

    def handle(self, slug, out, **options):
        rows = bonuses(study_of(slug))
        if out is None:
            csv.writer(self.stdout, lineterminator="\n").writerows(rows)
            return
        with open(out, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        total = sum(amount for _, amount in rows)
        sys.stderr.write(f"{len(rows)} bonuses, {total} in all, in {out}\n")
