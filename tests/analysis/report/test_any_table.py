"""Made-up designs and tables of every sort: each gives a report without a fault of ours, or is refused in words."""

import os

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.report import folder
from analysis.report.running import analyse
from analysis.results.records import FAULT

TRIES = int(os.environ.get("HEATWISE_TABLES", "60"))
NAMES = ("heat", "score", "bot", "rt_ms", "status", "study_version", "term", "reason", "n", "Response.Time", "y y",
         "group", "truth", "level", "a", "value", "correct", "response", "passed", "f0", "index")  # fmt: skip
LEVELS = (("no", "yes"), ("a", "b", "c"), ("1", "2"), ("NA", "x"), ("a-b", "c", "a", "b-c"), ("only",), ("α", "a "),
          ("1", "2", "3", "4"), ("true", "false"))  # fmt: skip
KINDS = ("fraction", "ratio", "ordinal", "binary", "cluster")
OFFSETS = (0.0, 0.0, 0.0, 1e4, 5e7, -3e11)
EFFECTS = (0.0, 0.0, 1.0, 1e8, 1e-9)
SPREADS = (1.0, 1.0, 1.0, 0.0, 1e-7, 1e6)


def table(seed: int) -> tuple[str, str]:
    """Return a CSV and its map: factors between and within, outcomes of any kind, holes, ties, offsets, odd names."""
    rng = np.random.default_rng(seed)
    names = [str(name) for name in rng.permutation(NAMES)]
    factors = {names.pop(): LEVELS[rng.integers(len(LEVELS))] for _ in range(rng.integers(0, 4))}
    within = [name for name in factors if rng.random() < 0.4]
    between = [name for name in factors if name not in within]
    outcomes = [(names.pop(), str(rng.choice(KINDS))) for _ in range(rng.integers(1, 3))]
    repeats, people = int(rng.integers(1, 4)), int(rng.integers(2, 15))
    holes, same = rng.choice([0.0, 0.0, 0.2, 1.0]), rng.random() < 0.1
    draws = [(rng.choice(OFFSETS), rng.choice(EFFECTS), rng.choice(SPREADS)) for _ in outcomes]
    rows = []
    for person in range(people):
        own = {name: factors[name][rng.integers(len(factors[name]))] for name in between}
        places = [()] if not within else _crossed([factors[name] for name in within])
        for place in places:
            for _ in range(repeats):
                cell = own | dict(zip(within, place, strict=True))
                shift = sum(factors[name].index(level) for name, level in cell.items())
                values = [
                    _value(rng, kind, shift, *draw, same) for (_, kind), draw in zip(outcomes, draws, strict=True)
                ]
                values = ["" if rng.random() < holes else value for value in values]
                rows.append([f"p{person}", *(cell[name] for name in factors), *values, "gull"[: 1 + person % 2]])
    if rng.random() < 0.2:
        rows = [row for row in rows if rng.random() < 0.7] or rows
    header = ["person", *factors, *(name for name, _ in outcomes), "model_class"]
    csv = "\n".join(",".join(row) for row in [header, *rows]) + "\n"
    lines = ['participant = "person"', f"between = {_listed(between)}", f"within = {_listed(within)}"]
    for name, kind in outcomes:
        lines += ["[[outcomes]]", f'column = "{name}"', f'kind = "{kind}"']
    return csv, "\n".join(lines) + "\n"


def _crossed(levels: list[tuple]) -> list[tuple]:
    found: list[tuple] = [()]
    for some in levels:
        found = [(*place, level) for place in found for level in some]
    return found


def _value(rng, kind, shift, offset, effect, spread, same) -> str:
    if kind == "binary":
        return str(int(same or rng.random() < 0.5))
    if kind == "ordinal":
        return "4" if same else str(int(rng.integers(1, 8)))
    if kind == "fraction":
        return "0.5" if same else str(int(rng.integers(0, 11)) / 10)
    if kind == "cluster":
        return "ABC"[rng.integers(1 if same else 3)]
    return str(offset + effect * shift + (0 if same else round(spread * rng.normal(), int(rng.integers(0, 9)))))


def _listed(names: list[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


HARD = (780, 1036, 1096, 1453)  # participants without a difference, a coefficient that is next to undetermined


@pytest.mark.parametrize("seed", [*range(TRIES), *(seed for seed in HARD if seed >= TRIES)])
def test_any_table_gives_a_report_without_a_fault_or_is_refused_in_words(seed, tmp_path):
    csv, layout = tmp_path / "table.csv", tmp_path / "map.toml"
    for path, content in zip((csv, layout), table(seed), strict=True):
        path.write_text(content, encoding="utf-8")
    try:
        report = analyse(None, csv=csv, map_file=layout)
    except AnalysisError:
        return
    if seed % 20 == 0:
        folder.write(report, tmp_path / "report")
    content = folder.results(report)
    said = [*content["warnings"], *(text for found in content["analyses"] for text in found["warnings"])]
    assert not [text for text in said if FAULT in text]
    ids = [found["id"] for found in content["analyses"]]
    assert sorted(set(ids)) == sorted(ids)
    for found in content["analyses"]:
        for term in found["terms"]:
            assert None not in term.values() or term.get("reason"), (found["id"], term)
