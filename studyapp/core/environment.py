"""Read settings from the environment, and refuse missing or weak ones in words."""

import json
import logging
import os
import re
import secrets
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

MIN_SECRET = 50
QUERY = re.compile(r"\?.+", re.DOTALL)  # of an address, and what follows: recruitment ids stand in it, spaces too
REFUSED = re.compile(r"(Invalid request) from ip=.+", re.DOTALL)  # gunicorn quotes what it can't read


def flag(name: str) -> bool:
    """Return whether a switch is on; anything but the usual words is an error."""
    value = os.environ.get(name, "").strip().lower()
    if value in ("", "0", "false", "no", "off"):
        return False
    if value in ("1", "true", "yes", "on"):
        return True
    raise SystemExit(f"{name}: expected 1 or 0, found {value!r}")


def choice(name: str, *values: str) -> str:
    """Return which of some values a setting has; the first where it isn't set, an error for any other."""
    value = os.environ.get(name, "").strip() or values[0]
    if value not in values:
        raise SystemExit(f"{name}: expected {' or '.join(values)}, found {value!r}")
    return value


def required(name: str) -> str:
    """Return a setting that must be there."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise SystemExit(f"{name} is not set; docs/deployment.md says what it holds")
    return value


def hosts(name: str) -> list[str]:
    """Return the host names that the app answers to; a wildcard would let anybody's name in."""
    names = [host.strip() for host in required(name).split(",")]
    if not all(names) or "*" in "".join(names):
        raise SystemExit(f"{name}: expected host names with commas between, no wildcards, found {','.join(names)!r}")
    return names


def addresses(name: str) -> list[str]:
    """Return the mail addresses of a setting; none where it isn't set."""
    found = [address.strip() for address in os.environ.get(name, "").split(",") if address.strip()]
    if wrong := [address for address in found if not re.fullmatch(r"[^@\s]+@[^@\s]+", address)]:
        raise SystemExit(f"{name}: expected mail addresses with commas between, found {wrong[0]!r}")
    return found


def mail_server(name: str) -> dict[str, Any]:
    """Return Django's settings for a mail server given as smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS at once.

    Where it isn't set, no mail is sent.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    at = urlsplit(value)
    if at.scheme not in ("smtp", "smtps") or not at.hostname:
        raise SystemExit(f"{name}: expected smtp://user:password@host:port or smtps://…, found another address")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": at.hostname,
        "EMAIL_PORT": at.port or (465 if at.scheme == "smtps" else 587 if at.username else 25),
        "EMAIL_HOST_USER": unquote(at.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(at.password or ""),
        "EMAIL_USE_SSL": at.scheme == "smtps",
        "EMAIL_USE_TLS": at.scheme == "smtp" and bool(at.username),  # a password never travels in the clear
        "EMAIL_TIMEOUT": 20,
    }


def secret(name: str) -> str:
    """Return a secret that must be there and hard to guess."""
    value = required(name)
    if len(value) < MIN_SECRET or len(set(value)) < 10:
        raise SystemExit(
            f"{name} is too weak: expected at least {MIN_SECRET} random characters, found {len(value)}; "
            "make one with: python -c 'import secrets; print(secrets.token_urlsafe(64))'"
        )
    return value


def local_secret(path: Path) -> str:
    """Return this machine's own secret, made on first use and readable by its owner alone."""
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text()


class JsonFormatter(logging.Formatter):
    """One JSON object a line that names no person: of an error its kind and place, not its message, no address's query.

    Messages of databases and parsers quote what they were given, and that may be an id or an answer.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, str | list[str]] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": QUERY.sub("?…", REFUSED.sub(r"\1", record.getMessage())),
        }
        kind, _, trace = record.exc_info or (None, None, None)
        if kind is not None:
            line["error"] = kind.__name__
            line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
        return json.dumps(line)
