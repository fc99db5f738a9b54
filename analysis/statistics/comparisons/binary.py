"""One yes or no per participant (and condition): Fisher's exact test, McNemar's exact test, Cochran's Q."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import NotDefined
from analysis.statistics.cells import cell_label, complete, splits
from analysis.statistics.effects import newcombe, wilson
from analysis.statistics.multiplicity import adjust

SHARES = ("term", "level", "n", "count", "share", "ci_low", "ci_high")
PAIRS = ("term", "a", "b", "n_a", "n_b", "share_a", "share_b", "diff", "ci_low", "ci_high", "odds_ratio", "p",
         "p_adjusted")  # fmt: skip
MCNEMAR = ("a", "b", "n", "only_a", "only_b", "share_a", "share_b", "diff", "ci_low", "ci_high", "p", "p_adjusted")
COCHRAN = ("term", "n", "Q", "df", "p")


def shares(data: pd.DataFrame, outcome: str, factors: list[str]) -> pd.DataFrame:
    """Return the share of yes with Wilson's interval: of everybody, each cell and each level of each factor.

    >>> data = pd.DataFrame({"method": list("aabb"), "y": [1, 1, 0, 1]})
    >>> shares(data, "y", ["method"]).round(3)[["level", "n", "count", "share", "ci_low"]]
      level  n  count  share  ci_low
    0   all  4      3   0.75   0.301
    1     a  2      2   1.00   0.342
    2     b  2      1   0.50   0.095
    """
    used = complete(data, outcome, factors)
    rows = [_share("all", "all", used[outcome])] if len(used) else []
    for term, split in splits(factors).items():
        keys = split if len(split) > 1 else split[0]
        rows += [_share(term, cell_label(key), values) for key, values in used.groupby(keys, observed=True)[outcome]]
    return pd.DataFrame(rows, columns=SHARES)


def _share(term: str, level: str, values: pd.Series) -> tuple[object, ...]:
    n, count = len(values), int(values.sum())
    return (term, level, n, count, count / n, *wilson(count, n))


def fisher(data: pd.DataFrame, outcome: str, factors: list[str], correction: str = "holm") -> pd.DataFrame:
    """Return Fisher's exact test of every pair of levels of every factor, p adjusted inside each factor.

    R `fisher.test`, two-sided; `odds_ratio` is the plain cross product (R prints the conditional estimate); the limits
    of the difference of shares a − b are Newcombe's.

    >>> data = pd.DataFrame({"method": list("aaaaabbbbb"), "y": [1, 1, 1, 1, 0, 0, 0, 0, 0, 1]})
    >>> fisher(data, "y", ["method"]).round(3)[["a", "b", "diff", "odds_ratio", "p"]]
       a  b  diff  odds_ratio      p
    0  a  b   0.6        16.0  0.206
    """
    used = complete(data, outcome, factors)
    if not len(used):
        raise NotDefined("no participant has a value")
    frames = []
    for factor in factors:
        levels = used.groupby(factor, observed=True)[outcome].agg(["sum", "size"])
        rows = [_fisher(factor, a, b, levels) for a, b in combinations(levels.index, 2)]
        frame = pd.DataFrame(rows, columns=[*PAIRS[:-1], "reason"])
        frames.append(frame.assign(p_adjusted=adjust(frame["p"], correction)))
    if not any(len(frame) for frame in frames):
        raise NotDefined("no factor has two observed levels")
    return pd.concat(frames, ignore_index=True)[[*PAIRS, "reason"]]


def _fisher(factor: str, a: str, b: str, levels: pd.DataFrame) -> tuple[object, ...]:
    (yes_a, n_a), (yes_b, n_b) = (map(int, levels.loc[level]) for level in (a, b))
    table = np.array([[yes_a, n_a - yes_a], [yes_b, n_b - yes_b]])
    p = float(stats.fisher_exact(table).pvalue)
    share_a, share_b = yes_a / n_a, yes_b / n_b
    limits = newcombe((share_a, *wilson(yes_a, n_a)), (share_b, *wilson(yes_b, n_b)))
    down = (n_a - yes_a) * yes_b
    odds = yes_a * (n_b - yes_b) / down if down else math.nan
    reason = "" if down else "a level holds only yes or only no, so the odds ratio is 0, infinite or nothing"
    return (factor, a, b, n_a, n_b, share_a, share_b, share_a - share_b, *limits, odds, p, reason)


def mcnemar(table: pd.DataFrame, correction: str = "holm") -> pd.DataFrame:
    """Return the exact test of every pair of a wide table's columns (0 or 1), on the participants who have both.

    The binomial test of those who differ (R `binom.test(only_a, only_a + only_b)`); the limits of the difference of
    shares are Wald's with Agresti & Min's (2005) half added to each cell.

    >>> table = pd.DataFrame({"a": [1, 1, 1, 1, 1, 0], "b": [0, 0, 0, 0, 1, 0]})
    >>> mcnemar(table).round(3)[["a", "b", "n", "only_a", "only_b", "diff", "p"]]
       a  b  n  only_a  only_b   diff      p
    0  a  b  6       4       0  0.667  0.125
    """
    rows = [_mcnemar(a, b, table[[a, b]].dropna()) for a, b in combinations(table.columns, 2)]
    frame = pd.DataFrame(rows, columns=[*MCNEMAR[:-1], "reason"])
    return frame.assign(p_adjusted=adjust(frame["p"], correction))[[*MCNEMAR, "reason"]]


def _mcnemar(a: str, b: str, both: pd.DataFrame) -> tuple[object, ...]:
    n = len(both)
    if not n:
        return (a, b, 0, 0, 0, *[math.nan] * 6, "nobody has both conditions")
    only_a, only_b = (int(((both[x] == 1) & (both[y] == 0)).sum()) for x, y in ((a, b), (b, a)))
    head = (a, b, n, only_a, only_b, float(both[a].mean()), float(both[b].mean()), (only_a - only_b) / n)
    if not only_a + only_b:
        return (*head, *[math.nan] * 3, "everybody answered alike in both conditions")
    p = float(stats.binomtest(only_a, only_a + only_b).pvalue)
    more_a, more_b, more_n = only_a + 0.5, only_b + 0.5, n + 2
    middle = (more_a - more_b) / more_n
    half = float(stats.norm.ppf(0.975)) * math.sqrt(more_a + more_b - more_n * middle**2) / more_n
    return (*head, max(-1.0, middle - half), min(1.0, middle + half), p, "")


def cochran(table: pd.DataFrame, term: str) -> pd.DataFrame:
    """Return Cochran's Q over a wide table's columns (0 or 1), on the participants who have all of them.

    >>> cochran(pd.DataFrame({"a": [1, 1, 0, 1], "b": [0, 1, 0, 0], "c": [0, 0, 0, 1]}), "stage").round(3)
        term  n    Q  df      p
    0  stage  4  2.667   2  0.264
    """
    complete_rows = table.dropna().to_numpy(float)
    n, k = complete_rows.shape
    if k < 3:
        raise NotDefined("Cochran's Q needs three conditions", (term,))
    people, columns = complete_rows.sum(axis=1), complete_rows.sum(axis=0)
    spread = float((people * (k - people)).sum())
    if not spread:
        raise NotDefined("everybody answered alike in all conditions", (term,))
    q = k * (k - 1) * float(((columns - columns.mean()) ** 2).sum()) / spread
    return pd.DataFrame([(term, n, q, k - 1, float(stats.chi2.sf(q, k - 1)))], columns=COCHRAN)
