import signal

from django.core.management.base import BaseCommand

from studyapp.jobs import processes
from studyapp.jobs.working import Stopped, work


class Command(BaseCommand):
    help = "Do the jobs that the desk asks for – reports, bots, exports – one after another, at low priority."

    def run_from_argv(self, argv):
        """Run at low priority, all that is started too: whoever is answering meanwhile goes first."""
        processes.give_way()
        super().run_from_argv(argv)

    def add_arguments(self, parser):
        parser.add_argument(
            "--until-idle",
            action="store_true",
            help="end when nothing waits or another worker lives, as the server starts it",
        )

    def handle(self, until_idle, **options):
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        work(until_idle=until_idle)


def _stop(number, frame):
    raise Stopped(0)
