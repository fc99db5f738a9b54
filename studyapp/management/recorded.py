"""What commands share that change data: each leaves who, when and what in the trail of changes, as the desk does."""

import os
from getpass import getuser

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from studyapp import models
from studyapp.data import audit


class RecordedCommand(BaseCommand):
    """A command whose actions go on record, under the system user's name or that of the account given by `--as`."""

    def create_parser(self, *arguments, **options):
        parser = super().create_parser(*arguments, **options)
        parser.add_argument("--as", dest="account", metavar="NAME", help="the account on whose behalf, for the record")
        return parser

    def execute(self, *arguments, **options):
        self.account = self.user(options["account"]) if options.get("account") else None
        return super().execute(*arguments, **options)

    def user(self, name: str):
        """Return the account of that name."""
        found = get_user_model().objects.filter(username=name).first()
        if found is None:
            raise CommandError(f"no account is called {name!r}")
        return found

    def record(self, study: models.Study | None, action: str, details: list | None = None) -> None:
        """Put an action on record, in words that `by command` can follow."""
        audit.record(self.account, study, f"{action} by command.", details, who=_system_user())


def _system_user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return f"user {os.getuid()}"
