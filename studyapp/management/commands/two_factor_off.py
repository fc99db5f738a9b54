from studyapp.access.sign_in import remove_devices
from studyapp.management.recorded import RecordedCommand


class Command(RecordedCommand):
    help = "Turn off two-factor sign-in for somebody who has lost both app and recovery codes."

    def add_arguments(self, parser):
        parser.add_argument("user", metavar="NAME")

    def handle(self, user, **options):
        remove_devices(self.user(user))
        self.record(None, f"Turned off two-factor sign-in of {user}")
        self.stdout.write(f"{user} signs in with the password alone.")
