"""`python -m analysis`: report, power."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from analysis.errors import AnalysisError


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns 0, or 2 when the input cannot be analysed (the reason is on standard error)."""
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except AnalysisError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line's definition."""
    top = argparse.ArgumentParser(prog="python -m analysis", description="Statistics and report of a study.")
    commands = top.add_subparsers(dest="command", required=True)
    report = commands.add_parser("report", help="analyse an export folder, or any CSV with a map")
    report.add_argument("export", nargs="?", type=Path, metavar="EXPORT", help="the export folder of a study")
    report.add_argument("--csv", type=Path, help="a CSV from elsewhere, one row per participant or per trial")
    report.add_argument("--map", type=Path, help="MAP.toml: which column is what")
    report.add_argument("--out", type=Path, required=True, help="the report folder")
    report.add_argument("--plan", type=Path, help="analysis_plan.json (default: the one frozen in the export)")
    report.set_defaults(run=run_report)
    return top


def run_report(options: argparse.Namespace) -> None:
    """Write a report folder."""
    from analysis import report, run  # the scientific stack takes a second to load: --help should not

    if (options.export is None) == (options.csv is None):
        raise AnalysisError("name either an EXPORT folder or --csv FILE with --map MAP.toml")
    if options.csv is not None and options.map is None:
        raise AnalysisError(
            "--csv needs --map MAP.toml, which says which column is the participant and which the outcomes"
        )
    report.check_target(options.out)
    found = run.analyse(options.export, options.csv, options.map, options.plan, _steps)
    report.write(found, options.out, lambda figures: tqdm(figures, desc="figures", unit="", leave=False))
    print(f"{options.out / 'report.html'}: {len(found.sample.study.participants)} participants")
    for section in found.sections:
        print(f"  {section.answer}")


def _steps(steps: list) -> tqdm:
    """Show which section is being computed."""
    return tqdm(steps, desc="analyses", unit="", leave=False)
