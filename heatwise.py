"""The command `heatwise`: the commands of the three packages under one name.

`heatwise explain …` is `python -m explainers explain …`, `heatwise report …` is `python -m analysis report …`, and
`heatwise demo …` is `python manage.py demo …`. Nothing is done here: each is handed to the package that has it.
"""

import importlib
import os
import pkgutil
import sys
from pathlib import Path

PACKAGES = ("explainers", "analysis")
_COMMANDS = Path(__file__).parent / "studyapp" / "management" / "commands"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    for package in PACKAGES:
        command_line = importlib.import_module(f"{package}.cli")
        if given[0] in command_line.commands():
            code: int = command_line.main(given, "heatwise")
            return code
    _manage(given)
    return 0


def _manage(given: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyapp.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["heatwise", *given])


def _overview() -> str:
    own = sorted(module.name for module in pkgutil.iter_modules([str(_COMMANDS)]))
    explainers, analysis = (", ".join(importlib.import_module(f"{package}.cli").commands()) for package in PACKAGES)
    return (
        "usage: heatwise COMMAND …      heatwise COMMAND --help tells its options\n\n"
        f"Heatmaps of image classifiers: {explainers}\n"
        f"Studies in the browser: {', '.join(own)}, and Django's (migrate, collectstatic …)\n"
        f"Statistics and report: {analysis}"
    )


if __name__ == "__main__":
    sys.exit(main())
