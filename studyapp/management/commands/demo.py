from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from studyapp import models
from studyapp.data.study_files import load_study
from studyapp.management import local_server
from studyapp.management.recorded import RecordedCommand
from studyapp.publishing import publish, translations

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
    """Return the demo study of a file, loaded and published unless it was before.

    The tables beside it are its translations, as in `scenes.fr.csv`.
    """
    study = models.Study.objects.filter(slug=path.stem).first() or load_study(path)
    if study.current is None:
        for table in sorted(path.parent.glob(f"{path.stem}.*.csv")):
            translate(study, table.suffixes[0].removeprefix("."), table.read_text(encoding="utf-8"))
        publish(study)
    return study


def translate(study: models.Study, language: str, table: str) -> None:
    """Give a study a language by a table of translations; a `ValueError` says what is wrong with the table."""
    taken = translations.from_table(study, language, table)
    if taken.problems:
        raise ValueError(f"{study.slug}, {language}: {taken.problems[0]}")
    study.translations = study.translations | {language: taken.texts}
    study.save(update_fields=["translations"])
