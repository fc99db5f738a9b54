"""Read an export folder: `dataset_description.json` and, beside it or in `data/`, `study-<slug>_table-<name>_data.csv`.

Missing cells are empty, booleans `true`/`false`, times ISO 8601 UTC. Free text that begins with = + - @ or an
apostrophe was written behind one apostrophe, so that no spreadsheet runs it; that apostrophe is taken off here.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading.files import LARGEST, numbers, read_csv, read_json, require, require_unique, sha256
from analysis.reading.study import Study

TABLES = ("participants", "trials", "steps", "events", "codes", "answers")
REQUIRED = {
    "participants": ["participant", "condition", "status"],
    "trials": ["participant", "trial_index"],
    "steps": ["participant", "step_index"],
    "events": ["participant", "name"],
    "codes": ["participant", "trial_index", "coder", "code", "kind"],
    "answers": ["participant", "questionnaire", "step_index", "item", "type", "scale", "reverse", "value", "score"],
}
KEYS = {"participants": ["participant"], "trials": ["participant", "trial_index"],
        "steps": ["participant", "step_index"]}  # fmt: skip
TIMES = ("started_at", "finished_at", "shown_at", "submitted_at")
TEXTS = (
    "participant",
    "condition",
    "stimulus",
    "code",
    "coder",
    "stage",
    "study_version",
    "data",
    "questionnaire",
    "item",
    "scale",
    "value",
    "label",
)
GUARDED = tuple("=+-@＝＋－＠\t\r\n'")


def read_export(folder: Path) -> Study:
    """Return the study in an export folder; raises `AnalysisError` naming the file and column that is wrong."""
    folder = Path(folder)
    if not folder.is_dir():
        raise AnalysisError(f"{folder}: no such folder; expected an export folder with dataset_description.json")
    description = read_json(folder / "dataset_description.json", "expected it beside the tables of an export")
    paths = {name: path for name in TABLES if (path := find_table(folder, name)) is not None}
    for name in ("participants", "trials"):
        if name not in paths:
            raise AnalysisError(f"{folder}: found no study-<slug>_table-{name}_data.csv, there or in data/")
    factors, within = _factors(description, folder, "factors"), _factors(description, folder, "within")
    texts = _texts(description, folder)
    tables = {name: _read_table(path, name, factors, texts) for name, path in paths.items()}
    require(tables["trials"], [*within], paths["trials"])
    for name in within:
        tables["trials"][name] = _levels(tables["trials"][name], name, name, within, paths["trials"])
    if tables["participants"].empty:
        raise AnalysisError(f"{paths['participants']}: holds no participant; nothing can be analysed yet")
    for name, table in tables.items():
        _require_known(table["participant"], tables["participants"]["participant"], paths[name])
    metrics = folder / "metrics.csv"
    plan = folder / "analysis_plan.json"
    read = [folder / "dataset_description.json", *paths.values(), *(p for p in (metrics, plan) if p.exists())]
    return Study(
        name=str(description.get("name", folder.name)),
        kind=str(description.get("kind", "")),
        version=str(description.get("study_version", "")),
        factors=factors,
        within=within,
        titles=_titles(description, folder),
        parameters=description.get("parameters", {}),
        variables=description.get("variableMeasured", []),
        files={path.name: sha256(path) for path in read},
        plan=read_json(plan) if plan.exists() else None,
        metrics=read_metrics(metrics) if metrics.exists() else None,
        **tables,
    )


def find_table(folder: Path, name: str) -> Path | None:
    """Return the path of one table, None where it was not exported; two of them are one study too many."""
    pattern = f"study-*_table-{name}_data.csv"
    paths = sorted([*folder.glob(pattern), *folder.glob(f"data/{pattern}")])
    if len(paths) > 1:
        raise AnalysisError(f"{folder}: holds {len(paths)} {name} tables, expected the export of one study")
    return paths[0] if paths else None


def read_metrics(path: Path) -> pd.DataFrame:
    """Return a bundle's `metrics.csv` (image_id, method, metric, value), with `class_name` by the manifest beside."""
    table = read_csv(path)
    require(table, ["image_id", "method", "metric", "value"], path)
    table = table.assign(value=numbers(table["value"], path))
    manifest = path.parent / "manifest.json"
    if "target" in table and manifest.is_file():
        classes = read_json(manifest).get("model", {}).get("classes", [])
        table["class_name"] = table["target"].map({str(i): name for i, name in enumerate(classes)})
    return table


def with_metrics(study: Study, path: Path) -> Study:
    """Return the study with a bundle's metrics, the file's hash among its files."""
    return replace(study, metrics=read_metrics(path), files={**study.files, path.name: sha256(path)})


def unguard(text: pd.Series) -> pd.Series:
    """Return free text without the apostrophe that guards what a spreadsheet would run, or another apostrophe."""
    guarded = text.str.startswith("'", na=False) & text.str[1:2].isin(GUARDED)
    return text.where(~guarded, text.str[1:])


def _require_known(named: pd.Series, participants: pd.Series, path: Path) -> None:
    """Refuse rows of nobody, or of somebody whom the participants table does not know."""
    strange = ~named.isin(participants.dropna())
    if strange.any():
        row = int(strange.to_numpy().argmax())
        problem = "is empty" if pd.isna(named.iloc[row]) else f"found {named.iloc[row]}"
        raise AnalysisError(
            f"{path}, column participant, row {row + 2}: {problem}, expected one of the participants table"
        )


def _factors(description: dict[str, Any], folder: Path, key: str) -> dict[str, list[str]]:
    factors = description.get(key, {})
    if not isinstance(factors, dict) or not all(isinstance(levels, list) for levels in factors.values()):
        raise AnalysisError(f"{folder / 'dataset_description.json'}, {key}: expected an object of name: [levels]")
    return {name: [str(level) for level in levels] for name, levels in factors.items()}


def _titles(description: dict[str, Any], folder: Path) -> dict[str, str]:
    titles = description.get("titles", {})
    if not isinstance(titles, dict) or not all(isinstance(title, str) for title in titles.values()):
        raise AnalysisError(f"{folder / 'dataset_description.json'}, titles: expected an object of name: title")
    return titles


def _texts(description: dict[str, Any], folder: Path) -> set[str]:
    """Return the columns that hold text, whatever it looks like: those of every export, and what this one declares."""
    declared = description.get("variableMeasured", [])
    if not isinstance(declared, list) or not all(isinstance(entry, dict) for entry in declared):
        raise AnalysisError(f"{folder / 'dataset_description.json'}, variableMeasured: expected a list of objects")
    return {*TEXTS, *(str(entry.get("name")) for entry in declared if entry.get("valueType") == "text")}


def _read_table(path: Path, name: str, factors: dict[str, list[str]], texts: set[str]) -> pd.DataFrame:
    table = read_csv(path)
    required = REQUIRED[name] + (
        [f"factor_{factor}" for factor in factors] if name in ("participants", "trials") else []
    )
    require(table, required, path)
    if name in KEYS:
        require_unique(table, KEYS[name], path)
    for column in table.columns:
        if column.startswith("factor_"):
            factor = column.removeprefix("factor_")
            table[column] = _levels(table[column], column, factor, factors, path)
        else:
            table[column] = unguard(table[column]) if column in texts else _typed(table[column])
    return table.rename(columns={f"factor_{factor}": factor for factor in factors})


def _levels(column: pd.Series, name: str, factor: str, factors: dict[str, list[str]], path: Path) -> pd.Series:
    levels = factors.get(factor, sorted(column.dropna().unique()))
    unknown = sorted(set(column.dropna()) - set(levels))
    if unknown:
        raise AnalysisError(
            f"{path}, column {name}: found the level {', '.join(unknown)}, expected one of {', '.join(levels)}"
        )
    return pd.Series(pd.Categorical(column, levels), index=column.index)


def _typed(column: pd.Series) -> pd.Series:
    """Return a column as booleans, times or numbers where all its cells are such, else as unguarded text."""
    filled = column.dropna()
    if filled.empty:
        return column
    if filled.isin(["true", "false"]).all():
        return column.map({"true": True, "false": False}).astype("boolean")
    if column.name in TIMES:
        return pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    numeric = pd.to_numeric(filled, errors="coerce")
    return pd.to_numeric(column) if (numeric.abs() <= LARGEST).all() else unguard(column)
