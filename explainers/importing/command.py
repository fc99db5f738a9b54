"""The command `import`: a bundle from maps made by any tool."""

import argparse
from pathlib import Path


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("import", help="write a bundle from maps made by any tool")
    parser.add_argument("config", type=Path, metavar="CONFIG.toml")
    parser.add_argument("--into", type=Path, metavar="BUNDLE", help="add the methods to this bundle")
    parser.add_argument("--out", type=Path, metavar="BUNDLE", help="write the bundle there, whatever [output] says")
    parser.add_argument("--confined", action="store_true", help="refuse files outside the folder of CONFIG.toml")
    parser.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> None:
    from explainers.importing.settings import load_settings
    from explainers.importing.writing import add_methods, write_bundle

    settings = load_settings(options.config, into=options.into is not None, out=options.out, confined=options.confined)
    found = add_methods(settings, options.into) if options.into else write_bundle(settings)
    for sentence in found:
        print(sentence)
