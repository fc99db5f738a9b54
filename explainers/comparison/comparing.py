"""Compare methods on several models by all metrics: `python -m explainers compare COMPARISON.toml --out FOLDER`.

The file is a configuration with one table `[[models]]` per model in place of `[model]`: its fields, a `name`, and under
`parameters` what a method, by its id, needs on this model (a layer, as a rule). Each model gets a bundle of its own, so
an interrupted comparison continues and a changed method computes only what depends on it.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from explainers.bundles.bundle import read_table, write_atomically
from explainers.comparison.page import ARROWS, Columns, Lines, page
from explainers.config import Config, checked, read_toml
from explainers.errors import UserError
from explainers.run.assembling import assemble
from explainers.run.explaining import explain_images
from explainers.run.job import prepare
from explainers.run.predicting import predict, targets_of
from explainers.scoring.scores import score_bundle

COLUMNS = ("model", "method", "metric", "better", "n", "value")


def load_comparison(path: Path, out: Path) -> dict[str, Config]:
    """Return each model's configuration by its name; bundles go below `out`."""
    path, content = Path(path), read_toml(path)
    models = content.pop("models", None)
    if not isinstance(models, list) or not models or not all(isinstance(model, dict) for model in models):
        raise UserError(f"{path}: expected a table [[models]] per model, found {models!r}.")
    if "model" in content or "bundle" in content.get("output", {}):
        raise UserError(f"{path}: a comparison has [[models]] in place of [model], and no [output] bundle.")
    configs = {}
    for number, model in enumerate(models, 1):
        where = f"{path}: [[models]] number {number}"
        name = model.pop("name", model.get("arch"))
        if not isinstance(name, str) or not name or "/" in name or name.startswith("."):
            raise UserError(f"{where} name: expected a name that a folder can have, found {name!r}.")
        if name in configs:
            raise UserError(f"{where}: {name!r} stands twice; give each model its own name.")
        own = model.pop("parameters", {})
        methods = [{**method, **own.pop(_id_of(method), {})} for method in content.get("methods", [])]
        if own:
            raise UserError(f"{where} parameters: there is no method {next(iter(own))!r}.")
        output = {**content.get("output", {}), "bundle": str((out / "bundles" / name).resolve())}
        configs[name] = checked(path, {**content, "model": model, "methods": methods, "output": output})
    return configs


def _id_of(method: object) -> object:
    return method.get("id", method.get("name")) if isinstance(method, dict) else None


def compare(
    configs: dict[str, Config],
    out: Path,
    metrics: list[str] | None,
    device: str,
    limit: int | None = None,
    shown: int = 24,
    report: Callable[[str], None] = print,
) -> list[dict[str, Any]]:
    """Explain, score and write `comparison.csv`, `comparison.md` and `index.html` below `out`; return the table's rows.

    The metrics are all but those on request, IoU among them where there are masks, or the ones named. `shown` images
    stand on the page.
    """
    rows, bundles = [], {}
    for name, config in configs.items():
        report(f"{name}:")
        job = prepare(config, device, limit)
        predict(job)
        targets = targets_of(job)
        for method in config.methods:
            explain_images(job, method, targets)
        assemble(job, targets)
        bundles[name] = config.output.bundle
        score_bundle(bundles[name], metrics, config, device)
        rows += [{"model": name, **row} for row in read_table(bundles[name], "dataset_metrics")]
    _write_csv(out / "comparison.csv", rows)
    write_atomically(out / "comparison.md", markdown(rows).encode())
    write_atomically(out / "index.html", page(configs, bundles, table_of(rows), shown).encode())
    return rows


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def table_of(rows: list[dict[str, Any]]) -> tuple[Columns, Lines]:
    """Return the columns (metric, better, and whether any value is there) and the rows (model, method, cells).

    A cell is (value, n, whether it is the best of its column), or None. Values are rounded first, so that equal ones
    share the first place.
    """
    metrics = list(dict.fromkeys(row["metric"] for row in rows))
    better = {row["metric"]: row["better"] for row in rows}
    values = {(row["model"], row["method"], row["metric"]): (_rounded(row["value"]), row["n"]) for row in rows}
    by_metric = defaultdict(list)
    for (_, _, metric), (value, _) in values.items():
        by_metric[metric].append(value)
    best = {m: (max if better[m] == "higher" else min)(found) for m, found in by_metric.items()}
    lines = []
    for model, method in dict.fromkeys((row["model"], row["method"]) for row in rows):
        found = [values.get((model, method, metric)) for metric in metrics]
        cells = [None if c is None else (*c, c[0] == best[m]) for m, c in zip(metrics, found, strict=True)]
        lines.append((model, method, cells))
    return [{"metric": metric, "better": better[metric]} for metric in metrics], lines


def _rounded(value: float | str) -> float:
    return float(f"{float(value):.3g}")


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table for a document: a line per model and method, a column per metric, the best of each in bold."""
    columns, lines = table_of(rows)
    head = [f"{column['metric']} {ARROWS[column['better']]}" for column in columns]
    text = [f"| model | method | {' | '.join(head)} |", "|---" * (len(columns) + 2) + "|"]
    for model, method, cells in lines:
        shown = ["–" if c is None else f"**{c[0]:g}**" if c[2] else f"{c[0]:g}" for c in cells]
        text.append(f"| {model} | {method} | {' | '.join(shown)} |")
    return "\n".join(text) + "\n"
