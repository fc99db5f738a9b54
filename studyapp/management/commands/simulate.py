import time
from contextlib import ExitStack
from functools import partial

from django.core.management.base import CommandError

from studyapp.management.lookup import study_of
from studyapp.management.recorded import RecordedCommand
from studyapp.simulation import SimulationError, by_browser, by_functions, by_http, by_level, cells, simulate

SKILLS = (
    "random (the default), oracle, careless, p=0.7, or one that the study's kind has, as label matching's learner; "
    "once more with a level, as heatmap=lrp:p=0.75, for bots that are better in some conditions"
)


class Command(RecordedCommand):
    help = "Let bots walk a study. They are marked, and counted apart from people."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("--participants", type=int, required=True, metavar="N")
        parser.add_argument("--bot", action="append", metavar="SKILL | FACTOR=LEVEL:SKILL", help=SKILLS)
        parser.add_argument("--seed", type=int, default=0, metavar="S")
        parser.add_argument("--via", choices=("functions", "http", "browser"), default="functions")
        parser.add_argument("--url", help="a running server on this database; otherwise one is started")

    def handle(self, slug, participants, bot, seed, via, url, **options):
        study = study_of(slug)
        bots = [bot] if isinstance(bot, str) else bot or []
        began, done = time.monotonic(), 0
        try:
            with ExitStack() as stack:
                skill, levels = by_level(study, bots)
                walk = _walker(stack, via, url, levels)
                runs = simulate(study, participants, walk, skill=skill, seed=seed)
                for done, _ in enumerate(runs, start=1):
                    self._progress(done, participants, time.monotonic() - began)
        except SimulationError as error:
            raise CommandError(str(error)) from error
        finally:
            if done:
                self.record(study, f"Sent {done} bots ({', '.join(bots) or 'random'})")
        self._report(study)

    def _progress(self, done: int, total: int, seconds: float) -> None:
        if self.stderr.isatty() or done == total:
            self.stderr.write(f"\r{done} of {total} bots, {seconds:.1f} s", ending="" if done < total else "\n")

    def _report(self, study) -> None:
        rows = cells(study)
        width = max(len("condition"), *(len(name) for name, *_ in rows))
        self.stdout.write(f"{'condition':<{width}}  started  completed  quota")
        for name, started, completed, quota in rows:
            self.stdout.write(f"{name:<{width}}  {started:>7}  {completed:>9}  {'–' if quota is None else quota:>5}")


def _walker(stack: ExitStack, via: str, url: str | None, levels: dict):
    if via == "functions":
        return by_functions.walk_by_condition(levels) if levels else by_functions.walk
    if levels:
        raise SimulationError("bots with a skill for each condition walk by functions only")
    url = url or stack.enter_context(by_http.serving())
    if via == "http":
        return partial(by_http.walk, url=url)
    return stack.enter_context(by_browser.browsing(url))
