"""What a trial page's pictures weigh, and what drawing takes at publishing: `python -m benchmarks.trial_page`.

The demo's forward simulation is published in a folder of its own, by each style; for the trials of a run with heatmaps:
how many pictures a page asks for and their kilobytes, on average; for the study: heatmaps drawn, processor seconds,
megabytes.
Then a row of the desk's display page: eight small pictures of one method.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

STUDY = Path(__file__).resolve().parent.parent / "fixtures" / "studies" / "scenes.json"
CONDITION = "multiscale_occlusion-hidden"
HEAD = "| style | pictures of the page | of them heatmaps | kB | heatmaps drawn | s | s per 1,000 | MB per 1,000 |"


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"HEATWISE_DATA": folder, "DJANGO_SETTINGS_MODULE": "studyapp.settings"}
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        from django.core.management import call_command

        from studyapp.core.display import CHOICES
        from studyapp.data.study_files import load_study

        call_command("migrate", verbosity=0)
        study = load_study(STUDY)
        print(HEAD + "\n" + "|---" * (HEAD.count("|") - 1) + "|")
        for style in CHOICES["style"]:
            study.display = {"style": style}
            study.save(update_fields=["display"])
            print(_row(study, style), flush=True)
        print("\n" + _redrawn(study))


def _redrawn(study: Any) -> str:
    """Return what a row of previews takes when its method is first looked at, and when a field that matters changes."""
    from studyapp.bundles.drawing import preview
    from studyapp.bundles.stimuli import reader
    from studyapp.core.display import Display

    bundle = reader(study.bundle)
    nodes = [tree[0] for (_, method, _), tree in bundle.nodes.items() if method == "lrp"][:8]
    took = []
    for smoothing in (0.8, 1.3):
        began = time.process_time()
        for node in nodes:
            preview(study.bundle, node, Display(smoothing=smoothing))
        took.append(1000 * (time.process_time() - began))
    return f"Eight previews: {took[0]:.0f} ms at first, {took[1]:.0f} ms after a change of smoothing."


def _row(study: Any, style: str) -> str:
    from django.conf import settings

    from studyapp import publishing
    from studyapp.run import sessions, showing

    before = set(settings.STIMULI_ROOT.rglob("*.webp"))
    began = time.process_time()
    n = publishing.draw_heatmaps(study)
    seconds = time.process_time() - began
    megabytes = sum(path.stat().st_size for path in {*settings.STIMULI_ROOT.rglob("*.webp")} - before) / 1e6
    publishing.publish(study)
    run = sessions.get(sessions.start_preview(study.current, study.conditions.get(name=CONDITION)).pk)
    pages = []
    for place in [place for place, step in enumerate(run.plan.steps) if step["page"] == "trial"]:
        run.position = place
        asked = set(_addresses(showing.step_context(run)["same"]))
        pages.append([settings.STIMULI_ROOT / address.removeprefix("/stimuli/") for address in asked])
    heatmaps = fmean(sum(len(path.parent.name) == 16 for path in page) for page in pages)
    weight = fmean(sum(path.stat().st_size for path in page) for page in pages) / 1000
    cells = (
        style,
        f"{fmean(map(len, pages)):g}",
        f"{heatmaps:g}",
        f"{weight:.0f}",
        n,
        f"{seconds:.1f}",
        f"{1000 * seconds / n:.1f}",
    )
    return f"| {' | '.join(map(str, cells))} | {1000 * megabytes / n:.1f} |"


def _addresses(shown: Any) -> Iterator[str]:
    """Yield the addresses of pictures that stand anywhere in what a page shows."""
    if isinstance(shown, str) and shown.startswith("/stimuli/"):
        yield shown
    elif isinstance(shown, dict | list):
        for one in shown.values() if isinstance(shown, dict) else shown:
            yield from _addresses(one)


if __name__ == "__main__":
    main()
