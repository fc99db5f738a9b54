"""Aligned rank transform: interactions of ratings and other skewed outcomes (Wobbrock et al. 2011).

For each effect, every other effect is taken out of the responses (mean responses of the rows at a level, as published),
what is left is ranked, and an analysis of variance of these ranks is read for that effect alone.
"""

import warnings

import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike, complete, terms_of, tied, varying
from analysis.statistics.effects import eta2p
from analysis.statistics.factorial.anova import f_tests
from analysis.statistics.factorial.within import complete_people, effects_of, within_anova

COLUMNS = ("term", "F", "df", "df_resid", "p", "eta2p")
STRIPPED = 0.005  # an F that rounds to .00: that much of another effect may be left in the aligned responses


def aligned_ranks(data: pd.DataFrame, outcome: str, between: list[str], within: list[str]) -> pd.DataFrame:
    """Return one row per effect; degrees of freedom within participants are Greenhouse-Geisser's. R `ARTool::art`.

    With conditions within participants, their means are aligned and ranked, of those who have all conditions, and each
    effect is tested against its own error as `within_anova` does. Cells of unequal size leave something of the other
    effects behind; a warning then says so.

    >>> data = pd.DataFrame({"heatmap": ["no", "no", "yes", "yes"] * 2, "scores": ["no"] * 4 + ["yes"] * 4,
    ...                      "y": [1, 3, 4, 6, 2, 4, 7, 9]})
    >>> aligned_ranks(data, "y", ["heatmap", "scores"], []).round(3)
                 term     F   df  df_resid      p  eta2p
    0         heatmap  16.0  1.0       4.0  0.016    0.8
    1          scores   4.0  1.0       4.0  0.116    0.5
    2  heatmap:scores   1.0  1.0       4.0  0.374    0.2
    """
    rows = _responses(data, outcome, between, within)
    between, within = varying(rows, between), varying(rows, within)
    factors = [*between, *within]
    if len(factors) < 2:
        raise NotDefined("one factor has no interaction to align; its ranks are compared as they are", tuple(factors))
    terms = effects_of(between, within) if within else terms_of(between)
    if alike(rows[outcome]):
        raise NotDefined(f"every value is {rows[outcome].iloc[0]:g}: there is no variation", tuple(terms))
    response = rows[outcome] - rows[outcome].mean()
    rest = response - _mean_at(rows, response, factors)
    tests, left = [], 0.0
    for term in terms:
        values = rest + _effect(rows, response, term.split(":"))
        ranks = stats.rankdata(tied(values, float(rows[outcome].abs().max())))
        if alike(ranks):
            raise NotDefined("without the other effects, nothing varies", tuple(terms))
        own = _tested(rows.assign(**{outcome: ranks}), outcome, between, within).loc[term]
        tests.append((term, *own))
        others = _tested(rows.assign(**{outcome: values}), outcome, between, within).drop(index=term)
        left = max(left, float(others["F"].max()))
    if left > STRIPPED:
        warnings.warn(f"cells of unequal size leave other effects in the aligned responses (F up to {left:.2f}); "
                      "read these tests with care", stacklevel=2)  # fmt: skip
    return pd.DataFrame(tests, columns=COLUMNS)


def _responses(data: pd.DataFrame, outcome: str, between: list[str], within: list[str]) -> pd.DataFrame:
    """Return a row per participant (and condition) of those who have all conditions."""
    if not within:
        return complete(data, outcome, between)
    table, people = complete_people(data, outcome, between, within)
    stacked = table.stack(list(range(table.columns.nlevels)), future_stack=True).rename(outcome).reset_index()
    return stacked.merge(people.reset_index(), on="participant")


def _mean_at(rows: pd.DataFrame, response: pd.Series, factors: list[str]) -> pd.Series:
    return response.groupby([rows[factor] for factor in factors], observed=True).transform("mean")


def _effect(rows: pd.DataFrame, response: pd.Series, named: list[str]) -> pd.Series:
    """Return an effect's estimate: the mean at its levels, less the estimates of everything it contains."""
    inside = [term.split(":") for term in terms_of(named)[:-1]]
    return _mean_at(rows, response, named) - sum(_effect(rows, response, part) for part in inside)


def _tested(rows: pd.DataFrame, outcome: str, between: list[str], within: list[str]) -> pd.DataFrame:
    """Return F, df, df_resid, p and ηp² of each effect."""
    if within:
        terms = within_anova(rows, outcome, between, within).set_index("term")
        columns = ["F", "df_gg", "df_resid_gg", "p", "eta2p"]
        return terms[columns].set_axis([*COLUMNS[1:]], axis=1)
    terms = f_tests(rows, outcome, between).set_index("term")
    df_resid = float(terms.loc["Residuals", "df"])
    terms = terms.drop(index="Residuals").assign(df_resid=df_resid)
    return terms.assign(eta2p=[eta2p(row.F, row.df, df_resid) for row in terms.itertuples()])[[*COLUMNS[1:]]]
