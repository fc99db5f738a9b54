"""The command `import`: a bundle from maps made by any tool."""

from pathlib import Path


def add_to(commands):
    parser = commands.add_parser("import", help="write a bundle from maps made by any tool")
    parser.add_argument("config", type=Path, metavar="CONFIG.toml")
    parser.add_argument("--into", type=Path, metavar="BUNDLE", help="add the methods to this bundle")
    parser.set_defaults(run=_import)


def _import(options):
    from explainers.importing.settings import load_settings
    from explainers.importing.writing import add_methods, write_bundle

    settings = load_settings(options.config, into=options.into is not None)
    found = add_methods(settings, options.into) if options.into else write_bundle(settings)
    for sentence in found:
        print(sentence)
