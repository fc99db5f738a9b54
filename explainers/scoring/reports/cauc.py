"""Contrastive faithfulness of a bundle's methods as the paper shows it: table A.1 and figure A.1's deletion curves.

cwox-2s-supplementary.txt, section A. Written by `python -m explainers score BUNDLE --metrics cauc --report FOLDER`.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from explainers.bundles.bundle import read_bundle, read_table, write_atomically
from explainers.bundles.raw_maps import read_map
from explainers.datasets import open_picture
from explainers.errors import UserError
from explainers.maps.ranking import salient
from explainers.metrics.cauc import contrastive_scores
from explainers.models.building import model_input
from explainers.networks.rewriting.optimised import optimised
from explainers.run.job import Job

COLUMNS = ("method", "base", "n_delta", "cauc", "cdrop", "n")
_HEADINGS = {"n_delta": "n̄_δ", "cauc": "CAUC ↓", "cdrop": "CDROP ↑"}
_COLOURS = ("#1f6f8b", "#b98344", "#4c8f74", "#a65a5a", "#6d5a94", "#8f9d4a")
_CURVE_STEPS = 40


Row: TypeAlias = dict[str, Any]


def write_report(job: Job, folder: Path, out: Path, nodes_of: Mapping[str, list[Row]]) -> None:
    """Write contrast.csv, contrast.md, contrast.webp and curves.webp. `nodes_of`: contrasted nodes by image."""
    rows = table(folder)
    if not rows:
        raise UserError(f"--report: {folder} has no values of cauc; score it with --metrics cauc.")
    write_atomically(out / "contrast.csv", _csv(rows))
    write_atomically(out / "contrast.webp", _bars(rows))
    shown = _example(folder, nodes_of)
    write_atomically(out / "curves.webp", _curves(job, folder, shown))
    write_atomically(out / "contrast.md", _markdown(rows, job, shown).encode())


def table(folder: Path) -> list[Row]:
    """Return a row per method: base explainer, mean n_δ, CAUC and CDROP, and how many maps they are of."""
    manifest, _ = read_bundle(folder)
    values: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in read_table(folder, "dataset_metrics"):
        values[row["method"]][row["metric"]] = row
    rows = []
    for method in manifest["methods"]:
        found = values[method["name"]]
        if "cauc" in found:
            means = {name: float(found[name]["value"]) for name in _HEADINGS}
            base = method["parameters"].get("base", "")
            rows.append({"method": method["name"], "base": base, **means, "n": int(found["cauc"]["n"])})
    return rows


def _csv(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _markdown(rows: list[Row], job: Job, shown: list[Row]) -> str:
    lines = [f"| method | base | {' | '.join(_HEADINGS.values())} | maps |", "|---|---|---|---|---|---|"]
    for row in rows:
        numbers = f"{row['n_delta']:,.0f} | {row['cauc']:.3g} | {row['cdrop']:.3g} | {row['n']}"
        lines.append(f"| `{row['method']}` | {row['base'] and '`' + row['base'] + '`'} | {numbers} |")
    target, others = int(shown[0]["target"]), shown[0]["others"]
    source = job.photographs[shown[0]["image_id"]].source
    lines += ["", "![Means by method](contrast.webp)", "", "![Deletion curves](curves.webp)", ""]
    lines.append(f"The curves are of {source}: {job.classes[target]} against {_names(job, others)}.")
    return "\n".join(lines) + "\n"


def _names(job: Job, indices: Iterable[int]) -> str:
    return ", ".join(job.classes[index] for index in indices)


def _example(folder: Path, nodes_of: Mapping[str, list[Row]]) -> list[Row]:
    """Return the nodes of the image and class, explained by most methods, whose CDROP is highest in the mean."""
    drops: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in read_table(folder, "metrics"):
        if row["metric"] == "cdrop":
            drops[row["image_id"], row["target"]].append(float(row["value"]))
    image_id, target = max(drops, key=lambda key: (len(drops[key]), np.mean(drops[key])))
    return [node for node in nodes_of[image_id] if node["target"] == target]


def _curves(job: Job, folder: Path, nodes: list[Row]) -> bytes:
    """Draw P(c), P(C') and s(r) while each method's most salient pixels vanish, up to the common cut-off."""
    figure = _figure(3.1 * len(nodes), 2.9)
    image = model_input(open_picture(job.photographs[nodes[0]["image_id"]].path), job.config.model)
    target, others = int(nodes[0]["target"]), nodes[0]["others"]
    weightings = torch.zeros(1, 2, len(job.classes))
    weightings[0, 0, target], weightings[0, 1, others] = 1, 1
    for place, node in enumerate(nodes, 1):
        saliency = read_map(folder, node)
        counts = torch.linspace(0, node["n_pixels"], _CURVE_STEPS + 1).round().long()
        device = next(job.model.parameters()).device
        scores = contrastive_scores(
            optimised(job.model), image[None].to(device), weightings.to(device),
            torch.from_numpy(saliency)[None].to(device), counts[None].to(device),
        )  # fmt: skip
        axes = figure.add_subplot(1, len(nodes), place)
        named = (f"P({job.classes[target]})", f"P({_names(job, others)})", "contrastive score")
        for values, label, colour in zip(scores[[1, 2, 0], 0].cpu(), named, _COLOURS, strict=False):
            axes.plot(counts, values, label=label, color=colour)
        axes.set_title(f"{node['method']} (n_δ = {int(salient(torch.from_numpy(saliency)[None]).sum()):,})", fontsize=9)
        axes.set_xlabel("deleted pixels", fontsize=8)
        axes.set_ylim(0, 1)
        axes.tick_params(labelsize=7)
    figure.axes[0].legend(fontsize=7, frameon=False)
    return _webp(figure)


def _bars(rows: list[Row]) -> bytes:
    figure = _figure(9, 0.35 * len(rows) + 1.2)
    labels = [f"{row['method']} ({row['base']})" if row["base"] else row["method"] for row in rows]
    for place, (name, heading) in enumerate(_HEADINGS.items(), 1):
        axes = figure.add_subplot(1, 3, place)
        axes.barh(labels, [row[name] for row in rows], color=_COLOURS[place - 1], height=0.6)
        axes.invert_yaxis()
        axes.set_title(heading, fontsize=10)
        axes.locator_params(axis="x", nbins=4)
        axes.ticklabel_format(axis="x", style="sci", scilimits=(-2, 5))
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        if place > 1:
            axes.set_yticklabels([])
    return _webp(figure)


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _webp(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="webp", dpi=110)
    return buffer.getvalue()
