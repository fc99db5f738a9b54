"""The command line: `python -m explainers explain CONFIG.toml`, `methods`, `metrics`.

Exit codes: 0 done, 2 something given is wrong (the message says what), 130 interrupted (run again to continue).
"""

import argparse
import importlib
import json
import logging
import sys
from collections.abc import Iterable
from pathlib import Path

from explainers.arguments import Commands, count, shard
from explainers.errors import UserError


def main(arguments: list[str] | None = None, program: str = "python -m explainers") -> int:
    """Run one command and return its exit code."""
    options = _parser(program)[0].parse_args(arguments)
    logging.basicConfig(format="%(message)s")
    logging.getLogger("explainers").setLevel(logging.INFO)
    try:
        code: int | None = options.run(options)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. What is done is kept; run the same command to continue.", file=sys.stderr)
        return 130
    return code or 0


def commands() -> list[str]:
    """Return the commands' names."""
    return list(_parser()[1].choices)


def _parser(program: str = "") -> tuple[argparse.ArgumentParser, Commands]:
    parser = argparse.ArgumentParser(prog=program, description="Heatmaps of image classifiers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    explain = commands.add_parser("explain", help="write a bundle: predictions and raw maps")
    explain.add_argument("config", type=Path, metavar="CONFIG.toml")
    explain.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1 …")
    explain.add_argument("--limit", type=count, metavar="N", help="only the first N photographs")
    among = explain.add_mutually_exclusive_group()
    among.add_argument("--shard", type=shard, metavar="I/N", help="only this share of the images; no bundle yet")
    among.add_argument("--ray", metavar="ADDRESS", help="on a Ray cluster: auto, HOST:PORT, or local to start one")
    explain.set_defaults(run=_explain)
    score = commands.add_parser("score", help="score a bundle's maps")
    score.add_argument("bundle", type=Path, metavar="BUNDLE")
    score.add_argument("--metrics", metavar="A,B", help="of those `metrics` lists; all quick ones when left out")
    score.add_argument("--masks", type=Path, metavar="FOLDER", help="true regions drawn later, <image id>.png")
    score.add_argument("--report", type=Path, metavar="FOLDER", help="write the metrics' tables and figures there")
    score.add_argument("--config", type=Path, metavar="CONFIG.toml", help="when it is not where it was")
    score.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1 …")
    score.set_defaults(run=_score)
    _add_further(commands)
    compare = commands.add_parser("compare", help="compare methods on several models by all metrics")
    compare.add_argument("comparison", type=Path, metavar="COMPARISON.toml")
    compare.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    compare.add_argument("--metrics", metavar="A,B", help="of those `metrics` lists; all quick ones when left out")
    compare.add_argument("--limit", type=count, metavar="N", help="only the first N photographs")
    compare.add_argument("--shown", type=count, default=24, metavar="N", help="photographs on the page; 24")
    compare.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1 …")
    compare.set_defaults(run=_compare)
    bench = commands.add_parser("bench", help="time the methods against other implementations of them")
    bench.add_argument("--model", default="squeezenet1_1", help="a torchvision classifier; squeezenet1_1 when left out")
    bench.add_argument("--methods", metavar="A,B", help="only these of those `methods` lists")
    bench.add_argument("--size", type=count, default=224, help="the images' side in pixels")
    bench.add_argument("--images", type=count, default=2, help="images per call")
    bench.add_argument("--device", default="auto", help="auto (default), cpu, cuda …")
    bench.add_argument("--threads", type=count, help="processor threads; PyTorch's choice when left out")
    bench.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: on a machine with other work")
    bench.add_argument(
        "--seconds", type=float, default=8.0, help="after which a method gets no further of seven rounds"
    )
    bench.add_argument("--profile", action="store_true", help="tell what share lies in kernels, and where the rest")
    bench.add_argument("--markdown", action="store_true", help="as a table for a document")
    bench.add_argument("--json", action="store_true", help="as JSON")
    bench.set_defaults(run=_bench)
    for kind in ("methods", "metrics"):
        command = commands.add_parser(kind, help=f"list the {kind} with their papers and parameters")
        command.add_argument("--json", action="store_true", help="as JSON")
        command.set_defaults(run=_list, kind=kind)
    return parser, commands


def _add_further(commands: Commands) -> None:
    """Let each folder of the package that has a module `command` add its own."""
    for path in sorted(Path(__file__).parent.glob("*/command.py")):
        importlib.import_module(f"explainers.{path.parent.name}.command").add_to(commands)


def _explain(options: argparse.Namespace) -> None:
    from explainers.config import load_config

    config = load_config(options.config)
    from explainers.run.assembling import assemble
    from explainers.run.explaining import explain_images
    from explainers.run.job import prepare, shard_of
    from explainers.run.predicting import predict, targets_of

    job = prepare(config, options.device, options.limit)
    shard_of(job, options.shard)
    if options.ray:
        from explainers.run.cluster import explain_on_cluster

        explain_on_cluster(job, options.ray, options.device, options.limit, print)
    predict(job)
    targets = targets_of(job)
    for method in config.methods:
        explain_images(job, method, targets)
    if options.shard:
        print(f"Share {options.shard[0]}/{options.shard[1]} is done. When all are, run without --shard for the bundle.")
        return
    for sentence in assemble(job, targets):
        print(sentence)
    skipped = f", {len(job.skipped)} skipped" if job.skipped else ""
    print(f"{config.output.bundle}: {len(job.photographs)} images{skipped}, {len(config.methods)} methods.")


def _score(options: argparse.Namespace) -> None:
    from explainers.scoring.scores import score_bundle

    names = options.metrics.split(",") if options.metrics else None
    places = {"drawn": options.masks, "report": options.report}
    for name, n_values in score_bundle(options.bundle, names, options.config, options.device, **places).items():
        print(f"{name}: {n_values} values")


def _compare(options: argparse.Namespace) -> None:
    from explainers.comparison.comparing import compare, load_comparison

    names = options.metrics.split(",") if options.metrics else None
    configs = load_comparison(options.comparison, options.out)
    rows = compare(configs, options.out, names, options.device, options.limit, options.shown)
    print(
        f"{options.out / 'index.html'}: {len(configs)} models, {len({row['metric'] for row in rows})} values per map."
    )


def _bench(options: argparse.Namespace) -> None:
    import platform
    import time

    import torch

    from explainers.bench.timing import COLUMNS, bench
    from explainers.networks.state import device_called

    if options.threads:
        torch.set_num_threads(options.threads)
    device = device_called(options.device)
    clock = {"wall": time.perf_counter, "cpu": time.process_time}[options.clock]
    machine: dict[str, object] = {"machine": platform.processor() or platform.machine(), "device": str(device)}
    machine |= {"threads": torch.get_num_threads(), "torch": torch.__version__, "clock": options.clock}
    machine |= {"model": options.model, "size": options.size, "images": options.images}
    chosen = options.methods.split(",") if options.methods else None
    subject = (options.model, options.size, options.images, device)
    if options.json:
        rows = bench(*subject, lambda _row: None, clock, chosen, options.profile, options.seconds)
        print(json.dumps({**machine, "columns": COLUMNS, "rows": rows}, indent=1))
        return
    show = _markdown_row if options.markdown else _padded_row
    show(COLUMNS)
    if options.markdown:
        show(["---"] * len(COLUMNS))
    bench(*subject, lambda row: show(row.values()), clock, chosen, options.profile, options.seconds)
    print("\n" + ", ".join(f"{key} {value}" for key, value in machine.items()))


def _padded_row(values: Iterable[object]) -> None:
    print("  ".join(f"{_cell(value):<20}" for value in values), flush=True)


def _markdown_row(values: Iterable[object]) -> None:
    print(f"| {' | '.join(map(_cell, values))} |", flush=True)


def _cell(value: object) -> str:
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _list(options: argparse.Namespace) -> None:
    from explainers import registry

    records = registry.METHODS if options.kind == "methods" else registry.METRICS | registry.DATASET_METRICS
    if options.json:
        print(json.dumps({name: record.describe() for name, record in records.items()}, indent=1))
        return
    for name, record in records.items():
        print(f"{name}: {record.title}. {record.paper}")
        for parameter, description in record.describe()["parameters"].items():
            print(f"    {parameter} = {description['default']!r}: {description['description']}")
