"""Analysis of variance within subjects, or mixed, with Greenhouse and Geisser's (1959) degrees of freedom.

Each effect of the within factors is a set of orthonormal contrasts of the participants' cell means; an effect with
between-subjects factors tests these contrasts between the groups (type 3, sum contrasts). R `afex::aov_ez`.
"""

from functools import reduce
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import alike, cell_label, terms_of, varying
from analysis.statistics.effects import eta2p_interval

COLUMNS = ("term", "F", "df", "df_resid", "epsilon", "df_gg", "df_resid_gg", "p", "p_uncorrected", "eta2p",
           "eta2p_ci_low", "eta2p_ci_high", "ges")  # fmt: skip


def within_anova(
    data: pd.DataFrame, outcome: str, between: list[str], within: list[str], participant: str = "participant"
) -> pd.DataFrame:
    """Return one row per effect; participants who lack a condition are left out.

    `df`, `df_resid` are the plain degrees of freedom, `df_gg`, `df_resid_gg` those times ε, by which `p` is taken.
    `ges` is the generalised η² (Olejnik & Algina 2003), all factors being manipulated; the limits of ηp² hold for
    sphericity.

    >>> rows = [(f"p{i}", stage, y) for i, ys in enumerate([(1, 2, 4), (2, 5, 5), (3, 3, 8), (2, 4, 7)])
    ...         for stage, y in zip("abc", ys)]
    >>> data = pd.DataFrame(rows, columns=["participant", "stage", "y"])
    >>> within_anova(data, "y", [], ["stage"]).round(3)[["term", "F", "df", "df_resid", "epsilon", "p"]]
        term       F  df  df_resid  epsilon      p
    0  stage  13.364   2         6    0.624  0.023
    """
    table, people = complete_people(data, outcome, between, within, participant)
    within = [factor for factor in within if table.columns.get_level_values(factor).nunique() > 1]
    between = varying(people, between)
    terms = tuple(effects_of(between, within))
    n = len(table)
    if not within:
        raise NotDefined("there is only one condition within participants", terms)
    if len(between) and (people.groupby(between, observed=False).size() == 0).any():
        raise NotDefined("a group of the between-subjects factors is empty", terms)
    values = table.to_numpy(float)
    values = values - values.mean()  # a large offset would cost the sums of squares their digits
    designs = between_columns(people, between)
    groups = sum(columns.shape[1] for columns in designs.values())
    if n - groups < 1:
        raise NotDefined("no more participants than groups leave nothing to estimate the error from", terms)
    strata, rows = {}, []
    for inner in ["", *terms_of(within)]:
        contrasts = contrasts_of(within, inner, table.columns)
        strata[inner] = _stratum(values @ contrasts, designs, n - groups)
    errors = sum(float(error) for _, error, _, _ in strata.values())
    for inner, (effects, error, epsilon, q) in strata.items():
        if alike([error, 0.0]) or error <= 1e-12 * float((values**2).sum()):
            name = inner.replace(":", " × ") or "the participants' means"
            raise NotDefined("participants do not differ in {}, so its error variance is zero", terms, (name,))
        for outer, (ss, df1) in effects.items():
            term = ":".join(part for part in (outer, inner) if part)
            if term:
                rows.append(_row(term, ss, df1 * q, error, (n - groups) * q, epsilon, errors))
    frame = pd.DataFrame(rows, columns=COLUMNS).set_index("term")
    return frame.reindex([term for term in terms if term in frame.index]).reset_index()


def complete_people(
    data: pd.DataFrame, outcome: str, between: list[str], within: list[str], participant: str = "participant"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return participants × conditions of those who have all conditions, and their between-subjects factors.

    >>> rows = [("p1", "a", 1), ("p1", "b", 3), ("p2", "a", 4), ("p3", "a", 2), ("p3", "b", 5)]
    >>> complete_people(pd.DataFrame(rows, columns=["participant", "stage", "y"]), "y", [], ["stage"])[0]
    stage          a    b
    participant
    p1           1.0  3.0
    p3           2.0  5.0
    """
    known = data.dropna(subset=[outcome, *between, *within])
    means = known.groupby([participant, *within], observed=True)[outcome].mean().unstack(within)
    if isinstance(means.columns, pd.MultiIndex):
        means = means.reindex(columns=pd.MultiIndex.from_product([level.unique() for level in means.columns.levels],
                                                                 names=within))  # fmt: skip
    empty = [cell_label(key) for key in means.columns[means.isna().all()]]
    if empty:
        raise NotDefined("nobody has the condition {}", tuple(effects_of(between, within)), (empty[0],))
    table = means.dropna()
    people = known.drop_duplicates(participant).set_index(participant)[between].reindex(table.index)
    for factor in between:
        levels = people[factor]
        if not isinstance(levels.dtype, pd.CategoricalDtype):
            levels = levels.astype(pd.CategoricalDtype(pd.unique(levels)))
        people[factor] = levels.cat.remove_unused_categories()
    if len(table) < 2:
        raise NotDefined("fewer than two participants have all conditions", tuple(effects_of(between, within)))
    return table, people


def effects_of(between: list[str], within: list[str]) -> list[str]:
    """Return every effect: those of the between factors, then each of the within factors with what crosses it.

    >>> effects_of(["group"], ["stage"])
    ['group', 'stage', 'group:stage']
    """
    outer = terms_of(between)
    return [*outer, *(term for inner in terms_of(within) for term in [inner, *(f"{o}:{inner}" for o in outer)])]


def contrasts_of(within: list[str], inner: str, columns: pd.Index) -> np.ndarray:
    """Return orthonormal contrasts (cells, df) of an effect of the within factors; of the mean for none.

    >>> contrasts_of(["stage"], "stage", pd.Index(["a", "b"], name="stage")).round(3).tolist()
    [[-0.707], [0.707]]
    """
    parts = []
    for factor in within:
        k = columns.get_level_values(factor).nunique()
        if factor in inner.split(":"):
            basis = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, : k - 1]]))[0][:, 1:]
        else:
            basis = np.full((k, 1), 1 / np.sqrt(k))
        parts.append(basis)
    return reduce(np.kron, parts)


def between_columns(people: pd.DataFrame, between: list[str]) -> dict[str, np.ndarray]:
    """Return each between effect's columns under sum contrasts; the mean's are called by the empty text.

    >>> columns = between_columns(pd.DataFrame({"group": pd.Categorical(["x", "y"])}), ["group"])
    >>> {name: values.ravel().tolist() for name, values in columns.items()}
    {'': [1.0, 1.0], 'group': [1.0, -1.0]}
    """
    single = {}
    for factor in between:
        codes = people[factor].cat.codes.to_numpy()
        last = len(people[factor].cat.categories) - 1
        single[factor] = np.stack([(codes == i).astype(float) - (codes == last) for i in range(last)], axis=1)
    by_term = {"": np.ones((len(people), 1))}
    for order in range(1, len(between) + 1):
        for chosen in combinations(between, order):
            columns = [np.prod(parts, axis=0) for parts in product(*(single[factor].T for factor in chosen))]
            by_term[":".join(chosen)] = np.column_stack(columns)
    return by_term


def _stratum(
    values: np.ndarray, designs: dict[str, np.ndarray], df_resid: int
) -> tuple[dict[str, tuple[float, int]], float, float, int]:
    """Return each between effect's sum of squares and df, the error's sum, its ε, and the number of contrasts."""
    full = np.hstack(list(designs.values()))
    rest = rest_of(values, full)
    error = float((rest**2).sum())
    effects = {}
    for name, columns in designs.items():
        others = np.hstack([part for other, part in designs.items() if other != name] or [np.zeros((len(values), 0))])
        effects[name] = (float((rest_of(values, others) ** 2).sum()) - error, columns.shape[1])
    covariance = rest.T @ rest / df_resid
    q = values.shape[1]
    spread = float((covariance**2).sum())
    epsilon = float(np.trace(covariance)) ** 2 / (q * spread) if spread > 0 else 1.0
    return effects, error, epsilon, q


def rest_of(values: np.ndarray, design: np.ndarray) -> np.ndarray:
    """Return what the columns of a design leave of values, by least squares.

    >>> rest_of(np.array([[1.0], [3.0]]), np.ones((2, 1))).round(12).ravel().tolist()
    [-1.0, 1.0]
    """
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0] if design.shape[1] else values


def _row(term: str, ss: float, df1: int, error: float, df2: int, epsilon: float, errors: float) -> tuple[object, ...]:
    f_value = (ss / df1) / (error / df2)
    p = float(stats.f.sf(f_value, epsilon * df1, epsilon * df2))
    plain = float(stats.f.sf(f_value, df1, df2))
    return (term, f_value, df1, df2, epsilon, epsilon * df1, epsilon * df2, p, plain, ss / (ss + error),
            *eta2p_interval(f_value, df1, df2), ss / (ss + errors))  # fmt: skip
