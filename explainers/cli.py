"""The command line: `python -m explainers explain CONFIG.toml`, `methods`, `metrics`.

Exit codes: 0 done, 2 something given is wrong (the message says what), 130 interrupted (run again to continue).
"""

import argparse
import json
import re
import sys
from pathlib import Path

from explainers.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. What is done is kept; run the same command to continue.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(prog="python -m explainers", description="Heatmaps of image classifiers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    explain = commands.add_parser("explain", help="write a bundle: predictions, maps, overlays")
    explain.add_argument("config", type=Path, metavar="CONFIG.toml")
    explain.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1 …")
    explain.add_argument("--limit", type=_count, metavar="N", help="only the first N photographs")
    explain.add_argument("--shard", type=_shard, metavar="I/N", help="only this share of the images; no bundle yet")
    explain.set_defaults(run=_explain)
    score = commands.add_parser("score", help="score a bundle's maps")
    score.add_argument("bundle", type=Path, metavar="BUNDLE")
    score.add_argument("--metrics", metavar="A,B", help="such as road,iou; all quick ones when left out")
    score.add_argument("--config", type=Path, metavar="CONFIG.toml", help="when it is not where it was")
    score.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1 …")
    score.set_defaults(run=_score)
    xnn = commands.add_parser("xnn", help="train an explanation network on a layer's activations")
    xnn.add_argument("config", type=Path, metavar="CONFIG.toml")
    xnn.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1 …")
    xnn.set_defaults(run=_xnn)
    bench = commands.add_parser("bench", help="time the methods against captum, pytorch-grad-cam and zennit")
    bench.add_argument("--model", default="squeezenet1_1", help="a torchvision classifier; squeezenet1_1 when left out")
    bench.add_argument("--size", type=_count, default=224, help="the images' side in pixels")
    bench.add_argument("--images", type=_count, default=2, help="images per call")
    bench.add_argument("--device", default="auto", help="auto (default), cpu, cuda …")
    bench.add_argument("--json", action="store_true", help="as JSON")
    bench.set_defaults(run=_bench)
    for kind in ("methods", "metrics"):
        command = commands.add_parser(kind, help=f"list the {kind} with their papers and parameters")
        command.add_argument("--json", action="store_true", help="as JSON")
        command.set_defaults(run=_list, kind=kind)
    return parser


def _count(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 up, found {text!r}")
    return int(text)


def _shard(text):
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"expected I/N with 1 ≤ I ≤ N, such as 2/8, found {text!r}")
    return int(match[1]), int(match[2])


def _explain(options):
    from explainers.config import load_config

    config = load_config(options.config)
    from explainers.assemble import assemble
    from explainers.job import explain_images, predict, prepare, shard_of, targets_of

    job = prepare(config, options.device, options.limit)
    shard_of(job, options.shard)
    predict(job)
    targets = targets_of(job)
    for method in config.methods:
        explain_images(job, method, targets)
    if options.shard:
        print(f"Share {options.shard[0]}/{options.shard[1]} is done. When all are, run without --shard for the bundle.")
        return
    assemble(job, targets)
    skipped = f", {len(job.skipped)} skipped" if job.skipped else ""
    print(f"{config.output.bundle}: {len(job.photographs)} images{skipped}, {len(config.methods)} methods.")


def _score(options):
    from explainers.scoring import score_bundle

    names = options.metrics.split(",") if options.metrics else None
    for name, count in score_bundle(options.bundle, names, options.config, options.device).items():
        print(f"{name}: {count} values")


def _xnn(options):
    from explainers.xnn.config import load_xnn_config

    config = load_xnn_config(options.config)
    from explainers.xnn.run import run

    facts = run(config, options.device)
    for part in ("train", "test"):
        values = ", ".join(f"{name} {value:.4g}" for name, value in facts[part].items())
        print(f"{part}: {values}")
    for feature, what in facts["degenerate"].items():
        print(f"degenerate: {feature} is {what} (remedies tried: {len(facts['remedies'])})")
    print(f"{config.output.network}: {', '.join(facts['class_names'])}; trained in {facts['seconds']:.1f} s.")


def _bench(options):
    import platform

    import torch

    from explainers.bench import COLUMNS, bench
    from explainers.job import device_called

    device = device_called(options.device)
    machine = {"machine": platform.processor() or platform.machine(), "device": str(device)}
    machine |= {"threads": torch.get_num_threads(), "torch": torch.__version__}
    show = (lambda _row: None) if options.json else (lambda row: print("  ".join(map(_cell, row.values())), flush=True))
    show(dict(zip(COLUMNS, COLUMNS, strict=True)))
    rows = bench(options.model, options.size, options.images, device, show)
    if options.json:
        print(json.dumps({**machine, "model": options.model, "size": options.size, "rows": rows}, indent=1))
    else:
        print(", ".join(f"{key} {value}" for key, value in machine.items()))


def _cell(value):
    text = "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
    return f"{text:<20}"


def _list(options):
    from explainers import registry

    records = registry.METHODS if options.kind == "methods" else registry.METRICS | registry.DATASET_METRICS
    if options.json:
        print(json.dumps({name: record.describe() for name, record in records.items()}, indent=1))
        return
    for name, record in records.items():
        print(f"{name}: {record.title}. {record.paper}")
        for parameter, description in record.describe()["parameters"].items():
            print(f"    {parameter} = {description['default']!r}: {description['description']}")
