"""Write the report folder. Only layout: every number comes from a record, every picture from a figure.

The folder is written beside its place and moved there when it is complete, so that no half report is left behind.
"""

import base64
import importlib.metadata
import json
import platform
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import jinja2

from analysis import __version__
from analysis.errors import AnalysisError
from analysis.papers.reading import Paper
from analysis.planning.preregistration import preregistration
from analysis.plots import style
from analysis.reading.plans import SOURCES, SUPPORTING
from analysis.report import as_paper
from analysis.report.content import Report, type_of
from analysis.report.methods import design, methods_text
from analysis.report.verdicts import verdicts
from analysis.results import apa, markdown, tables
from analysis.results.latex import latex
from analysis.results.records import TYPES, Record, fault, in_words, rows_as_json
from analysis.results.section import Progress, Section
from analysis.statistics.cells import cell_label

PACKAGES = ("pandas", "numpy", "scipy", "statsmodels", "matplotlib", "scikit-learn")
TEMPLATES = Path(__file__).parent / "templates"
ASSUMED = ("normality", "levene")
ANOVAS = ("anova", "anova_within", "deviance")
RANKS = {"kruskal", "dunn"}
BESIDE = {"anova_hc3", "anova_within", "logistic", "gee", "logistic_crossed", "mixed", "mixed_crossed", "ordinal",
          "ordinal_mixed", "bayes", "aligned", "permutation"}  # fmt: skip
HEADS = {
    "primary": ("Primary analyses", "Planned: these test the hypotheses."),
    "secondary": ("Secondary analyses", "Planned, beside the hypotheses."),
    "exploratory": ("Exploratory analyses", "Not planned: they suggest, and confirm nothing."),
}


def check_target(folder: Path) -> None:
    """Refuse to replace a folder that is not a report."""
    if folder.exists() and not folder.is_dir():
        raise AnalysisError(f"{folder}: is a file, expected a folder to write the report to")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "results.json").exists():
        raise AnalysisError(f"{folder}: is not empty and holds no report; name another folder")


def write(report: Report, folder: Path, progress: Progress = iter, paper: Paper | None = None) -> None:
    """Write the report folder, replacing an older report; `progress` wraps the iteration over the figures.

    With a `paper`, its page `paper.html` lies beside the report, which stays as it is.
    """
    check_target(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with apa.calling(report.sample.study.titles):
            _fill(report, work, progress, paper)
        work.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fill(report: Report, folder: Path, progress: Progress, paper: Paper | None) -> None:
    sections = report.sections
    with apa.calling(report.titles()):
        shown = _write_tables(sections, folder / "tables")
    laid_out = as_paper.lay_out(paper, report) if paper else None
    drawn = [*sections, *([laid_out.more] if laid_out else [])]
    pictures = _write_figures(drawn, folder / "figures", progress)
    _write_json(folder / "results.json", {**results(report), "figures": _described(drawn, pictures)})
    _write_json(folder / "versions.json", versions())
    _write_json(folder / "analysis_plan.json", report.plan.as_json())
    (folder / "methods.txt").write_text(methods_text(report), encoding="utf-8")
    (folder / "preregistration.md").write_text(_preregistered(report), encoding="utf-8")
    content = page(report, shown, pictures)
    _write_page(folder, "report", content)
    if laid_out:
        _write_page(folder, "paper", {**content, "laid_out": laid_out})
        (folder / "paper.csv").write_text(tables.csv(laid_out.numbers()), encoding="utf-8")


def _write_page(folder: Path, name: str, content: dict[str, Any]) -> None:
    page_html, page_md = (
        _environment(kind).get_template(f"{name}.{kind}.j2").render(content) for kind in ("html", "md")
    )
    (folder / f"{name}.html").write_text(page_html, encoding="utf-8")
    (folder / f"{name}.md").write_text(page_md, encoding="utf-8")


def _described(sections: list[Section], pictures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what `results.json` says of the figures."""
    figures = [figure for section in sections for figure in section.figures]
    return [{"id": figure.id, "title": figure.title, "alt": figure.alt,
             "caption": figure.caption, "values": rows_as_json(figure.values),
             **{key: pictures[figure.id][key] for key in ("file", "warnings")}} for figure in figures]  # fmt: skip


def _preregistered(report: Report) -> str:
    study = report.sample.study
    return preregistration(report.plan, study.name, design(report))


def results(report: Report) -> dict[str, Any]:
    """Return what `results.json` holds."""
    with apa.calling(report.sample.study.titles):
        return _results(report)


def _results(report: Report) -> dict[str, Any]:
    study, sample = report.sample.study, report.sample
    return {
        "schema_version": 1,
        "study": {"name": study.name, "kind": study.kind, "study_version": study.version, "factors": study.factors},
        "data": {"sha256": study.files},
        "sample": {
            "n": len(study.participants),
            "simulated": sample.simulated,
            "flow": sample.flow.to_dict("records"),
            "flags": sample.flags["flag"].value_counts(sort=False).to_dict(),
            "rules": sample.rules(report.plan),
        },
        "plan": {"source": report.plan.source, "alpha": report.plan.alpha},
        "hypotheses": [
            {
                **stated,
                "verdict": verdict.verdict,
                "tested_by": verdict.analysis,
                "p": verdict.p,
                "p_adjusted": verdict.p_adjusted,
            }
            for stated, verdict in zip(report.plan.hypotheses, verdicts(report), strict=True)
        ],
        "design": design(report),
        "findings": [
            {"title": section.title, "answer": section.answer, "analyses": [record.id for record in section.records]}
            for section in report.sections
        ],
        "remarks": report.remarks,
        "warnings": [text for section in report.sections for text in section.warnings],
        "analyses": [record.as_json() for section in report.sections for record in section.records],
    }


def versions() -> dict[str, Any]:
    """Return the versions of everything that computed a number, Heatwise first."""
    packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"heatwise": __version__, "python": platform.python_version(), **packages}


def page(report: Report, shown: dict[str, Any], pictures: dict[str, Any]) -> dict[str, Any]:
    """Return what the templates lay out."""
    sample, study = report.sample, report.sample.study
    parts = []
    for kind in TYPES:
        chosen = [section for section in report.sections if type_of(section) == kind]
        if chosen:
            parts.append({"kind": kind, "title": HEADS[kind][0], "lead": HEADS[kind][1], "sections": chosen})
    hypotheses = [{"id": "H", **stated, "result": verdict.text}
                  for stated, verdict in zip(report.plan.hypotheses, verdicts(report), strict=True)]  # fmt: skip
    return {
        "report": report, "study": study, "sample": sample, "plan": report.plan, "parts": parts, "tables": shown,
        "pictures": pictures, "hypotheses": hypotheses, "plan_source": SOURCES[report.plan.source],
        "versions": versions(), "methods": methods_text(report), "anchor": anchor, "short": short,
        "supporting": SUPPORTING, "open_records": open_records, "folded_records": folded_records, "kinds": kinds,
        "cells": _cell_sizes(report), "design": design(report), "rules": sample.rules(report.plan),
    }  # fmt: skip


def folded_records(section: Section) -> list[Record]:
    """Return the records that stand folded under the section's answer: what was not planned and is not its own test."""
    tests = {kind_of(record.id) for record in section.records}
    beside = BESIDE | (RANKS if tests & set(ANOVAS) else set())
    return [
        record for record in section.records
        if kind_of(record.id) in ASSUMED or (record.type == "exploratory" and kind_of(record.id) in beside)
    ]  # fmt: skip


def open_records(section: Section) -> list[Record]:
    """Return the records that stand open, in the section's order."""
    folded = {record.id for record in folded_records(section)}
    return [record for record in section.records if record.id not in folded]


def kind_of(id: str) -> str:
    """Return an analysis' sort: the last part of its id that names one.

    >>> kind_of("y.tukey.heatmap"), kind_of("y.anova_hc3~2")
    ('tukey', 'anova_hc3')
    """
    parts = [part.partition("~")[0] for part in id.split(".")]
    return next((part for part in reversed(parts) if part in BESIDE | RANKS | {*ANOVAS, *ASSUMED}), parts[-1] if
                len(parts) < 3 else parts[1])  # fmt: skip


def kinds(records: list[Record]) -> str:
    """Return the records' titles without their measure."""
    titles = list(dict.fromkeys(short(record.title).removesuffix(" of the single answers") for record in records))
    return " · ".join(titles)


def anchor(text: str) -> str:
    """Return a link target for a heading."""
    return "".join(character if character.isalnum() else "-" for character in text.lower())


def short(title: str) -> str:
    """Return a record's title without its measure; one of an item of several in its section keeps the item's words.

    >>> short("Fraction correct: descriptives"), short("“How sure: all in all?”: descriptives")
    ('Descriptives', '“How sure: all in all?”: descriptives')
    """
    if title.startswith("“"):
        return title
    tail = title.split(": ", 1)[-1]
    return tail[0].upper() + tail[1:]


def _cell_sizes(report: Report) -> list[tuple[str, int]]:
    study = report.sample.study
    if not study.tested:
        return [("everybody", len(study.participants))]
    sizes = study.participants.groupby(study.tested, observed=True).size()
    return [(apa.words(cell_label(key)), int(n)) for key, n in sizes.items()]


def _write_tables(sections: list[Section], folder: Path) -> dict[str, Any]:
    """Write every record's table as CSV, Markdown and LaTeX; return per id its number and rounded cells."""
    folder.mkdir()
    shown = {}
    for number, record in enumerate((record for section in sections for record in section.records), start=1):
        name = f"table-{number:02d}_{tables.file_name(record.id)}"
        readable = tables.readable(record.terms)
        in_markdown = markdown.table(readable)
        (folder / f"{name}.csv").write_text(tables.csv(record.terms), encoding="utf-8")
        (folder / f"{name}.md").write_text(in_markdown, encoding="utf-8")
        (folder / f"{name}.tex").write_text(latex(readable, record.title, record.id), encoding="utf-8")
        shown[record.id] = {"number": number, "file": f"tables/{name}.csv", "headings": readable.headings,
                            "rows": readable.rows, "markdown": in_markdown}  # fmt: skip
    return shown


def _write_figures(sections: list[Section], folder: Path, progress: Progress) -> dict[str, Any]:
    """Draw every figure as SVG and PNG; return per id its number, the SVG as a data address, and drawing's warnings."""
    folder.mkdir()
    pictures = {}
    figures = [(section, figure) for section in sections for figure in section.figures]
    for number, (section, figure) in enumerate(progress(figures), start=1):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                drawn = style.draw(figure.draw)
                svg, _ = style.save(drawn, folder, f"fig-{number:02d}_{tables.file_name(figure.id)}")
            except Exception as error:
                section.figures.remove(figure)
                section.warnings.append(f"The figure “{figure.title}” could not be drawn. {fault(error)}")
                continue
        address = "data:image/svg+xml;base64," + base64.b64encode(svg.read_bytes()).decode()
        pictures[figure.id] = {"number": number, "file": f"figures/{svg.name}", "address": address,
                              "width": round(drawn.get_figwidth() * 102), "warnings": in_words(caught)}  # fmt: skip
    return pictures


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _environment(kind: str) -> jinja2.Environment:
    """Return what lays pages out; in those of Markdown whatever is filled in reads letter by letter."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=kind == "html",
        finalize=markdown.literal if kind == "md" else None, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    found.filters |= {"alternative": markdown.alternative, "cell": markdown.cell}
    return found
