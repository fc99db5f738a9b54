from django.core.management.base import BaseCommand, CommandError

from studyapp import models
from studyapp.data import reporting
from studyapp.jobs import processes


class Command(BaseCommand):
    help = "Make a report that was asked for in the browser; started by the server, not by hand."

    def run_from_argv(self, argv):
        """Run at low priority, the analysis too: whoever is answering meanwhile goes first."""
        processes.give_way()
        super().run_from_argv(argv)

    def add_arguments(self, parser):
        parser.add_argument("pk", type=int)

    def handle(self, pk, **options):
        report = models.Report.objects.select_related("study").filter(pk=pk).first()
        if report is None:
            raise CommandError(f"no report {pk}")
        reporting.make(report)
        if report.status == models.Report.Status.FAILED:
            raise CommandError(report.error)
