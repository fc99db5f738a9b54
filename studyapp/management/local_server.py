"""Serving on one's own machine: the account for the desk, the links that are told, and the server itself."""

import os
import secrets
import socket
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.core.wsgi import get_wsgi_application
from django.db import connections
from gunicorn.app.base import BaseApplication

from studyapp import models, serving

USER = "admin"


def serve(port: int, shown: str) -> None:
    """Serve until interrupted; `shown` is printed once the server answers."""
    connections.close_all()
    _Server(port, lambda arbiter: print(shown, flush=True)).run()


def require_free(port: int, another: str) -> None:
    """Refuse a port that somebody else listens at; `another` is how to ask for the next one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(f"port {port}: {error.strerror}; another: {another}{port + 1}") from None


def admin_login() -> str:
    """Return how to sign in; the user and a password are made on first use and kept for this machine's owner alone."""
    user, made = get_user_model().objects.get_or_create(
        username=USER, defaults={"is_staff": True, "is_superuser": True}
    )
    path = password_file()
    if made:
        password = secrets.token_urlsafe(12)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(password)
        user.set_password(password)
        user.save()
    kept = path.read_text() if path.exists() else ""
    if kept and user.check_password(kept):
        return f"user {USER}, password {kept}"
    return f"user {USER}, the password you set; `{settings.COMMAND} changepassword {USER}` sets another"


def password_file() -> Path:
    """Return where the password that was made is kept."""
    return Path(settings.DATA_DIR) / "admin_password"


def links(url: str, login: str) -> list[str]:
    """Return what is told once the server answers: every open study's link, the admin's, and how to sign in."""
    studies = models.Study.objects.filter(status=models.Study.Status.OPEN).order_by("pk")
    rows = [(study.title, f"{url}/s/{study.slug}/") for study in studies]
    rows.append(("Admin", f"{url}/admin/   {login}"))
    width = max(len(title) for title, _ in rows)
    return [
        "",
        "Heatwise is ready. As a participant, then as the researcher:" if studies else "Heatwise is ready.",
        "",
        *(f"  {title:<{width}}  {address}" for title, address in rows),
        "",
        *(
            f"Let bots fill a study: {settings.COMMAND} simulate {study.slug} --participants {places(study)}"
            for study in studies[:1]
        ),
        f"Everything is kept in {settings.DATA_DIR}. Ctrl+C stops.",
        "It serves this machine alone. For others nginx has to stand before it: docs/deployment.md.",
        "",
    ]


def places(study: models.Study) -> int:
    """Return how many completed runs a study's open conditions want; 96 where they have no quotas."""
    return sum(cell.quota or 0 for cell in study.conditions.filter(open=True)) or 96


class _Server(BaseApplication):
    """The production server, as `studyapp/serving/` sets it up, on this machine alone."""

    def __init__(self, port: int, when_ready):
        self.chosen = {"bind": f"127.0.0.1:{port}", "when_ready": when_ready, "loglevel": "warning"}
        super().__init__()

    def load_config(self):
        shared = {name: value for name, value in vars(serving).items() if name in self.cfg.settings}
        for name, value in {**shared, **self.chosen}.items():
            self.cfg.set(name, value)

    def load(self):
        return get_wsgi_application()
