"""Factorial ANOVA, classical or White-corrected: R's `car::Anova(lm(y ~ a * b), type = 3)` under sum contrasts."""

import math

import pandas as pd
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from analysis.statistics.cells import check_cells, complete, varying
from analysis.statistics.effects import eta2p, eta2p_interval, omega2p

COLUMNS = ("term", "ss", "df", "ms", "F", "p", "eta2p", "eta2p_ci_low", "eta2p_ci_high", "omega2p")


def anova(
    data: pd.DataFrame, outcome: str, factors: list[str], ss_type: int = 3, covariance: str = "classical"
) -> pd.DataFrame:
    """Return one row per term of the full factorial model, the residuals last; `COLUMNS` plus a reason for blanks.

    Sum contrasts always: with type 3, treatment contrasts test something else. `covariance="hc3"` gives
    White-corrected Wald F values (`car::Anova(white.adjust = "hc3")`); these have no sums of squares, and their effect
    sizes are those of the classical table. Type 1 is refused: it depends on the order of the factors, and statsmodels
    ignores `robust` for it.

    >>> data = pd.DataFrame({"heatmap": ["no", "no", "yes", "yes"] * 2, "scores": ["no"] * 4 + ["yes"] * 4,
    ...                      "y": [1, 3, 4, 6, 2, 4, 7, 9]})
    >>> anova(data, "y", ["heatmap", "scores"]).round(3)[["term", "ss", "df", "F", "p", "eta2p", "omega2p"]]
                 term    ss   df     F      p  eta2p  omega2p
    0         heatmap  32.0  1.0  16.0  0.016    0.8    0.652
    1          scores   8.0  1.0   4.0  0.116    0.5    0.273
    2  heatmap:scores   2.0  1.0   1.0  0.374    0.2    0.000
    3       Residuals   8.0  4.0   NaN    NaN    NaN      NaN
    """
    rows, classical, n = _tested(data, outcome, factors, ss_type, covariance)
    return _with_effects(rows, classical, n)


def f_tests(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return the classical type 3 table without effect sizes and their intervals: term, ss, df, F, p, ms.

    >>> f_tests(pd.DataFrame({"method": list("aabb"), "y": [1.0, 3, 4, 6]}), "y", ["method"]).round(3)
            term   ss   df    F     p   ms
    0     method  9.0  1.0  4.5  0.168  9.0
    1  Residuals  4.0  2.0  NaN   NaN  2.0
    """
    return _tested(data, outcome, factors, 3, "classical")[0]


def _tested(
    data: pd.DataFrame, outcome: str, factors: list[str], ss_type: int, covariance: str
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return the rows with this covariance, those of the classical table, and of how many participants they are."""
    if ss_type not in (2, 3):
        raise ValueError(f"ss_type: found {ss_type!r}, expected 2 or 3")
    if covariance not in ("classical", "hc3"):
        raise ValueError(f"covariance: found {covariance!r}, expected 'classical' or 'hc3'")
    used = complete(data, outcome, factors)
    factors = varying(used, factors)
    check_cells(used, outcome, factors, at_least=2 if covariance == "hc3" else 1)
    names = {f"f{i}": factor for i, factor in enumerate(factors)}
    renamed = used.rename(columns={factor: name for name, factor in names.items()} | {outcome: "y"})
    renamed["y"] -= renamed["y"].mean()  # a large offset would cost the sums of squares their digits
    model = smf.ols("y ~ " + " * ".join(f"C({name}, Sum)" for name in names), renamed).fit()
    classical = _rows(anova_lm(model, typ=ss_type), names)
    if covariance == "classical":
        return classical, classical, len(used)
    return _white(anova_lm(model, typ=ss_type, robust="hc3"), classical, names), classical, len(used)


def _rows(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return statsmodels' table with our column names and the terms' own names, without the intercept."""
    rows = table.drop(index="Intercept", errors="ignore").reset_index(names="term")
    rows["term"] = [_term(term, names) for term in rows["term"]]
    rows = rows.rename(columns={"sum_sq": "ss", "PR(>F)": "p"})
    return rows.assign(ms=rows["ss"] / rows["df"])


def _white(table: pd.DataFrame, classical: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return the Wald F values; only the residuals keep sums of squares (statsmodels prints products that are none)."""
    rows = _rows(table, names)
    residual = rows["term"] == "Residuals"
    rows[["ss", "ms"]] = classical[["ss", "ms"]].where(residual)
    return rows


def _term(term: str, names: dict[str, str]) -> str:
    if term == "Residual":
        return "Residuals"
    return ":".join(names[part.removeprefix("C(").split(",")[0]] for part in term.split(":"))


def _with_effects(rows: pd.DataFrame, classical: pd.DataFrame, n: int) -> pd.DataFrame:
    effects, df_resid = [], float(classical["df"].iloc[-1])
    for row in classical.itertuples():
        if row.term == "Residuals":
            effects.append((math.nan,) * 4)
            continue
        low, high = eta2p_interval(row.F, row.df, df_resid)
        effects.append((eta2p(row.F, row.df, df_resid), low, high, omega2p(row.F, row.df, df_resid, n)))
    rows[["eta2p", "eta2p_ci_low", "eta2p_ci_high", "omega2p"]] = effects
    residual = rows["term"] == "Residuals"
    white = rows["ss"].isna()
    rows["reason"] = ""
    rows.loc[white, "reason"] = (
        "a White-corrected F is a Wald test without sums of squares; η² and ω² are the classical table's"
    )
    rows.loc[residual, "reason"] = "residuals carry no test"
    return rows[[*COLUMNS, "reason"]]
