"""Design matrices of factorial models on trials, under treatment contrasts, with readable names."""

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from analysis.errors import NotDefined
from analysis.statistics.cells import complete, varying
from analysis.statistics.regression.groups import Groups


@dataclass(frozen=True)
class Trials:
    """Answers with their design: y, X (answers, terms), the terms' names, and whose and on which stimulus each is."""

    y: np.ndarray
    design: np.ndarray
    names: list[str]
    groups: Groups


def trials_design(
    data: pd.DataFrame, outcome: str, factors: list[str], participant: str, stimulus: str = "", slope: str = ""
) -> Trials:
    """Return the answers with the design of the full factorial model; a factor's first level is its reference.

    `slope` names a column of numbers that crosses the factors, as the place of a trial does.

    >>> data = pd.DataFrame({"participant": ["p", "p", "q", "q"], "method": ["a", "b"] * 2, "y": [1, 2, 3, 4]})
    >>> trials = trials_design(data, "y", ["method"], "participant")
    >>> trials.names, trials.design.tolist(), trials.groups.first.tolist()
    (['(Intercept)', 'method[b]'], [[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 0, 1, 1])
    """
    known = data.dropna(subset=[slope]) if slope else data
    used = complete(known, outcome, [*factors, participant, *([stimulus] if stimulus else [])])
    if slope:
        kept = known[[outcome, *factors, participant, *([stimulus] if stimulus else [])]].notna().all(axis=1)
        used = used.assign(**{slope: known.loc[kept, slope].to_numpy(float)})
    factors = varying(used, factors)
    if not len(used):
        raise NotDefined("no answer has a value")
    for name, what in ((participant, "participants"), (stimulus, "stimuli")):
        if name and used[name].nunique() < 2:
            raise NotDefined(f"a model of {what} needs at least two of them")
    columns = treatment_columns(used, factors)
    if slope:
        line = used[slope].to_numpy(float)
        columns |= {slope if name == "(Intercept)" else f"{slope}:{name}": line * column
                    for name, column in list(columns.items())}  # fmt: skip
    design = np.column_stack(list(columns.values()))
    if np.linalg.matrix_rank(design) < design.shape[1]:
        reason = "a combination of levels never occurs, so the interaction cannot be estimated"
        raise NotDefined(reason, tuple(columns))
    codes = {name: used[name].cat.codes.to_numpy().astype(int) for name in (participant, stimulus) if name}
    groups = Groups(codes[participant], codes.get(stimulus))
    return Trials(used[outcome].to_numpy(float), design, list(columns), groups)


def treatment_columns(data: pd.DataFrame, factors: list[str]) -> dict[str, np.ndarray]:
    """Return the intercept and every term's indicator columns, named `heatmap[lrp]:scores[hidden]`.

    >>> data = pd.DataFrame({"method": pd.Categorical(["a", "b", "c"])})
    >>> {name: column.tolist() for name, column in treatment_columns(data, ["method"]).items()}
    {'(Intercept)': [1.0, 1.0, 1.0], 'method[b]': [0.0, 1.0, 0.0], 'method[c]': [0.0, 0.0, 1.0]}
    """
    columns = {"(Intercept)": np.ones(len(data))}
    for order in range(1, len(factors) + 1):
        for chosen in combinations(factors, order):
            for levels in product(*(data[factor].cat.categories[1:] for factor in chosen)):
                pairs = list(zip(chosen, levels, strict=True))
                name = ":".join(f"{factor}[{level}]" for factor, level in pairs)
                columns[name] = np.prod([(data[factor] == level).to_numpy(float) for factor, level in pairs], axis=0)
    return columns


def check_answers_vary(y: np.ndarray, people: np.ndarray, names: list[str]) -> None:
    """Refuse answers of which every participant gave one kind throughout: how far people differ then has no bound.

    >>> check_answers_vary(np.array([1, 1, 0, 0]), np.array([0, 0, 1, 1]), ["(Intercept)"])
    Traceback (most recent call last):
        ...
    analysis.errors.NotDefined: every participant gave one answer throughout, so how far they differ has no bound
    """
    answers = pd.Series(y).groupby(people)
    if len(y) > answers.ngroups and (answers.nunique() == 1).all():
        raise NotDefined(
            "every participant gave one answer throughout, so how far they differ has no bound", tuple(names)
        )


def check_not_separated(y: np.ndarray, design: np.ndarray, names: list[str]) -> None:
    """Refuse binary answers of which a cell holds only one value: its log odds would be infinite.

    >>> check_not_separated(np.array([0, 1, 1, 1]), np.array([[1, 0], [1, 0], [1, 1], [1, 1]]), ["a", "b"])
    Traceback (most recent call last):
        ...
    analysis.errors.NotDefined: in one cell all answers are alike, so its log odds are infinite
    """
    if not np.isin(y, (0, 1)).all():
        raise NotDefined("the answers are not all 0 or 1", tuple(names))
    rates = pd.Series(y).groupby([design[:, j] for j in range(design.shape[1])]).mean()
    if rates.isin((0.0, 1.0)).any():
        raise NotDefined("in one cell all answers are alike, so its log odds are infinite", tuple(names))
