"""Make the tables of explanation networks again: the paper's 1, 2, 3, .4, .5, .6, figures 10 and .12, and the speed.

python -m benchmarks.xnn                    everything; about three quarters of an hour beside other work
python -m benchmarks.xnn birds speed        only these parts
Tables go to docs/tables/xnn-*.csv and *.md, figure 10 to docs/images/xnn-digits.webp.
"""

import argparse
import time
from pathlib import Path

from benchmarks.xnn import data as sources
from benchmarks.xnn import networks, tables

DOCS = Path(__file__).resolve().parents[2] / "docs"
PARTS = ("birds", "scenes", "photographs", "digits", "speed")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.xnn", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all when left out")
    parser.add_argument("--out", type=Path, default=DOCS, help="where tables/ and images/ are; docs when left out")
    options = parser.parse_args()
    for part in options.parts or PARTS:
        if part not in PARTS:
            parser.error(f"there is no part {part!r}; expected {', '.join(PARTS)}")
        started = time.perf_counter()
        {"digits": digits, "speed": speed}.get(part, lambda out, part=part: comparison(part, out))(options.out)
        print(f"{part}: {time.perf_counter() - started:.0f} s")


def comparison(part: str, out: Path) -> None:
    """Make one data set's tables: methods and degeneration; of birds and scenes the lasso's; layers, kept pixels."""
    data = getattr(sources, part)()
    if data is None:
        print("photographs: left out, the real weights and photographs are not there (HEATWISE_REALDATA)")
        return
    cached = networks.Cached(data)
    settings = networks.tuned(data, cached)
    trained = networks.trained(data, cached, settings)
    write(out, f"{part}-settings", [settings_row(kind, chosen) for kind, chosen in settings.items()])
    write(out, part, networks.main_table(data, cached, trained, settings))
    write(out, f"{part}-degeneration", networks.degeneration_table(trained))
    if part == "photographs":
        return
    write(out, f"{part}-lasso", tables.lasso_table(data, cached))
    if part == "birds":
        write(out, "birds-features", tables.feature_table(data, cached, settings["srae"]))
        write(out, "birds-layers", tables.layer_table(data))
        write(out, "birds-kept", tables.kept_pixels_table(data, trained))


def settings_row(kind, chosen) -> dict:
    used = {"srae": ("q", "beta", "eta"), "sae": ("beta",), "cae": ("beta",), "lasso": ("alpha",)}.get(kind, ())
    return {
        "method": kind.upper(),
        **{name: getattr(chosen, name) if name in used else None for name in ("q", "beta", "eta", "alpha")},
    }


def digits(out: Path) -> None:
    write(out, "digits", tables.digit_table(out / "images" / "xnn-digits.webp"))


def speed(out: Path) -> None:
    write(out, "speed", tables.speed_table())


def write(out: Path, name: str, rows: list[dict]) -> None:
    path = out / "tables" / f"xnn-{name}"
    sources.write_table(path, rows)
    print(f"\n{path.with_suffix('.md').read_text()}", flush=True)


if __name__ == "__main__":
    main()
