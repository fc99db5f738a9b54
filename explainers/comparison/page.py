"""One page of a comparison that needs nothing beside it: the table, and the maps of all models and methods by image."""

import base64
import html
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from explainers.bundles.bundle import read_bundle
from explainers.bundles.raw_maps import read_map
from explainers.config import Config
from explainers.maps.render import colour_table, coloured, peaks, shared_scale

Cell: TypeAlias = tuple[float, str, bool] | None
"""A mean, of how many maps it is, and whether it is the best of its column."""

Row: TypeAlias = Mapping[str, Any]
Columns: TypeAlias = list[dict[str, str]]
Lines: TypeAlias = list[tuple[str, str, list[Cell]]]
"""Of each row of the table the model, the method and its cells, one per column."""

THUMBNAIL_PX, COLOURS = 144, "Reds"
ARROWS = {"higher": "↑", "lower": "↓"}

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 32px; color: #1c1c1c; background: #f4f4f4; }
h1 { font-size: 26px; } h2 { font-size: 20px; margin-top: 40px; }
p { max-width: 65ch; }
.wide { overflow-x: auto; background: #fff; border: 1px solid #d5d5d5; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid #e4e4e4; }
th { font-weight: 600; text-align: left; }
thead th { position: sticky; top: 0; background: #fff; vertical-align: bottom; }
td.best { font-weight: 700; background: #e6f0e6; }
.maps td, .maps th { text-align: center; font-size: 14px; vertical-align: top; }
.maps th[scope=row] { text-align: left; white-space: normal; max-width: 14em; }
.maps img { display: block; width: 144px; height: auto; }
"""


def page(configs: dict[str, Config], bundles: dict[str, Path], table: tuple[Columns, Lines], shown: int) -> str:
    """Return the page as HTML. `table` is `comparison.table_of`'s; the first `shown` images stand on it."""
    read = {name: read_bundle(folder)[1] for name, folder in bundles.items()}
    methods = list(dict.fromkeys(method.id for config in configs.values() for method in config.methods))
    first = next(iter(configs.values()))
    title = f"Explanation methods compared on {first.images.name or first.images.folder.resolve().name}"
    parts = [
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{html.escape(title)}</title>",
        f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
        "<p>Means over all maps. The arrow says whether higher or lower is better; the best of a column is bold. "
        "<code>comparison.csv</code> has the numbers of maps, the bundles' <code>metrics.csv</code> each value.</p>",
        _metrics_table(*table),
        "<h2>The maps</h2><p>Of each image the first class that was explained, with its score. All maps of one method "
        "and model share one colour scale.</p>",
        _maps_table(bundles, read, methods, shown),
        "</body></html>",
    ]
    return "\n".join(parts)


def _metrics_table(columns: Columns, lines: Lines) -> str:
    arrows = {better: f"<abbr title='{better} is better'>{arrow}</abbr>" for better, arrow in ARROWS.items()}
    head = "".join(f"<th scope=col>{html.escape(c['metric'])} {arrows[c['better']]}</th>" for c in columns)
    body = ""
    for model, method, cells in lines:
        values = "".join(
            "<td>–</td>" if c is None else f"<td{' class=best' if c[2] else ''} title='{c[1]} maps'>{c[0]:g}</td>"
            for c in cells
        )
        names = f"<th scope=row>{html.escape(model)}</th><th scope=row>{html.escape(method)}</th>"
        body += f"<tr>{names}{values}</tr>"
    return (
        f"<div class=wide tabindex=0 role=region aria-label='Metrics'><table><thead><tr><th scope=col>model</th>"
        f"<th scope=col>method</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _maps_table(
    bundles: dict[str, Path], read: dict[str, dict[str, list[dict[str, Any]]]], methods: list[str], shown: int
) -> str:
    head = "<th scope=col>image</th><th scope=col>photograph</th>"
    for model in bundles:
        head += "".join(f"<th scope=col>{html.escape(model)}<br>{html.escape(method)}</th>" for method in methods)
    nodes = {name: _first_nodes(tables) for name, tables in read.items()}
    scales = {name: _scales(bundles[name], found) for name, found in nodes.items()}
    rows = ""
    for image in next(iter(read.values()))["images"][:shown]:
        source = image["source"]
        cells = ""
        for name, folder in bundles.items():
            for method in methods:
                there = nodes[name].get((source, method))
                cells += "<td>–</td>" if there is None else _cell(folder, *there, scales[name][method])
        photograph = _picture(Image.open(next(iter(bundles.values())) / image["file"]), f"Photograph {source}")
        rows += f"<tr><th scope=row>{html.escape(source)}</th><td>{photograph}</td>{cells}</tr>"
    return (
        f"<div class='wide maps' tabindex=0 role=region aria-label='Maps'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _first_nodes(tables: dict[str, list[dict[str, Any]]]) -> dict[tuple[str, str], tuple[Row, Row]]:
    """Return, by source and method, the first node of each image, and the image's row."""
    images = {image["image_id"]: image for image in tables["images"]}
    first: dict[tuple[str, str], tuple[Row, Row]] = {}
    for node in tables["nodes"]:
        image = images[node["image_id"]]
        first.setdefault((image["source"], node["method"]), (node, image))
    return first


def _scales(folder: Path, nodes: Mapping[tuple[str, str], tuple[Row, Row]]) -> dict[str, tuple[float, float]]:
    """Return each method's one scale (vmin, vmax), of the maps that are shown: how far they lie from no effect."""
    reached: dict[str, list[dict[str, float]]] = {}
    for node, _ in nodes.values():
        reached.setdefault(node["method"], []).append(peaks(_effect(folder, node)))
    return {method: shared_scale(found, COLOURS) for method, found in reached.items()}


def _effect(folder: Path, node: Row) -> np.ndarray:
    return read_map(folder, node) - float(node["reference"])


def _cell(folder: Path, node: Row, image: Row, scale: tuple[float, float]) -> str:
    photograph = Image.open(folder / image["file"]).convert("RGBA")
    overlay = coloured(_effect(folder, node), scale, colour_table(COLOURS), photograph.size)
    shown = _picture(Image.alpha_composite(photograph, overlay), f"Map of {node['label']} by {node['method']}")
    return f"<td>{shown}{html.escape(node['label'])} {float(node['score']):.2f}</td>"


def _picture(picture: Image.Image, alternative: str) -> str:
    """Return the picture in the page itself, as WebP."""
    height = round(THUMBNAIL_PX * picture.height / picture.width)
    buffer = io.BytesIO()
    picture.convert("RGB").resize((THUMBNAIL_PX, height), Image.Resampling.LANCZOS).save(buffer, "WEBP", quality=80)
    data = base64.b64encode(buffer.getvalue()).decode()
    size = f"width={THUMBNAIL_PX} height={height}"
    return f"<img src='data:image/webp;base64,{data}' alt='{html.escape(alternative, quote=True)}' {size}>"
