"""Learn a latent tree from a model's outputs: which classes it puts among the top classes of the same images.

The data are the sets of top classes; images with one such class say nothing about confusion and are left out.
Structure: average linkage on 1 − Jaccard of the classes' occurrence, cut into levels. 90 % of class pairs never occur
together, so the information distances that latent tree learning usually starts from are infinite. Parameters: EM with
exact inference on the tree (Pearl 1988), as in Liu, Zhang, Chen 2014, "Hierarchical Latent Tree Analysis", JMLR.
"""

from collections.abc import Sequence

import numpy as np

from explainers.errors import UserError
from explainers.trees.clusters import MASS, MOST
from explainers.trees.latent import Latent, LatentTree

ENOUGH = 5000  # confused images; with fewer the groups are less and less like those of a larger sample
CUT, LEVELS = 0.92, 5
_ITERATIONS, _TOLERANCE = 100, 1e-6
_PRIOR = 1.0  # imagined observations of each case: probabilities stay off 0 and 1


def learn_tree(
    sets: list[list[int]], class_names: Sequence[str], *, cut: float = CUT, mass: float = MASS, most: int = MOST
) -> LatentTree:
    """Return the latent tree of images' top classes. `cut`: the greatest distance within a level-1 group.

    At level l a group reaches a distance of 1 − (1 − cut) / 2^(l−1). Classes that never occur together stay alone.
    """
    confused = [sorted(set(found)) for found in sets if len(set(found)) > 1]
    if not confused:
        raise UserError("tree: no image has two top classes; there is no confusion to learn from.")
    if not 0 < cut < 1:
        raise UserError(f"cut: expected a distance between 0 and 1, found {cut!r}.")
    roots = structure(confused, cut)
    roots, class_probability = fit(roots, confused)
    parameters = {"images": len(sets), "confused": len(confused), "mass": mass, "most": most, "cut": cut}
    return LatentTree(tuple(roots), tuple(class_names), "learned from outputs", parameters, class_probability)


def structure(confused: list[list[int]], cut: float) -> list[Latent]:
    """Return the forest of hidden variables, without probabilities."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    classes = sorted({index for cluster in confused for index in cluster})
    place = {index: row for row, index in enumerate(classes)}
    together = np.zeros((len(classes), len(classes)))
    for cluster in confused:
        rows = [place[index] for index in cluster]
        together[np.ix_(rows, rows)] += 1
    single = together.diagonal()
    jaccard = together / (single[:, None] + single[None] - together)
    distance = 1 - (jaccard + jaccard.T) / 2
    np.fill_diagonal(distance, 0)
    merges = linkage(squareform(distance, checks=False), "average")
    members: list[Latent | int] = list(classes)  # what stands for each class so far
    for level in range(1, LEVELS + 1):
        number = fcluster(merges, 1 - (1 - cut) / 2 ** (level - 1), "distance")
        for group in dict.fromkeys(number):
            inside = np.flatnonzero(number == group)
            below = list(dict.fromkeys(members[row] for row in inside))
            if len(below) > 1:
                latent = Latent(f"{level}-{classes[inside[0]]}", level, tuple(below))
                for row in inside:
                    members[row] = latent
    return [member for member in dict.fromkeys(members) if isinstance(member, Latent)]


def fit(roots: list[Latent], confused: list[list[int]]) -> tuple[list[Latent], dict[int, tuple[float, float]]]:
    """Return the roots with EM's probabilities, and those of their classes by index."""
    fitted: list[Latent] = []
    class_probability: dict[int, tuple[float, float]] = {}
    for root in roots:
        model = _Model(root)
        model.train(_observations(root, confused))
        fitted.append(model.rebuilt())
        class_probability |= {index: model.table(index) for index in root.classes}
    return fitted, class_probability


def _observations(root: Latent, confused: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct rows (U, C) of which classes below the root are on, bool, and how often each occurs."""
    column = {index: number for number, index in enumerate(root.classes)}
    counts: dict[tuple[int, ...], int] = {}
    for found in confused:
        row = tuple(column[index] for index in found if index in column)
        counts[row] = counts.get(row, 0) + 1
    rows = np.zeros((len(counts), len(column)), dtype=bool)
    for number, row in enumerate(counts):
        rows[number, list(row)] = True
    return rows, np.array(list(counts.values()), dtype=np.float64)


class _Model:
    """One tree of binary variables. `on[v]` is P(v on | parent off), P(v on | parent on); for the root both are P(on).

    Hidden variables and classes are numbered together, parents before their children.
    """

    def __init__(self, root: Latent) -> None:
        self.root = root
        self.variables: list[Latent | int] = []
        self.parent: list[int] = []
        self._add(root, -1)
        self.number = {variable if isinstance(variable, int) else variable.id: n
                       for n, variable in enumerate(self.variables)}  # fmt: skip
        self.hidden = np.array([isinstance(variable, Latent) for variable in self.variables])
        self.children: list[list[int]] = [[] for _ in self.variables]
        for n, parent in enumerate(self.parent):
            if parent >= 0:
                self.children[parent].append(n)

    def _add(self, variable: Latent | int, parent: int) -> None:
        self.variables.append(variable)
        self.parent.append(parent)
        if isinstance(variable, Latent):
            own = len(self.variables) - 1
            for child in variable.children:
                self._add(child, own)

    def train(self, observations: tuple[np.ndarray, np.ndarray]) -> list[float]:
        """Run EM to convergence from "a hidden variable is on where a class below it is"; return the objective.

        The objective, the log likelihood and the prior's logarithm, never falls.
        """
        rows, counts = observations
        states = self._observed(rows)
        self._start(states, counts)
        course: list[float] = []
        for _ in range(_ITERATIONS):
            joint, log_likelihood = self.infer(states)
            course.append(float(counts @ log_likelihood) + self._log_prior())
            if len(course) > 1 and course[-1] - course[-2] < _TOLERANCE * abs(course[-2]):
                break
            self._maximise(np.einsum("u,nuab->nab", counts, joint))
        return course

    def _observed(self, rows: np.ndarray) -> np.ndarray:
        """Which state of each variable an observation allows: (V, U, 2); both of a hidden one."""
        column = {index: number for number, index in enumerate(self.root.classes)}
        states = np.ones((len(self.variables), len(rows), 2))
        for n, variable in enumerate(self.variables):
            if isinstance(variable, int):
                is_on = rows[:, column[variable]]
                states[n] = np.stack([~is_on, is_on], axis=1)
        return states

    def _start(self, states: np.ndarray, counts: np.ndarray) -> None:
        is_on = states[..., 1].copy()
        for n in range(len(self.variables) - 1, -1, -1):
            if self.hidden[n]:
                is_on[n] = np.maximum.reduce([is_on[child] for child in self.children[n]])
        soft = np.where(self.hidden[:, None], 0.8 * is_on + 0.1, is_on)
        joint = np.zeros((len(self.variables), 2, 2))
        for n, parent in enumerate(self.parent):
            above = soft[parent] if parent >= 0 else np.zeros(len(counts))
            for a, p in enumerate((1 - above, above)):
                for b, q in enumerate((1 - soft[n], soft[n])):
                    joint[n, a, b] = counts @ (p * q)
        self._maximise(joint)

    def _maximise(self, joint: np.ndarray) -> None:
        """Set P(child | parent) from the expected counts (V, 2, 2) of parent's and child's states."""
        if self.parent[0] < 0:
            joint[0] = joint[0].sum(axis=0, keepdims=True)
        self.on = (joint[..., 1] + _PRIOR) / (joint.sum(axis=2) + 2 * _PRIOR)

    def _log_prior(self) -> float:
        logs = np.log(self.on) + np.log1p(-self.on)
        return float(_PRIOR * (logs[1:].sum() + logs[0, 0]))

    def infer(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return P(parent's state, own state | observation) (V, U, 2, 2) and the log likelihoods (U,).

        The root's parent is taken to be off.
        """
        table = np.stack([1 - self.on, self.on], axis=2)  # (V, 2 of the parent, 2)
        up, message = states.copy(), np.ones_like(states)
        log_scale = np.zeros(states.shape[1])
        for n in range(len(self.variables) - 1, -1, -1):  # from the classes to the root
            size = up[n].max(axis=1)
            up[n] /= size[:, None]
            log_scale += np.log(size)
            message[n] = up[n] @ table[n].T
            if self.parent[n] >= 0:
                up[self.parent[n]] *= message[n]
        likelihood = message[0][:, 0]
        joint = np.zeros((*states.shape[:2], 2, 2))
        down = np.zeros_like(states)  # of each variable's parent: what all but the variable say
        down[0, :, 0] = 1
        for n in range(len(self.variables)):  # and back
            together = down[n][:, :, None] * table[n][None] * up[n][:, None, :]
            joint[n] = together / together.sum(axis=(1, 2), keepdims=True)
            own = joint[n].sum(axis=1)
            for child in self.children[n]:
                down[child] = own / np.maximum(message[child], 1e-300)
                down[child] /= down[child].sum(axis=1, keepdims=True)
        return joint, np.log(likelihood) + log_scale

    def table(self, key: int | str) -> tuple[float, float]:
        """Return P(off), P(on) of the root, P(on | parent off), P(on | parent on) of any other variable or class."""
        n = self.number[key]
        if n == 0:
            return 1 - float(self.on[0, 0]), float(self.on[0, 0])
        return float(self.on[n, 0]), float(self.on[n, 1])

    def rebuilt(self) -> Latent:
        return self._with_probability(self.root)

    def _with_probability(self, latent: Latent) -> Latent:
        children = tuple(c if isinstance(c, int) else self._with_probability(c) for c in latent.children)
        return Latent(latent.id, latent.level, children, self.table(latent.id))
