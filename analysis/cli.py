"""`python -m analysis`: report, map, power, plan."""

import argparse
import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from analysis.errors import AnalysisError
from analysis.papers import reading as papers

SHARES = {"participant": "participant", "stimulus": "stimulus", "participant:condition": "participant_condition",
          "stimulus:condition": "stimulus_condition"}  # fmt: skip


def main(arguments: list[str] | None = None, program: str = "python -m analysis") -> int:
    """Run a command; returns 0, or 2 when the input cannot be analysed (the reason is on standard error)."""
    options = _parser(program)[0].parse_args(arguments)
    try:
        options.run(options)
    except AnalysisError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def commands() -> list[str]:
    """Return the commands' names."""
    return list(_parser()[1].choices)


def _parser(program: str = "") -> tuple[argparse.ArgumentParser, Any]:
    top = argparse.ArgumentParser(prog=program, description="Statistics and report of a study.")
    commands = top.add_subparsers(dest="command", required=True)
    report = commands.add_parser("report", help="analyse an export folder, or any CSV with a map")
    report.add_argument("export", nargs="?", type=Path, metavar="EXPORT", help="the export folder of a study")
    report.add_argument("--csv", type=Path, help="a CSV from elsewhere, one row per participant or per trial")
    report.add_argument("--map", type=Path, help="MAP.toml: which column is what")
    report.add_argument("--out", type=Path, required=True, help="the report folder")
    report.add_argument("--plan", type=Path, help="analysis_plan.json (default: the one frozen in the export)")
    report.add_argument("--bundle", type=Path, help="the bundle whose metrics.csv is compared with people")
    report.add_argument("--against", type=Path, metavar="EXPORT", help="another study with other people, unpaired")
    report.add_argument("--as", dest="paper", metavar="PAPER", help="a page in a paper's order too, its numbers "
                        f"beside ours: {', '.join(papers.names())}")  # fmt: skip
    report.set_defaults(run=run_report)
    _add_power(commands)
    proposed = commands.add_parser("map", help="propose MAP.toml for a CSV from elsewhere")
    proposed.add_argument(
        "csv", type=Path, metavar="FILE", help="an export of Qualtrics, Google Forms, oTree, jsPsych …"
    )
    proposed.add_argument("--out", type=Path, help="the map to write (default: printed)")
    proposed.set_defaults(run=run_map)
    plan = commands.add_parser("plan", help="write a plan to edit and freeze, and its preregistration text")
    plan.add_argument("kind", help="the kind of study, e.g. forward_simulation")
    plan.add_argument("--plan", type=Path, help="an edited analysis_plan.json (default: the recipe's own)")
    plan.add_argument("--out", type=Path, required=True, help="a folder")
    plan.set_defaults(run=run_plan)
    return top, commands


def _add_power(commands: Any) -> None:
    power = commands.add_parser("power", help="how many participants per condition")
    power.add_argument("export", nargs="?", type=Path, metavar="EXPORT", help="draw from a pilot or from bots' answers")
    power.add_argument("--design", nargs="+", default=[], metavar="FACTOR=LEVELS", help="e.g. heatmap=3 scores=2")
    power.add_argument(
        "--within", nargs="+", default=[], metavar="FACTOR=LEVELS", help="conditions within participants"
    )
    power.add_argument("--correlation", type=float, help="of conditions within participants (default .5)")
    power.add_argument("--epsilon", type=float, help="departure from sphericity, at most 1 (default 1)")
    power.add_argument("--f", type=float, help="Cohen's f to detect (default .25, a medium effect)")
    power.add_argument("--stimuli", type=int, metavar="N", help="plan two conditions of single answers: participants "
                       "crossed with N stimuli, both random")  # fmt: skip
    power.add_argument("--d", type=float, help="with --stimuli: the difference in SDs of single answers (default .5)")
    power.add_argument("--variance", nargs="+", default=[], metavar="PART=SHARE", help="with --stimuli: shares of the "
                       f"answers' variance: {', '.join(SHARES)} (default .2, .2, .1, .1)")  # fmt: skip
    power.add_argument("--term", default="", help="the effect to detect, e.g. heatmap or heatmap:scores")
    power.add_argument("--outcome", default="fraction_correct", help="with EXPORT: the outcome that is tested")
    power.add_argument("--sizes", default="4,8,12,16,24,32", help="with EXPORT: participants per condition to try")
    power.add_argument("--repeats", type=int, default=500, help="with EXPORT: simulated studies per size")
    power.add_argument("--power", type=float, default=0.8, dest="wanted", help="the power to reach (default .8)")
    power.add_argument("--alpha", type=float, help="default .05; with EXPORT the one of its plan")
    power.add_argument("--out", type=Path, help="a folder for the curve (CSV, JSON, SVG, PNG)")
    power.set_defaults(run=run_power)


def run_report(options: argparse.Namespace) -> None:
    """Write a report folder."""
    # the scientific stack takes a second to load: --help should not
    from analysis.report import as_paper, folder, running

    if (options.export is None) == (options.csv is None):
        raise AnalysisError("name either an EXPORT folder or --csv FILE with --map MAP.toml")
    if options.csv is not None and options.map is None:
        raise AnalysisError(
            "--csv needs --map MAP.toml, which says which column is the participant and which the outcomes"
        )
    from analysis.results.records import FAULT

    paper = papers.read(options.paper) if options.paper else None
    folder.check_target(options.out)
    report = running.analyse(
        options.export, options.csv, options.map, options.plan, options.bundle, options.against, _steps, paper
    )
    folder.write(report, options.out, lambda figures: tqdm(figures, desc="figures", unit="", leave=False), paper)
    print(f"{options.out / 'report.html'}: {len(report.sample.study.participants)} participants")
    for section in report.sections:
        print(f"  {section.answer}")
        for text in [*section.warnings, *(text for kept in section.records for text in kept.warnings)]:
            if FAULT in text:
                print(f"warning: {section.title}: {text}", file=sys.stderr)
    if paper is not None:
        print(f"{options.out / 'paper.html'}: {as_paper.lay_out(paper, report).summary()}")


def run_power(options: argparse.Namespace) -> None:
    """Print the one-line answer, and write the curve."""
    from analysis.planning import power

    for name, value in (("--power", options.wanted), ("--alpha", options.alpha)):
        if value is not None and not 0 < value < 1:
            raise AnalysisError(f"{name}: found {value:g}, expected a number between 0 and 1")
    if (options.export is None) == (not [*options.design, *options.within]):
        raise AnalysisError("name either an EXPORT folder or --design FACTOR=LEVELS …")
    if options.stimuli is None and (options.d is not None or options.variance):
        raise AnalysisError("--d and --variance belong to --stimuli N, the pictures that everybody answers")
    if options.export is not None:
        sizes = _sizes(options.sizes)
        answer, remark, curve = power.by_simulation(options.export, options.outcome, options.term, sizes,
                                                    options.repeats, options.wanted, options.alpha, _steps)  # fmt: skip
    else:
        answer, curve = _power_of_trials(options) if options.stimuli is not None else _power_of_means(options)
        remark = ""
    if options.out:
        power.write(options.out, answer, remark, curve, options.wanted)
    print(answer)
    if remark:
        print(remark, file=sys.stderr)


def _power_of_means(options: argparse.Namespace) -> tuple[str, Any]:
    """Return the answer and the curve of a factorial design of participants' means."""
    from analysis.planning import power
    from analysis.statistics.power import Repeated

    f, correlation, epsilon = (
        default if value is None else value
        for value, default in ((options.f, 0.25), (options.correlation, 0.5), (options.epsilon, 1.0))
    )
    design, repeated = _design(options)
    if not -1 < correlation < 1:
        raise AnalysisError(f"--correlation: found {correlation:g}, expected a number between -1 and 1")
    if not 0 < epsilon <= 1:
        raise AnalysisError(f"--epsilon: found {epsilon:g}, expected a number above 0, at most 1")
    if not 0 < f < math.inf:
        raise AnalysisError(f"--f: found {f:g}, expected a positive number")
    term = options.term or [*design, *repeated][0]
    within = Repeated(repeated, correlation, epsilon)
    return power.by_formula(design, term, f, options.wanted, options.alpha or 0.05, within)


def _power_of_trials(options: argparse.Namespace) -> tuple[str, Any]:
    """Return the answer and the curve of single answers to stimuli in two conditions."""
    from analysis.planning import power
    from analysis.statistics.power_crossed import Shares

    design, repeated = _design(options)
    for name in ("f", "correlation", "epsilon", "term"):
        if getattr(options, name) not in (None, ""):
            raise AnalysisError(f"--{name}: has no place beside --stimuli; expected --d and --variance")
    if [*design.values(), *repeated.values()] != [2]:
        raise AnalysisError("--stimuli: plans the difference of two conditions; expected one factor of two levels, as "
                            "--design heatmap=2 (between participants) or --within heatmap=2")  # fmt: skip
    if options.stimuli < 2:
        raise AnalysisError(f"--stimuli: found {options.stimuli}, expected a whole number from 2")
    d = 0.5 if options.d is None else options.d
    if not 0 < d < math.inf:
        raise AnalysisError(f"--d: found {d:g}, expected a positive number")
    shares = Shares(**_shares(options.variance))
    if shares.answer <= 0:
        raise AnalysisError(f"--variance: the shares sum to {1 - shares.answer:g}, expected less than 1; the rest is "
                            "the single answer's own")  # fmt: skip
    return power.by_crossing(d, options.stimuli, bool(repeated), shares, options.wanted, options.alpha or 0.05)


def _design(options: argparse.Namespace) -> tuple[dict[str, int], dict[str, int]]:
    design, repeated = ([_factor(text) for text in texts] for texts in (options.design, options.within))
    if len(dict([*design, *repeated])) < len([*design, *repeated]):
        raise AnalysisError("--design: names a factor twice, expected each once")
    return dict(design), dict(repeated)


def _shares(texts: list[str]) -> dict[str, float]:
    shares = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            share = float(value)
        except ValueError:
            share = math.nan
        if name not in SHARES or not 0 <= share < 1 or SHARES[name] in shares:
            raise AnalysisError(f"--variance: found {text!r}, expected each of {', '.join(SHARES)} once at most, with "
                                "a share from 0 up to 1, as in participant=.2")  # fmt: skip
        shares[SHARES[name]] = share
    return shares


def run_map(options: argparse.Namespace) -> None:
    """Print the map proposed for a CSV, or write it; a map that is there is not replaced."""
    from analysis.reading.foreign.proposals import propose

    text = propose(options.csv).toml(options.csv.name)
    if options.out is None:
        print(text, end="")
        return
    if options.out.exists():
        raise AnalysisError(f"{options.out}: is there already; name another file")
    options.out.write_text(text, encoding="utf-8")
    print(f"{options.out}: read it, change it, then: report --csv {options.csv} --map {options.out} --out report")


def run_plan(options: argparse.Namespace) -> None:
    """Write `analysis_plan.json` and `preregistration.md`."""
    from analysis import recipes
    from analysis.planning.preregistration import preregistration
    from analysis.reading.files import read_json
    from analysis.reading.plans import read_plan

    plan = recipes.find(options.kind).PLAN
    if options.plan:
        plan = read_plan(read_json(options.plan), plan, str(options.plan), "given")
    options.out.mkdir(parents=True, exist_ok=True)
    content = json.dumps(plan.as_json(), ensure_ascii=False, indent=2)
    (options.out / "analysis_plan.json").write_text(content + "\n", encoding="utf-8")
    text = preregistration(plan, f"a {options.kind.replace('_', ' ')} study", "As the study's published version says.")
    (options.out / "preregistration.md").write_text(text, encoding="utf-8")
    print(f"{options.out / 'preregistration.md'}")


def _factor(text: str) -> tuple[str, int]:
    name, _, levels = text.partition("=")
    if not name or not levels.isdigit() or int(levels) < 2:
        raise AnalysisError(
            f"--design: found {text!r}, expected FACTOR=LEVELS with two levels or more, as in heatmap=3"
        )
    return name, int(levels)


def _sizes(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.strip().isdigit() and int(part) > 1 for part in parts):
        raise AnalysisError(f"--sizes: found {text!r}, expected whole numbers from 2, as in 8,16,32")
    return sorted({int(part) for part in parts})


def _steps(steps: Iterable[Any]) -> Iterable[Any]:
    """Show which section is being computed."""
    shown: Iterable[Any] = tqdm(steps, desc="analyses", unit="", leave=False)
    return shown
