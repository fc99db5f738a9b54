from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from studyapp import models
from studyapp.data.study_files import load_study
from studyapp.management import local_server
from studyapp.management.recorded import RecordedCommand
from studyapp.publishing import publish

STUDIES = settings.SHARED_DIR / "fixtures" / "studies"


class Command(RecordedCommand):
    help = "Prepare the demo studies and serve them on this machine; what is there already is left as it is."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--prepare-only", action="store_true", help="don't serve")

    def handle(self, port, prepare_only, **options):
        if not prepare_only:
            another = "make demo PORT=" if settings.IS_CHECKOUT else f"{settings.COMMAND} demo --port "
            local_server.require_free(port, another)
        call_command("migrate", verbosity=0)
        ready = set(models.Study.objects.filter(current__isnull=False))
        for path in sorted(STUDIES.glob("*.json")):
            study = prepare(path)
            if study not in ready:
                self.record(study, "Loaded and published the demo's study")
        shown = "\n".join(local_server.links(f"http://127.0.0.1:{port}", local_server.admin_login()))
        if prepare_only:
            self.stdout.write(shown)
            return
        local_server.serve(port, shown)


def prepare(path: Path) -> models.Study:
    """Return the demo study of a file, loaded and published unless it was before."""
    study = models.Study.objects.filter(slug=path.stem).first() or load_study(path)
    if study.current is None:
        publish(study)
    return study
