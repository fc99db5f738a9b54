"""A CSV from elsewhere, with its map (`layout`): a row per participant, per trial or per answer, long or wide.

Several rows of a participant are averaged before anything is tested. Blanks around cells are taken off, with a remark;
semicolons or tabs between cells, UTF-16, the `spellings` of numbers, and Qualtrics' two rows under the header are read.
"""

from collections import Counter
from pathlib import Path

import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading.files import numbers, require, sha256, shares
from analysis.reading.foreign.delimited import LINE, read_table
from analysis.reading.foreign.layout import ROW, Layout, Outcome, read_map
from analysis.reading.foreign.reshaping import described_rows, filtered, stacked
from analysis.reading.foreign.spellings import as_numbers
from analysis.reading.study import Study

YES = ("1", "1.0", "true", "t", "yes", "y", "ja", "j", "oui", "sí", "si", "sì", "sim", "tak", "ano", "igen", "kyllä",
       "да", "evet", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "sant", "sand", "tosi",
       "истина")  # fmt: skip
NO = ("0", "0.0", "false", "f", "no", "n", "nein", "non", "não", "nao", "nej", "nei", "nee", "nie", "ne", "nem", "ei",
      "нет", "hayır", "falsch", "faux", "falso", "onwaar", "falskt", "falsk", "usann", "epätosi", "ложь")  # fmt: skip
TRUTH = dict.fromkeys(YES, 1.0) | dict.fromkeys(NO, 0.0)
NOTHING_WORDS = ("na", "n/a", "nan", "null", "#n/a", "missing", "-", ".", "?")


def read_foreign(csv: Path, map_file: Path) -> Study:
    """Return the CSV as a study of kind `generic`; its rows are the study's trials, its outcomes a parameter."""
    layout = read_map(map_file)
    table, remarks = read_table(csv)
    remarks += _copies(table)
    described = described_rows(table)
    if described:
        table = table[described:].reset_index(drop=True)
        remarks.append(f"{described} rows under the header describe the columns and were left out.")
    if layout.wide:
        table = stacked(table, layout, str(map_file))
    if layout.participant == ROW:
        table = table.assign(**{ROW: "row " + table[LINE].astype(str)})
    require(table, layout.columns, csv)
    if table.empty:
        raise AnalysisError(f"{csv}: holds no row; nothing can be analysed")
    table, blanks = _tidied(table, layout)
    kept = filtered(table, layout, str(csv))
    table = kept.table
    remarks += blanks + kept.remarks + _odd_levels(table, [*layout.between, *layout.within])
    trials, spelt = _trials(table, layout, csv)
    remarks += spelt
    return Study(
        name=layout.title or csv.stem,
        kind="generic",
        version="",
        factors={factor: trials[factor].cat.categories.tolist() for factor in layout.between},
        participants=_participants(trials, list(layout.between), csv),
        trials=trials,
        files={csv.name: sha256(csv), map_file.name: sha256(map_file)},
        parameters={"outcomes": list(layout.outcomes), "within": list(layout.within), "stimulus": layout.stimulus},
        remarks=remarks,
        recorded=False,
        titles={level: level for name in [*layout.between, *layout.within] for level in trials[name].cat.categories},
        left_out=kept.people,
        rows_left_out=kept.rows,
    )


def _tidied(table: pd.DataFrame, layout: Layout) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns that the map names without blanks around their cells, and without what means missing."""
    remarks, columns = [], {}
    for name in layout.columns:
        cells = table[name].str.strip()
        blanks = int((cells != table[name]).sum() - table[name].isna().sum())
        if blanks:
            remarks.append(f"Column {name}: blanks around {blanks} cells were taken off.")
        columns[name] = cells.mask(cells.isin(["", *layout.missing]))
    return table.assign(**columns), remarks


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
    copies = int(table.drop(columns=LINE).duplicated().sum())
    return [f"{copies} of {len(table)} rows are exact copies of an earlier row; they were kept."] if copies else []


def _trials(table: pd.DataFrame, layout: Layout, csv: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return participant, factors as categories in the order of appearance, and every outcome by its name.

    With them remarks on numbers that were not written as such.
    """
    remarks: list[str] = []
    people = table[layout.participant]
    if people.isna().any():
        row = table[LINE].iloc[int(people.isna().to_numpy().argmax())]
        raise AnalysisError(f"{csv}, column {people.name}, row {row}: is empty, expected a participant")
    trials = pd.DataFrame({"participant": people})
    for factor in [*layout.between, *layout.within]:
        trials[factor] = pd.Categorical(table[factor], pd.unique(table[factor].dropna()))
    if layout.stimulus:
        trials[layout.stimulus] = table[layout.stimulus]
    for outcome in layout.outcomes:
        trials[outcome.name], remark = _values(_asked(table, outcome), outcome, csv, table[LINE])
        remarks += [remark] if remark else []
        if outcome.kind == "cluster":
            trials[f"{outcome.name}:truth"] = table[outcome.truth]
            _check_groups(trials, outcome, list(layout.within), csv)
    return trials, remarks


def _asked(table: pd.DataFrame, outcome: Outcome) -> pd.Series:
    """Return an outcome's column, missing in rows that hold another question; right or not where `correct` is named."""
    column = table[outcome.column]
    for name, value in outcome.where.items():
        column = column.where(table[name] == value)
    if outcome.where and column.isna().all():
        rows = ", ".join(f"{name} = {value}" for name, value in outcome.where.items())
        raise AnalysisError(f"outcome {outcome.name}, where: no row has {rows} and an answer in {outcome.column}")
    if not outcome.correct:
        return column
    known = column.notna() & table[outcome.correct].notna()
    same = column.str.casefold() == table[outcome.correct].str.casefold()
    return same.map({True: "1", False: "0"}).where(known).rename(outcome.column)


def _check_groups(trials: pd.DataFrame, outcome: Outcome, within: list[str], csv: Path) -> None:
    used = trials.groupby(["participant", *within], observed=True)[outcome.name].nunique()
    if outcome.groups is not None and used.max() > outcome.groups:
        where = f"{csv}, column {outcome.column}"
        raise AnalysisError(f"{where}: found {used.max()} groups in one sorting, expected at most {outcome.groups}")


def _values(column: pd.Series, outcome: Outcome, csv: Path, lines: pd.Series) -> tuple[pd.Series, str]:
    """Return an outcome's values, with a remark where its cells were no plain numbers."""
    if outcome.kind == "cluster":
        return column, ""
    if outcome.levels:
        first = 0 if outcome.kind == "binary" else 1
        points = {level: float(point) for point, level in enumerate(outcome.levels, start=first)}
        strange = column[column.notna() & ~column.isin(points)]
        if len(strange):
            where = f"{csv}, column {column.name}, row {lines[strange.index[0]]}"
            raise AnalysisError(f"{where}: found {strange.iloc[0]!r}, expected one of {', '.join(points)}")
        return column.map(points), ""
    column, remark = as_numbers(column, outcome.kind, f"{csv}, column {column.name}")
    if outcome.kind != "binary":
        return (shares(column, csv, lines) if outcome.kind == "fraction" else numbers(column, csv, lines)), remark
    values = column.str.lower().map(TRUTH)
    wrong = values.isna() & column.notna()
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        value = column.iloc[row]
        where = f"{csv}, column {column.name}, row {lines.iloc[row]}"
        raise AnalysisError(f"{where}: found {value!r}, expected 0, 1, true, false, yes or no (other words: name "
                            "them as levels, the no and the yes)")  # fmt: skip
    return values.astype(float), remark


def _participants(trials: pd.DataFrame, between: list[str], csv: Path) -> pd.DataFrame:
    for factor in between:
        levels = trials.groupby("participant")[factor].nunique()
        if (levels > 1).any():
            raise AnalysisError(
                f"{csv}, column {factor}: participant {levels.idxmax()} has {levels.max()} levels of a "
                "between-subjects factor; name it under within instead"
            )
    return trials[["participant", *between]].drop_duplicates("participant").reset_index(drop=True)
