"""The random part of a mixed model: an intercept per participant and, where there are any, one per stimulus.

A model of participants and stimuli crossed says something about other pictures of the kind, not about these alone
(Clark 1973; Westfall, Judd & Kenny 2014). Its system of equations is diagonal in the participants, which are solved
first, so that only a matrix of stimuli × stimuli has to be factored. Beside it, the second derivatives that such
models need.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg


@dataclass(frozen=True)
class Groups:
    """Each answer's participant and stimulus, as numbers from 0; without stimuli `second` is None."""

    first: np.ndarray  # (answers,)
    second: np.ndarray | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """How many participants and stimuli there are."""
        return int(self.first.max()) + 1, 0 if self.second is None else int(self.second.max()) + 1

    def sums(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums of (answers,) or (answers, k) values over each participant and over each stimulus.

        >>> [part.tolist() for part in Groups(np.array([0, 0, 1]), np.array([0, 1, 1])).sums(np.array([1.0, 2, 4]))]
        [[3.0, 4.0], [1.0, 6.0]]
        """
        return _sums(self.first, values, self.sizes[0]), _sums(self.second, values, self.sizes[1])

    def together(self, weights: np.ndarray) -> np.ndarray:
        """Return the sums of (answers,) weights over each participant and stimulus: (participants, stimuli)."""
        people, stimuli = self.sizes
        if self.second is None:
            return np.zeros((people, 0))
        cells = np.bincount(self.first * stimuli + self.second, weights, people * stimuli)
        return cells.reshape(people, stimuli)

    def spread(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return each answer's participant's and stimulus' values together: (answers,)."""
        return np.asarray(first[self.first] + (0.0 if self.second is None else second[self.second]))


def _sums(group: np.ndarray | None, values: np.ndarray, size: int) -> np.ndarray:
    if group is None:
        return np.zeros((0, *values.shape[1:]))
    if values.ndim == 1:
        return np.bincount(group, values, size)
    return np.column_stack([np.bincount(group, column, size) for column in values.T])


class System:
    """Λ Z'WZ Λ + I for relative SDs θ of participants and stimuli, factored."""

    def __init__(self, weights: tuple[np.ndarray, np.ndarray], together: np.ndarray, theta: tuple[float, float]):
        self.diagonal = 1 + theta[0] ** 2 * weights[0]
        self.off = theta[0] * theta[1] * together
        inner = np.diag(1 + theta[1] ** 2 * weights[1]) - self.off.T @ (self.off / self.diagonal[:, None])
        self.factor = linalg.cholesky(inner, lower=True) if len(inner) else inner

    @property
    def log_determinant(self) -> float:
        """The log of the matrix' determinant."""
        return float(np.log(self.diagonal).sum() + 2 * np.log(np.diag(self.factor)).sum())

    def solve(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the solution for right-hand sides of participants (people, …) and stimuli (stimuli, …)."""
        diagonal = self.diagonal.reshape(-1, *[1] * (first.ndim - 1))
        if not len(self.factor):
            return first / diagonal, second
        lower = linalg.cho_solve((self.factor, True), second - self.off.T @ (first / diagonal))
        return (first - self.off @ lower) / diagonal, lower

    def inverse(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the inverse's diagonal for participants, its block (people, stimuli), and its diagonal for stimuli.

        >>> system = System((np.array([1.0, 2]), np.array([3.0])), np.array([[1.0], [2]]), (1.0, 1.0))
        >>> [part.round(3).tolist() for part in system.inverse()]
        [[0.615, 0.538], [[-0.231], [-0.308]], [0.462]]
        """
        if not len(self.factor):
            return 1 / self.diagonal, np.zeros((len(self.diagonal), 0)), np.zeros(0)
        lower = linalg.cho_solve((self.factor, True), np.eye(len(self.factor)))
        scaled = self.off / self.diagonal[:, None]
        block = -scaled @ lower
        return 1 / self.diagonal - (block * scaled).sum(axis=1), block, np.diag(lower)


def hessian_of(function: Callable[[np.ndarray], float], point: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the matrix of second derivatives by central differences, improved once by Richardson's extrapolation.

    >>> steps = np.array([0.01, 0.01])
    >>> hessian_of(lambda x: x[0] ** 2 + 3 * x[0] * x[1] - x[1] ** 2, np.array([1.0, 2]), steps).round(6)
    array([[ 2.,  3.],
           [ 3., -2.]])
    """

    def plain(steps: np.ndarray) -> np.ndarray:
        moves = np.diag(steps)
        middle = function(point)
        matrix = np.empty((len(point), len(point)))
        for i, a in enumerate(moves):
            matrix[i, i] = (function(point + a) - 2 * middle + function(point - a)) / steps[i] ** 2
            for j, b in enumerate(moves[:i]):
                corners = (function(point + a + b) - function(point + a - b) - function(point - a + b)
                           + function(point - a - b))  # fmt: skip
                matrix[i, j] = matrix[j, i] = corners / (4 * steps[i] * steps[j])
        return matrix

    return np.asarray((4 * plain(steps) - plain(2 * steps)) / 3)


def jacobian_of(function: Callable[[np.ndarray], np.ndarray], point: np.ndarray, step: float) -> np.ndarray:
    """Return a function's derivatives (values, arguments), by central differences and Richardson's extrapolation.

    >>> jacobian_of(lambda x: np.array([x[0] ** 3 + x[1], x[0] * x[1]]), np.array([1.0, 2]), 0.01).round(6)
    array([[3., 1.],
           [2., 1.]])
    """

    def plain(step: float) -> np.ndarray:
        moves = step * np.eye(len(point))
        return np.column_stack([(function(point + move) - function(point - move)) / (2 * step) for move in moves])

    return np.asarray((4 * plain(step) - plain(2 * step)) / 3)
