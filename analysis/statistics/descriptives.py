"""What comes first: n, mean, spread, median and a 95% interval of the mean, per cell and per factor level."""

import numpy as np
import pandas as pd

from analysis.statistics.cells import splits
from analysis.statistics.means import Bounds, mean_interval

COLUMNS = ("term", "level", "n", "mean", "sd", "median", "q1", "q3", "min", "max", "ci_low", "ci_high")


def descriptives(
    data: pd.DataFrame,
    outcome: str,
    factors: list[str],
    within: list[str] | None = None,
    bounds: Bounds | None = None,
) -> pd.DataFrame:
    """Return one row for everybody, each cell, and each level of each factor. Quartiles are R's type 7.

    A group of one has no standard deviation and no interval; its row says so. With factors that vary within
    participants every row is first averaged per participant, so that n counts people. `bounds` are those between which
    all values lie by their nature.

    >>> data = pd.DataFrame({"method": ["a"] * 3 + ["b"] * 3 + ["c"] * 3, "y": [1, 2, 3, 2, 4, 6, 7, 8, 9]})
    >>> descriptives(data, "y", ["method"]).round(3)[["level", "n", "mean", "sd", "median", "ci_low"]]
      level  n   mean     sd  median  ci_low
    0   all  9  4.667  2.915     4.0   2.426
    1     a  3  2.000  1.000     2.0  -0.484
    2     b  3  4.000  2.000     4.0  -0.968
    3     c  3  8.000  1.000     8.0   5.516
    """
    everything = data
    data = _averaged(everything, outcome, [], within)
    frames = [_summary("all", pd.Series({"all": data[outcome].dropna().to_numpy(float)}, dtype=object), bounds)]
    for term, split in splits(factors).items():
        keys = split if len(split) > 1 else split[0]
        data = _averaged(everything, outcome, split, within)
        cells = data.groupby(keys, observed=True, sort=True)[outcome]
        columns = {
            " × ".join(map(str, k)) if isinstance(k, tuple) else str(k): v.dropna().to_numpy(float) for k, v in cells
        }
        frames.append(_summary(term, pd.Series(columns, dtype=object), bounds))
    return pd.concat(frames, ignore_index=True)


def _averaged(data: pd.DataFrame, outcome: str, split: list[str], within: list[str] | None) -> pd.DataFrame:
    """Return one row per participant and level of the split."""
    if not within:
        return data
    return data.groupby(["participant", *split], observed=True)[outcome].mean().reset_index()


def _summary(term: str, cells: pd.Series, bounds: Bounds | None) -> pd.DataFrame:
    rows = [_row(term, level, values, bounds) for level, values in cells.items()]
    return pd.DataFrame(rows, columns=(*COLUMNS, "reason"))


def _row(term: str, level: str, values: np.ndarray, bounds: Bounds | None) -> tuple[object, ...]:
    if not len(values):
        return (term, level, 0, *[np.nan] * 9, "no value")
    q1, median, q3 = np.percentile(values, [25, 50, 75])
    sd = np.std(values, ddof=1) if len(values) > 1 else np.nan
    reason = "" if len(values) > 1 else "one value has no spread"
    low, high = mean_interval(values, bounds)
    return (term, level, len(values), values.mean(), sd, median, q1, q3, values.min(), values.max(), low, high, reason)
