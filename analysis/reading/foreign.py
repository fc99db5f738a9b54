"""A CSV from elsewhere: `MAP.toml` says which column is the participant, which are factors and which are outcomes.

    participant = "UID"
    between = ["Method"]                 # constant for a participant
    within = []                          # vary inside a participant
    [[outcomes]]
    column = "Correctness"
    name = "fraction_correct"            # begins the ids in results.json; default: the column's name
    kind = "binary"                      # fraction, ratio, ordinal, binary or cluster

The CSV has a row per participant or per trial; several rows of a participant are averaged before anything is tested.
Optional: `missing = ["NA", "-"]`, cells that mean nothing was answered; and rows left out, each rule with its reason:

    [[exclude]]
    column = "Finished"
    values = ["False"]
    reason = "did not finish"

An ordinal outcome of words has its points in `levels`, lowest first. Blanks around cells are taken off, with a remark;
semicolons or tabs between cells and decimal commas are read. An outcome of kind cluster has a row per image: `column`
is the group it was put in, `truth` the column with the model's
class (default `model_class`), `groups` how many groups there were. Optional for all: `label`, `chance`.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading.files import numbers, read_csv, require, sha256, shares
from analysis.reading.study import KINDS, Study
from analysis.statistics.agreement import clusters

YES, NO = ("1", "1.0", "true", "t", "yes", "y"), ("0", "0.0", "false", "f", "no", "n")
TRUTH = dict.fromkeys(YES, 1.0) | dict.fromkeys(NO, 0.0)
NOTHING_WORDS = ("na", "n/a", "nan", "null", "#n/a", "missing", "-", ".", "?")
DECIMAL_COMMA = r"[+-]?\d+,\d+"
SCORES = (*clusters.COLUMNS, "class_sizes", "group_sizes")
KEYS = {"participant", "between", "within", "outcomes", "title", "missing", "exclude"}


@dataclass(frozen=True)
class Outcome:
    """One outcome of the map."""

    column: str
    name: str
    kind: str
    label: str = ""
    chance: float | None = None
    truth: str = "model_class"
    groups: int | None = None
    levels: tuple[str, ...] = ()


def read_foreign(csv: Path, map_file: Path) -> Study:
    """Return the CSV as a study of kind `generic`; its rows are the study's trials, its outcomes a parameter."""
    layout = read_map(map_file)
    table, remarks = tidied(read_csv(csv, any_separator=True), layout)
    outcomes = layout["outcomes"]
    truths = [outcome.truth for outcome in outcomes if outcome.kind == "cluster"]
    columns = [layout["participant"], *layout["between"], *layout["within"], *(o.column for o in outcomes), *truths]
    require(table, columns, csv)
    if table.empty:
        raise AnalysisError(f"{csv}: holds no row; nothing can be analysed")
    remarks = _copies(table) + remarks
    table, left_out = _kept(table, layout["exclude"], csv)
    remarks += left_out + _odd_levels(table, [*layout["between"], *layout["within"]])
    trials = _trials(table, layout, csv)
    return Study(
        name=layout["title"] or csv.stem,
        kind="generic",
        version="",
        factors={factor: trials[factor].cat.categories.tolist() for factor in layout["between"]},
        participants=_participants(trials, layout["between"], csv),
        trials=trials,
        files={csv.name: sha256(csv), map_file.name: sha256(map_file)},
        parameters={"outcomes": outcomes, "within": layout["within"]},
        remarks=remarks,
        recorded=False,
    )


def tidied(table: pd.DataFrame, layout: dict[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns that the map names without blanks around their cells, and without what means missing."""
    named = [layout["participant"], *layout["between"], *layout["within"], *(o.column for o in layout["outcomes"])]
    named += [rule["column"] for rule in layout["exclude"]]
    remarks, columns = [], {}
    for name in dict.fromkeys(name for name in named if name in table):
        cells = table[name].str.strip()
        blanks = int((cells != table[name]).sum() - table[name].isna().sum())
        if blanks:
            remarks.append(f"Column {name}: blanks around {blanks} cells were taken off.")
        columns[name] = cells.mask(cells.isin(["", *layout["missing"]]))
    return table.assign(**columns), remarks


def _kept(table: pd.DataFrame, rules: list[dict[str, Any]], csv: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that no rule leaves out, and how many each of them did."""
    remarks = []
    for rule in rules:
        require(table, [rule["column"]], csv)
        hit = table[rule["column"]].isin(rule["values"])
        remarks.append(f"{int(hit.sum())} rows were left out by the map: {rule['reason']}.")
        table = table[~hit].reset_index(drop=True)
    if table.empty and rules:
        raise AnalysisError(f"{csv}: the map's rules leave out every row")
    return table, remarks


def _odd_levels(table: pd.DataFrame, factors: list[str]) -> list[str]:
    """Return remarks on levels that may be no levels: words for nothing, and names that differ in case alone."""
    remarks = []
    for factor in factors:
        levels = [str(level) for level in table[factor].dropna().unique()]
        for level in levels:
            if level.lower() in NOTHING_WORDS:
                n = int((table[factor] == level).sum())
                hint = f'if it means that nothing is known, write missing = ["{level}"] into the map'
                remarks.append(f"Column {factor}: “{level}” ({n} rows) was taken for a level; {hint}.")
        spelt = Counter(level.lower() for level in levels)
        alike = sorted(level for level in levels if spelt[level.lower()] > 1)
        if alike:
            remarks.append(f"Column {factor}: the levels {', '.join(alike)} differ in upper and lower case alone.")
    return remarks


def _copies(table: pd.DataFrame) -> list[str]:
    """Return the remark that rows are copies of others, in every column; they may be mistakes, and are kept."""
    copies = int(table.duplicated().sum())
    return [f"{copies} of {len(table)} rows are exact copies of an earlier row; they were kept."] if copies else []


def read_map(path: Path) -> dict[str, Any]:
    """Return the map's content with `outcomes` as `Outcome`s; every mistake names its field."""
    if not path.is_file():
        raise AnalysisError(f"{path}: no such file")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AnalysisError(f"{path}: is no TOML: {error}") from None
    unknown = sorted(set(content) - KEYS)
    if unknown:
        raise AnalysisError(f"{path}: unknown field {', '.join(unknown)}; expected some of {', '.join(sorted(KEYS))}")
    if not isinstance(content.get("participant"), str):
        raise AnalysisError(f"{path}, participant: expected the name of the participant column")
    for field in ("between", "within"):
        names = content.setdefault(field, [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise AnalysisError(f"{path}, {field}: found {names!r}, expected a list of column names")
    missing = content.setdefault("missing", [])
    if not isinstance(missing, list) or not all(isinstance(word, str) for word in missing):
        raise AnalysisError(f"{path}, missing: found {missing!r}, expected a list of texts")
    for number, rule in enumerate(content.setdefault("exclude", []), start=1):
        texts = isinstance(rule, dict) and all(isinstance(rule.get(name), str) for name in ("column", "reason"))
        if not texts or set(rule) != {"column", "values", "reason"} or not isinstance(rule["values"], list):
            raise AnalysisError(f"{path}, exclude {number}: found {rule!r}, expected column, values (a list), reason")
    if not content.get("outcomes"):
        raise AnalysisError(f"{path}: names no outcome; expected at least one [[outcomes]] table")
    outcomes = [_outcome(entry, i, path) for i, entry in enumerate(content["outcomes"], start=1)]
    names = [outcome.name for outcome in outcomes]
    names += ["participant", *content["between"], *content["within"]]
    if len(set(names)) < len(names):
        raise AnalysisError(f"{path}: two outcomes or factors have the same name ({', '.join(names)})")
    taken = sorted(set(names) & set(SCORES)) if any(outcome.kind == "cluster" for outcome in outcomes) else []
    if taken:
        raise AnalysisError(f"{path}: {', '.join(taken)} is what a sorting is scored by; give the column another name")
    return {**content, "outcomes": outcomes, "title": str(content.get("title", ""))}


def _outcome(entry: dict[str, Any], number: int, path: Path) -> Outcome:
    where = f"{path}, outcomes {number}"
    unknown = sorted(set(entry) - set(Outcome.__dataclass_fields__))
    if unknown:
        expected = ", ".join(Outcome.__dataclass_fields__)
        raise AnalysisError(f"{where}: unknown field {', '.join(unknown)}; expected some of {expected}")
    if not isinstance(entry.get("column"), str):
        raise AnalysisError(f"{where}, column: expected the name of a column")
    if entry.get("kind") not in KINDS:
        raise AnalysisError(f"{where}, kind: found {entry.get('kind')!r}, expected one of {', '.join(KINDS)}")
    for field in ("name", "label", "truth"):
        if not isinstance(entry.get(field, ""), str):
            raise AnalysisError(f"{where}, {field}: found {entry[field]!r}, expected text")
    chance, groups = entry.get("chance"), entry.get("groups")
    if chance is not None and not (isinstance(chance, int | float) and 0 <= chance <= 1):
        raise AnalysisError(f"{where}, chance: found {chance!r}, expected a number between 0 and 1")
    if groups is not None and not (isinstance(groups, int) and groups >= 2):
        raise AnalysisError(f"{where}, groups: found {groups!r}, expected a whole number from 2")
    levels = entry.get("levels", [])
    if not isinstance(levels, list) or not all(isinstance(level, str) for level in levels):
        raise AnalysisError(f"{where}, levels: found {levels!r}, expected a list of texts, lowest first")
    if levels and (entry["kind"] != "ordinal" or len(set(levels)) < max(2, len(levels))):
        raise AnalysisError(f"{where}, levels: expected two or more different points of an ordinal outcome")
    return Outcome(**{"name": entry["column"], **entry, "levels": tuple(levels)})


def _trials(table: pd.DataFrame, layout: dict[str, Any], csv: Path) -> pd.DataFrame:
    """Return participant, factors as categories in the order of appearance, and every outcome by its name."""
    people = table[layout["participant"]]
    if people.isna().any():
        row = int(people.isna().to_numpy().argmax()) + 2
        raise AnalysisError(f"{csv}, column {people.name}, row {row}: is empty, expected a participant")
    trials = pd.DataFrame({"participant": people})
    for factor in [*layout["between"], *layout["within"]]:
        trials[factor] = pd.Categorical(table[factor], pd.unique(table[factor].dropna()))
    for outcome in layout["outcomes"]:
        trials[outcome.name] = _values(table[outcome.column], outcome, csv)
        if outcome.kind == "cluster":
            trials[f"{outcome.name}:truth"] = table[outcome.truth]
            _check_groups(trials, outcome, [*layout["within"]], csv)
    return trials


def _check_groups(trials: pd.DataFrame, outcome: Outcome, within: list[str], csv: Path) -> None:
    used = trials.groupby(["participant", *within], observed=True)[outcome.name].nunique()
    if outcome.groups is not None and used.max() > outcome.groups:
        where = f"{csv}, column {outcome.column}"
        raise AnalysisError(f"{where}: found {used.max()} groups in one sorting, expected at most {outcome.groups}")


def _values(column: pd.Series, outcome: Outcome, csv: Path) -> pd.Series:
    if outcome.kind == "cluster":
        return column
    if outcome.levels:
        points = {level: float(point) for point, level in enumerate(outcome.levels, start=1)}
        strange = column[column.notna() & ~column.isin(points)]
        if len(strange):
            where = f"{csv}, column {column.name}, row {strange.index[0] + 2}"
            raise AnalysisError(f"{where}: found {strange.iloc[0]!r}, expected one of {', '.join(points)}")
        return column.map(points)
    given = column.dropna()
    if given.str.fullmatch(DECIMAL_COMMA).any() and not given.str.contains(".", regex=False).any():
        column = column.str.replace(",", ".", regex=False)
    if outcome.kind != "binary":
        return shares(column, csv) if outcome.kind == "fraction" else numbers(column, csv)
    values = column.str.lower().map(TRUTH)
    wrong = values.isna() & column.notna()
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        found = column.iloc[row]
        where = f"{csv}, column {column.name}, row {row + 2}"
        raise AnalysisError(f"{where}: found {found!r}, expected 0, 1, true, false, yes or no")
    return values.astype(float)


def _participants(trials: pd.DataFrame, between: list[str], csv: Path) -> pd.DataFrame:
    for factor in between:
        levels = trials.groupby("participant")[factor].nunique()
        if (levels > 1).any():
            raise AnalysisError(
                f"{csv}, column {factor}: participant {levels.idxmax()} has {levels.max()} levels of a "
                "between-subjects factor; name it under within instead"
            )
    return trials[["participant", *between]].drop_duplicates("participant").reset_index(drop=True)
