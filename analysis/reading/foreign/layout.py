"""`MAP.toml` of a CSV from elsewhere, read strictly: which columns are participant, factors and outcomes.

    participant = "UID"                  # "#row" where every row is a participant of its own
    between = ["Method"]                 # constant for a participant
    within = []                          # vary inside a participant
    [[outcomes]]
    column = "Correctness"
    name = "fraction_correct"            # begins the ids in results.json; default: the column's name
    kind = "binary"                      # fraction, ratio, ordinal, binary or cluster

Optional: `stimulus`, the column with what an answer was about; `missing = ["NA", "-"]`, cells that mean nothing was
answered; `wide`, how the names of repeated columns are built, as "{column}_{heatmap}" or
"app.{round}.player.{column}": the file is stacked into a row per repetition, and what stands between becomes a column
(so `within = ["heatmap"]`). Rows:

    [[keep]]                             # only rows with one of these values
    column = "task"
    values = ["trial"]
    [[exclude]]                          # values, or numbers `below` or `above`
    column = "Finished"
    values = ["False"]
    reason = "did not finish"
    everybody = true                     # with all rows of the participant

Optional for an outcome: `label`, `chance`; `levels`, the points of an ordinal outcome in words, lowest first, or the
no and the yes of a binary one; `correct`, for binary: the column with the right answer; `where = {task = "rate"}`, the
rows that hold this outcome, where a file has a row per question. An outcome of kind cluster has a
row per image: `column` is the group it was put in, `truth` the column with the model's class (default `model_class`),
`groups` how many there were.
"""

import string
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError
from analysis.reading.study import KINDS
from analysis.statistics.agreement import clusters

ROW = "#row"
SCORES = (*clusters.COLUMNS, "class_sizes", "group_sizes")
COLUMN = "column"
RESERVED = ("cells", "all", "Residuals", "residuals")


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
    correct: str = ""
    where: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """Rows that are kept, or left out with a reason: those with one of the values, or a number beyond a bound."""

    column: str
    values: tuple[str, ...] = ()
    below: float | None = None
    above: float | None = None
    reason: str = ""
    everybody: bool = False


@dataclass(frozen=True)
class Layout:
    """What a map says."""

    participant: str
    outcomes: tuple[Outcome, ...]
    between: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    stimulus: str = ""
    title: str = ""
    missing: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    keep: tuple[Rule, ...] = ()
    exclude: tuple[Rule, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Every column that the map names, without the participant's where every row is one."""
        own = [] if self.participant == ROW else [self.participant]
        rules = [rule.column for rule in (*self.keep, *self.exclude)]
        parts = [[outcome.column, *([outcome.correct] if outcome.correct else []), *outcome.where,
                  *([outcome.truth] if outcome.kind == "cluster" else [])] for outcome in self.outcomes]  # fmt: skip
        stimulus = [self.stimulus] if self.stimulus else []
        return list(
            dict.fromkeys([*own, *self.between, *self.within, *stimulus, *rules, *(c for p in parts for c in p)])
        )


def read_map(path: Path) -> Layout:
    """Return the map's content; every mistake names its field."""
    if not path.is_file():
        raise AnalysisError(f"{path}: no such file")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AnalysisError(f"{path}: is no TOML: {error}") from None
    _known(content, {entry.name for entry in fields(Layout)}, str(path))
    if not isinstance(content.get("participant"), str):
        raise AnalysisError(f"{path}, participant: expected the name of the participant column")
    for name in ("between", "within"):
        _texts(content, name, path, "a list of column names")
    _texts(content, "missing", path, "a list of texts")
    for name in ("stimulus", "title"):
        if not isinstance(content.get(name, ""), str):
            raise AnalysisError(f"{path}, {name}: found {content[name]!r}, expected text")
    if isinstance(content.get("wide"), str):
        content["wide"] = [content["wide"]]
    _texts(content, "wide", path, 'a text as "{column}_{heatmap}", or a list of such')
    for template in content["wide"]:
        _check_template(template, path)
    rules: dict[str, Any] = {name: tuple(_rule(entry, f"{path}, {name} {i}", name) for i, entry in
                         enumerate(_tables(content, name, path), start=1)) for name in ("keep", "exclude")}  # fmt: skip
    if not content.get("outcomes"):
        raise AnalysisError(f"{path}: names no outcome; expected at least one [[outcomes]] table")
    outcomes = tuple(_outcome(entry, f"{path}, outcomes {i}") for i, entry in
                     enumerate(_tables(content, "outcomes", path), start=1))  # fmt: skip
    _check_names(content, outcomes, path)
    lists: dict[str, Any] = {name: tuple(content[name]) for name in ("between", "within", "missing", "wide")}
    return Layout(participant=content["participant"], outcomes=outcomes, stimulus=content.get("stimulus", ""),
                  title=content.get("title", ""), **lists, **rules)  # fmt: skip


def holes(template: str) -> list[str]:
    """Return the names in braces of a wide template.

    >>> holes("app.{round}.player.{column}")
    ['round', 'column']
    """
    return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]


def _check_names(content: dict[str, Any], outcomes: tuple[Outcome, ...], path: Path) -> None:
    names = [outcome.name for outcome in outcomes]
    names += ["participant", *content["between"], *content["within"]]
    if len(set(names)) < len(names):
        raise AnalysisError(f"{path}: two outcomes or factors have the same name ({', '.join(names)})")
    for name in (*content["between"], *content["within"]):
        if ":" in name or name in RESERVED:
            raise AnalysisError(f"{path}: found the factor {name!r}, expected a name without “:” other than "
                                f"{', '.join(RESERVED)}, which results use themselves; rename the column")  # fmt: skip
    taken = sorted(set(names) & set(SCORES)) if any(outcome.kind == "cluster" for outcome in outcomes) else []
    if taken:
        raise AnalysisError(f"{path}: {', '.join(taken)} is what a sorting is scored by; give the column another name")


def _known(entry: dict[str, Any], expected: set[str], where: str) -> None:
    unknown = sorted(set(entry) - expected)
    if unknown:
        raise AnalysisError(
            f"{where}: unknown field {', '.join(unknown)}; expected some of {', '.join(sorted(expected))}"
        )


def _texts(content: dict[str, Any], name: str, path: Path, expected: str) -> None:
    texts = content.setdefault(name, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise AnalysisError(f"{path}, {name}: found {texts!r}, expected {expected}")


def _tables(content: dict[str, Any], name: str, path: Path) -> list[dict[str, Any]]:
    tables = content.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(entry, dict) for entry in tables):
        raise AnalysisError(f"{path}, {name}: found {tables!r}, expected [[{name}]] tables")
    return tables


def _check_template(template: str, path: Path) -> None:
    expected = 'a text as "{column}_{heatmap}": {column} once, and one name or more beside it'
    try:
        names = holes(template)
    except ValueError:
        names = []
    if names.count(COLUMN) != 1 or len(set(names)) < max(2, len(names)) or not all(names):
        raise AnalysisError(f"{path}, wide: found {template!r}, expected {expected}")


def _rule(entry: dict[str, Any], where: str, name: str) -> Rule:
    _known(
        entry, {"column", "values"} | ({"below", "above", "reason", "everybody"} if name == "exclude" else set()), where
    )
    texts = ("column", "reason") if name == "exclude" else ("column",)
    listed = entry.get("values", [])
    bounds = [entry[bound] for bound in ("below", "above") if bound in entry]
    wrong = (
        not all(isinstance(entry.get(text), str) for text in texts)
        or not isinstance(listed, list)
        or not (listed or bounds)
        or not all(isinstance(bound, int | float) and not isinstance(bound, bool) for bound in bounds)
        or not isinstance(entry.get("everybody", False), bool)
    )
    if wrong:
        expected = (
            "column, reason, and values (a list), below or above" if name == "exclude" else "column and values (a list)"
        )
        raise AnalysisError(f"{where}: found {entry!r}, expected {expected}")
    values = tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in listed)
    return Rule(**{**entry, "values": values})


def _outcome(entry: dict[str, Any], where: str) -> Outcome:
    _known(entry, set(Outcome.__dataclass_fields__), where)
    if not isinstance(entry.get("column"), str):
        raise AnalysisError(f"{where}, column: expected the name of a column")
    if entry.get("kind") not in KINDS:
        raise AnalysisError(f"{where}, kind: found {entry.get('kind')!r}, expected one of {', '.join(KINDS)}")
    for name in ("name", "label", "truth", "correct"):
        if not isinstance(entry.get(name, ""), str):
            raise AnalysisError(f"{where}, {name}: found {entry[name]!r}, expected text")
    chance, groups = entry.get("chance"), entry.get("groups")
    if chance is not None and not (isinstance(chance, int | float) and 0 <= chance <= 1):
        raise AnalysisError(f"{where}, chance: found {chance!r}, expected a number between 0 and 1")
    if groups is not None and not (isinstance(groups, int) and groups >= 2):
        raise AnalysisError(f"{where}, groups: found {groups!r}, expected a whole number from 2")
    if entry.get("correct") and entry["kind"] != "binary":
        raise AnalysisError(f"{where}, correct: found kind {entry['kind']!r}, expected binary: right or not")
    chosen = entry.get("where", {})
    if not isinstance(chosen, dict) or not all(isinstance(value, str) for value in chosen.values()):
        raise AnalysisError(
            f'{where}, where: found {chosen!r}, expected columns with their texts, as {{task = "rate"}}'
        )
    return Outcome(**{"name": entry["column"], **entry, "levels": _levels(entry, where)})


def _levels(entry: dict[str, Any], where: str) -> tuple[str, ...]:
    levels = entry.get("levels", [])
    if not isinstance(levels, list) or not all(isinstance(level, str) for level in levels):
        raise AnalysisError(f"{where}, levels: found {levels!r}, expected a list of texts, lowest first")
    enough = len(levels) == 2 if entry["kind"] == "binary" else len(levels) >= 2 and entry["kind"] == "ordinal"
    if levels and (not enough or len(set(levels)) < len(levels)):
        raise AnalysisError(f"{where}, levels: expected two or more different points of an ordinal outcome, or the "
                            "no and "
                            "the yes of a binary one")  # fmt: skip
    return tuple(levels)
