"""`python -m explainers xnn CONFIG.toml`: train an explanation network; say how good it is."""

import argparse
from pathlib import Path

from explainers.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the command to argparse's subparsers."""
    command = commands.add_parser("xnn", help="train an explanation network on a layer's activations")
    command.add_argument("config", type=Path, metavar="CONFIG.toml")
    command.add_argument("--device", default="auto", help="auto (default), cpu, cuda, cuda:1 …")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
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
