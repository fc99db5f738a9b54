"""What a trial page's pictures weigh, and what drawing takes at publishing: `python -m benchmarks.trial_page`.

The demo's forward simulation is published in a folder of its own, by each style; for the first trial with heatmaps:
how many pictures the page asks for and their kilobytes; for the study: heatmaps drawn, processor seconds, megabytes.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
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
    run.position = next(place for place, step in enumerate(run.plan.steps) if step["page"] == "trial")
    asked = set(_addresses(showing.step_context(run)["same"]))
    files = {address: settings.STIMULI_ROOT / address.removeprefix("/stimuli/") for address in asked}
    heatmaps = sum(len(path.parent.name) == 16 for path in files.values())
    weight = sum(path.stat().st_size for path in files.values()) / 1000
    cells = (style, len(asked), heatmaps, f"{weight:.0f}", n, f"{seconds:.1f}", f"{1000 * seconds / n:.1f}")
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
