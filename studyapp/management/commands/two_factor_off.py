from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from studyapp.admin.sign_in import remove_devices


class Command(BaseCommand):
    help = "Turn off two-factor sign-in for somebody who has lost both app and recovery codes."

    def add_arguments(self, parser):
        parser.add_argument("user", metavar="NAME")

    def handle(self, user, **options):
        found = get_user_model().objects.filter(username=user).first()
        if found is None:
            raise CommandError(f"no account is called {user!r}")
        remove_devices(found)
        self.stdout.write(f"{user} signs in with the password alone.")
