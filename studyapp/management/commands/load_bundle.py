from pathlib import Path

from django.core.management.base import CommandError
from django.utils.text import slugify

from studyapp.bundles.stimuli import load_bundle
from studyapp.core.bundles.bundle import BundleError
from studyapp.management.recorded import RecordedCommand


class Command(RecordedCommand):
    help = "Copy a bundle of heatmaps into the app, every file checked; several become one with several data sets."

    def add_arguments(self, parser):
        parser.add_argument("folders", nargs="+", metavar="DIR", type=Path)
        parser.add_argument("--name", default="", help="default: the folders' names")

    def handle(self, folders, name, **options):
        parts = {folder.resolve().name: folder for folder in folders}
        if len(parts) < len(folders):
            raise CommandError("two folders have the same name; it names the data set, so give each its own")
        try:
            bundle = load_bundle(parts if len(parts) > 1 else folders[0], slugify(name or "-".join(parts)))
        except BundleError as error:
            raise CommandError(str(error)) from error
        self.record(None, f"Loaded the bundle {bundle.name}")
        self.stdout.write(f"Bundle {bundle.name}: {bundle.n_images} images, {bundle.sha256[:12]}")
