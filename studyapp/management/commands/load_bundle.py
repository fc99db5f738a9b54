from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify

from studyapp.core.bundles import BundleError
from studyapp.stimuli import load_bundle


class Command(BaseCommand):
    help = "Copy a bundle of heatmaps into the app, every file checked."

    def add_arguments(self, parser):
        parser.add_argument("folder", metavar="DIR")
        parser.add_argument("--name", default="", help="default: the folder's name")

    def handle(self, folder, name, **options):
        try:
            bundle = load_bundle(folder, slugify(name or Path(folder).resolve().name))
        except BundleError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Bundle {bundle.name}: {bundle.n_images} images, {bundle.sha256[:12]}")
