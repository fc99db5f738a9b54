from pathlib import Path

from django.core.management.base import CommandError

from studyapp import models, publishing
from studyapp.bundles import pairing
from studyapp.core.bundles.bundle import Bundle, BundleError
from studyapp.core.bundles.pairs import find_pairs
from studyapp.data import audit
from studyapp.management.lookup import study_of
from studyapp.management.recorded import RecordedCommand


class Command(RecordedCommand):
    help = "Rank a bundle's pairs of confusable classes, and put chosen ones into a label-matching study."

    def add_arguments(self, parser):
        parser.add_argument("bundle", help="a loaded bundle's name, or a bundle's folder")
        parser.add_argument("--training", type=int, default=8, metavar="N", help="training images of each pair")
        parser.add_argument("--evaluation", type=int, default=8, metavar="N", help="evaluation images of each pair")
        parser.add_argument("--limit", type=int, default=20, metavar="N", help="how many pairs to list; 0: all")
        parser.add_argument("--record", metavar="FILE", help="write every researcher's marks and votes as CSV")
        parser.add_argument("--into", metavar="SLUG", help="the study that gets the pairs")
        parser.add_argument("--top", type=int, metavar="N", help="with --into: the first N of the list")
        parser.add_argument("--pair", action="append", default=[], metavar="PAIR", help="with --into: “cello / violin”")

    def handle(self, bundle, training, evaluation, limit, record, into, top, pair, **options):
        needed = training + evaluation + 1
        loaded = models.Bundle.objects.filter(name=bundle).first()
        found = pairing.standings(loaded, needed) if loaded else _in_folder(bundle, needed)
        self._list(found, needed, limit)
        if record:
            self._write(loaded, bundle, Path(record))
        if into:
            chosen = pair or [one.pair.name for one in found if one.in_question][: top or 0]
            if not chosen:
                raise CommandError("--into: say which pairs, by --top N or --pair “cello / violin”")
            self._use(_study(into, loaded), chosen, training_trials=training, evaluation_trials=evaluation)

    def _list(self, found, needed: int, limit: int) -> None:
        self.stdout.write(f"{len(found)} pairs with at least {needed} qualifying images")
        if not found:
            return
        shown = found[: limit or None]
        width = max(len("pair"), *(len(one.pair.name) for one in shown))
        self.stdout.write(f"  # {'pair':<{width}}  images  each class  nominated  votes  latent  left out")
        for number, one in enumerate(shown, start=1):
            first, second = one.pair.per_class
            spread, latent = f"{first} + {second}", one.pair.latent or "–"
            row = (
                f"{number:>3} {one.pair.name:<{width}}  {len(one.pair.images):>6}  {spread:>10}  "
                f"{one.nominations:>9}  {one.votes:>5}  {latent:<6}  {'; '.join(one.objections)}"
            )
            self.stdout.write(row.rstrip())

    def _write(self, loaded, name: str, path: Path) -> None:
        if loaded is None:
            raise CommandError(f"--record: no bundle {name!r} is loaded; marks and votes belong to loaded ones")
        with path.open("w", newline="", encoding="utf-8") as file:
            n_rows = pairing.write_record(loaded, file)
        self.stdout.write(f"{path}: {n_rows} marks, nominations and votes")

    def _use(self, study: models.Study, chosen: list[str], **counts: int) -> None:
        before = audit.snapshot(study.pk)
        pairing.use(study, chosen, **counts)
        self.record(study, "Chose pairs of classes", audit.differences(before, audit.snapshot(study.pk)))
        if problems := publishing.problems(study):
            raise CommandError(f"{study.slug} has the pairs, and still lacks: {problems[0]}")
        self.stdout.write(f"{study.slug} has {len(chosen)} pairs. Drawn by its seed, {study.seed}:")
        for pair in publishing.definition(study)["stimuli"]["pairs"]:
            for phase in ("training", "evaluation"):
                self.stdout.write(f"  {pair['name']}, {phase}: {' '.join(pair[phase])}")
            self.stdout.write(f"  {pair['name']}, worked example: {pair['worked']}")


def _study(slug: str, loaded: models.Bundle | None) -> models.Study:
    study = study_of(slug)
    if not pairing.takes_pairs(study):
        raise CommandError(f"{slug} is a study of another kind ({study.kind}), which takes no pairs")
    if loaded is None or study.bundle_id != loaded.pk:
        raise CommandError(f"{slug} runs on the bundle {study.bundle}; name that one to give it pairs")
    return study


def _in_folder(folder: str, needed: int) -> list[pairing.Standing]:
    try:
        pairs = find_pairs(Bundle(folder))
    except BundleError as error:
        known = ", ".join(models.Bundle.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"no bundle {folder!r} is loaded (there is: {known}), nor is it a folder: {error}") from None
    return [pairing.Standing(pair, 0, 0, ()) for pair in pairs if len(pair.images) >= needed]
