"""Tables for reading: headings and rounded numbers, as HTML cells and Markdown. CSVs keep full precision."""

import re
from dataclasses import dataclass

import pandas as pd

from analysis.results import apa

LONGEST_NAME = 80
FORMULAS = ("=", "+", "-", "@", "'", "\t", "\r")

HEADINGS = {
    "term": "Term", "ss": "SS", "df": "df", "ms": "MS", "F": "F", "p": "p", "eta2p": "ηp²",
    "omega2p": "ωp²", "level": "Level", "n": "n",
    "mean": "M", "sd": "SD", "median": "Mdn", "q1": "Q1", "q3": "Q3", "min": "Min", "max": "Max",
    "a": "A", "b": "B", "mean_a": "M (A)", "mean_b": "M (B)",
    "diff": "A − B", "se": "SE", "t": "t", "p_adjusted": "p (adjusted)",
    "p_permutation": "p (permutation)", "df1": "df₁", "df2": "df₂", "epsilon2": "ε²",
    "mean_rank_a": "Mean rank (A)", "mean_rank_b": "Mean rank (B)", "odds_ratio": "Odds ratio", "reason": "Remark",
    "df_resid": "df (error)", "epsilon": "ε", "df_gg": "df (GG)", "df_resid_gg": "df (error, GG)",
    "p_uncorrected": "p (uncorrected)", "ges": "ηG²", "bf10": "BF₁₀", "bf01": "BF₀₁", "w": "w", "Q": "Q", "U": "U",
    "brier": "Brier score", "ece": "ECE", "n_a": "n (A)", "n_b": "n (B)",
    "share_a": "Share (A)", "share_b": "Share (B)",
    "estimate": "Estimate", "chi2": "χ²", "rho": "ρ", "W": "W", "H": "H", "z": "z", "V": "V",
    "alpha": "α", "omega": "ω", "item_rest": "r with the rest", "alpha_without": "α without",
    "from": "From", "to": "To", "effect": "Effect", "g": "g", "r": "r",
    "t_low": "t (lower)", "t_high": "t (upper)", "p_U": "p (U)", "kendall_w": "Kendall’s W", "cramers_v": "Cramér’s V",
    "ari": "ARI", "ami": "AMI", "v_measure": "V-measure", "rt_ms": "Response time (ms)",
}  # fmt: skip
INTERVALS = {"ci_low": "95% CI", "eta2p_ci_low": "90% CI", "w_low": "90% CI", "ece_low": "95% CI",
             "effect_low": "95% CI (effect)", "g_low": "95% CI (g)", "r_low": "95% CI (r)"}  # fmt: skip
THREE = ("W", "se", "ss", "ms", "estimate")
TWO = (
    "mean",
    "sd",
    "median",
    "q1",
    "q3",
    "min",
    "max",
    "ci_low",
    "ci_high",
    "diff",
    "mean_a",
    "mean_b",
    "t",
    "z",
    "share",
)


@dataclass(frozen=True)
class Readable:
    """A table as people read it: each column's heading and whether it holds numbers, and the rows as text."""

    headings: list[tuple[str, bool]]
    rows: list[list[str]]


def file_name(id: str) -> str:
    """Return an id as part of a file's name: what data call their levels may hold slashes, or be a page long."""
    return re.sub(r"[^\w.-]+", "-", id)[:LONGEST_NAME]


def csv(table: pd.DataFrame) -> str:
    """Return the table as CSV in full precision; text that a spreadsheet would run stands behind an apostrophe."""
    texts = {column: _guarded(table[column]) for column in table if not pd.api.types.is_numeric_dtype(table[column])}
    return str(table.assign(**texts).to_csv(index=False, lineterminator="\n"))


def _guarded(column: pd.Series) -> pd.Series:
    return column.map(lambda cell: f"'{cell}" if str(cell).startswith(FORMULAS) else cell)


def readable(table: pd.DataFrame) -> Readable:
    """Return the table as text, numbers rounded alike down a column, the two limits of an interval in one cell."""
    columns: list[tuple[str, bool, list[str]]] = []
    for column in table.columns:
        number = pd.api.types.is_numeric_dtype(table[column])
        if column in INTERVALS:
            high = column.replace("low", "high")
            limits = _texts(column, pd.concat([table[column], table[high]]))
            low_high = zip(limits[: len(table)], limits[len(table) :], strict=True)
            cells = [f"[{low}, {high}]" if low != apa.NOTHING else low for low, high in low_high]
            columns.append((INTERVALS[column], number, cells))
        elif column.replace("high", "low") not in INTERVALS:
            columns.append((HEADINGS.get(column, _heading(column)), number, _texts(column, table[column])))
    headings = [(heading, number) for heading, number, _ in columns]
    return Readable(headings, [list(row) for row in zip(*(cells for *_, cells in columns), strict=True)])


def _heading(column: str) -> str:
    """Return a column's name as words; a symbol of one letter stays as it is.

    >>> _heading("class_name"), _heading("n_completed")
    ('Class name', 'n completed')
    """
    said = apa.words(column)
    return said if len(said.partition(" ")[0]) == 1 else apa.opening(said)


def _texts(column: str, values: pd.Series) -> list[str]:
    """Return a column's values as text; counts without decimals, p values in APA style."""
    if not pd.api.types.is_numeric_dtype(values):
        named = column in ("term", "level", "condition", "class_name", "outcome", "a", "b")
        return [apa.NOTHING if pd.isna(value) else apa.words(value) if named else str(value) for value in values]
    if column == "p" or column.startswith("p_"):
        return [apa.NOTHING if pd.isna(p) else "< .001" if p < 0.001 else apa.bounded(p, 3) for p in values]
    known = values.dropna().astype(float)
    whole = (known % 1 == 0).all() and column not in (*TWO, *THREE)
    decimals = 0 if whole else 3 if column in THREE or (known.abs().max() < 1 and column not in TWO) else 2
    return [apa.number(value, decimals) for value in values]
