import os
import secrets
import socket
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.wsgi import get_wsgi_application
from django.db import connections
from gunicorn.app.base import BaseApplication

from studyapp import models, serving
from studyapp.data.study_files import load_study
from studyapp.management.recorded import RecordedCommand
from studyapp.publishing import publish

STUDIES = settings.BASE_DIR / "fixtures" / "studies"
PASSWORD = settings.DATA_DIR / "admin_password"
USER = "admin"


class Command(RecordedCommand):
    help = "Prepare the demo studies and serve them on this machine; what is there already is left as it is."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--prepare-only", action="store_true", help="don't serve")

    def handle(self, port, prepare_only, **options):
        if not prepare_only:
            _require_free(port)
        call_command("migrate", verbosity=0)
        ready = set(models.Study.objects.filter(current__isnull=False))
        for path in sorted(STUDIES.glob("*.json")):
            study = prepare(path)
            if study not in ready:
                self.record(study, "Loaded and published the demo's study")
        shown = "\n".join(links(f"http://127.0.0.1:{port}", admin_login()))
        if prepare_only:
            self.stdout.write(shown)
            return
        connections.close_all()
        _Server(port, lambda arbiter: print(shown, flush=True)).run()


def prepare(path: Path) -> models.Study:
    """Return the demo study of a file, loaded and published unless it was before."""
    study = models.Study.objects.filter(slug=path.stem).first() or load_study(path)
    if study.current is None:
        publish(study)
    return study


def admin_login() -> str:
    """Return how to sign in; the user and a password are made on first use and kept for this machine's owner alone."""
    user, made = get_user_model().objects.get_or_create(
        username=USER, defaults={"is_staff": True, "is_superuser": True}
    )
    if made:
        password = secrets.token_urlsafe(12)
        with os.fdopen(os.open(PASSWORD, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(password)
        user.set_password(password)
        user.save()
    kept = PASSWORD.read_text() if PASSWORD.exists() else ""
    if kept and user.check_password(kept):
        return f"user {USER}, password {kept}"
    return f"user {USER}, the password you set; `python manage.py changepassword {USER}` sets another"


def links(url: str, login: str) -> list[str]:
    """Return what is told once the server answers: every open study's link, the admin's, and how to sign in."""
    studies = models.Study.objects.filter(status=models.Study.Status.OPEN).order_by("pk")
    rows = [(study.title, f"{url}/s/{study.slug}/") for study in studies]
    rows.append(("Admin", f"{url}/admin/   {login}"))
    width = max(len(title) for title, _ in rows)
    return [
        "",
        "Heatwise is ready. As a participant, then as the researcher:",
        "",
        *(f"  {title:<{width}}  {address}" for title, address in rows),
        "",
        *(
            f"Let bots fill a study: python manage.py simulate {study.slug} --participants {places(study)}"
            for study in studies[:1]
        ),
        f"Everything is kept in {settings.DATA_DIR.name}/. Ctrl+C stops.",
        "",
    ]


def places(study: models.Study) -> int:
    """Return how many completed runs a study's open conditions want; 96 where they have no quotas."""
    return sum(cell.quota or 0 for cell in study.conditions.filter(open=True)) or 96


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(f"port {port}: {error.strerror}; another: make demo PORT={port + 1}") from None


class _Server(BaseApplication):
    """The production server, as `studyapp/serving.py` sets it up, on this machine alone."""

    def __init__(self, port: int, when_ready):
        self.chosen = {"bind": f"127.0.0.1:{port}", "when_ready": when_ready, "loglevel": "warning"}
        super().__init__()

    def load_config(self):
        shared = {name: value for name, value in vars(serving).items() if name in self.cfg.settings}
        for name, value in {**shared, **self.chosen}.items():
            self.cfg.set(name, value)

    def load(self):
        return get_wsgi_application()
