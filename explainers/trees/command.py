"""`python -m explainers tree`: learn a latent tree from a bundle's predictions, or read HLTA's; list it, draw it."""

from pathlib import Path

import numpy as np

from explainers.bundle import read_bundle
from explainers.errors import UserError
from explainers.trees.clusters import top_classes
from explainers.trees.latent import LatentTree
from explainers.trees.learning import ENOUGH, learn_tree
from explainers.trees.picture import draw_tree
from explainers.trees.reading import read_tree


def run(options) -> None:
    """Write the tree, and its picture when asked for; print its level-1 groups."""
    if (options.bundle is None) == (options.hlta is None):
        raise UserError("tree: give either a BUNDLE to learn from or --hlta FILE.")
    if options.hlta is not None:
        tree = read_tree(options.hlta)
    else:
        tree = learn_from_bundle(options.bundle, options.cut, options.mass, options.most)
        _warn_of_few(tree)
    tree.write(options.out)
    print("\n".join(listing(tree)))
    print(f"{options.out}: {len(tree.groups())} groups of classes at level 1, {len(tree.roots)} trees.")
    if options.picture:
        draw_tree(tree, options.picture)


def learn_from_bundle(folder: Path, cut: float, mass: float, most: int) -> LatentTree:
    """Return the latent tree of a bundle's predictions."""
    manifest, tables = read_bundle(folder)
    if manifest["model"]["multilabel"]:
        raise UserError(f"{folder}: its model is multilabel; a latent tree needs probabilities over the classes.")
    scores: dict[str, dict[int, float]] = {}
    for row in tables["predictions"]:
        scores.setdefault(row["image_id"], {})[int(row["class_index"])] = float(row["score"])
    kept = min(len(found) for found in scores.values())
    if most > kept and kept < len(manifest["model"]["classes"]):
        raise UserError(f"--most: expected at most {kept}, the classes that {folder} keeps per image, found {most}.")
    sets = []
    for found in scores.values():
        classes = np.array(list(found))
        sets.append(classes[top_classes([found[index] for index in classes], mass, most)].tolist())
    return learn_tree(sets, manifest["model"]["classes"], cut=cut, mass=mass, most=most)


def _warn_of_few(tree):
    if (confused := tree.parameters["confused"]) < ENOUGH:
        print(
            f"warning: learned from {confused} images with several top classes; below {ENOUGH:,} the groups are "
            "unsteady. Explain more images, or take another network's tree by --hlta."
        )


def listing(tree: LatentTree) -> list[str]:
    """Return a line per level-1 group, the largest first."""
    groups = sorted(tree.groups(), key=lambda group: (-len(group), group))
    return [" · ".join(tree.name(index) for index in group) for group in groups]
