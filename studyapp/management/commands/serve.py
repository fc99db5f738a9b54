from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from studyapp.management import local_server


class Command(BaseCommand):
    help = "Serve the studies on this machine, after bringing the database up to date."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, port, **options):
        if settings.PRODUCTION:
            raise CommandError(
                "serves this machine alone; where HEATWISE_ENV is production, gunicorn serves: "
                "gunicorn -c python:studyapp.serving studyapp.wsgi"
            )
        local_server.require_free(port, f"{settings.COMMAND} serve --port ")
        call_command("migrate", verbosity=0)
        shown = "\n".join(local_server.links(f"http://127.0.0.1:{port}", local_server.admin_login()))
        local_server.serve(port, shown)
