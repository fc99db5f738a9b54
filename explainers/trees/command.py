"""`python -m explainers tree`: learn a latent tree from a bundle's predictions, or read HLTA's; list it, draw it."""

import argparse
from pathlib import Path

import numpy as np

from explainers.arguments import Commands, count
from explainers.bundles.bundle import read_bundle
from explainers.errors import UserError
from explainers.trees.clusters import MASS, MOST, top_classes
from explainers.trees.latent import LatentTree
from explainers.trees.learning import CUT, ENOUGH, learn_tree
from explainers.trees.picture import draw_tree
from explainers.trees.reading import read_tree


def add_to(commands: Commands) -> None:
    """Add the command to argparse's subparsers."""
    tree = commands.add_parser("tree", help="learn which classes a model confuses, or read a tree that HLTA learned")
    tree.add_argument("bundle", type=Path, nargs="?", metavar="BUNDLE", help="the predictions to learn from")
    tree.add_argument("--hlta", type=Path, metavar="FILE.json", help="read this forest instead")
    tree.add_argument("--out", type=Path, required=True, metavar="tree.json", help="the latent tree to write")
    tree.add_argument("--picture", type=Path, metavar="FILE", help="draw it too, as .svg, .png or .pdf")
    tree.add_argument("--cut", type=float, default=CUT, help="greatest distance within a level-1 group (0.92)")
    tree.add_argument("--mass", type=float, default=MASS, help="probability of an image's top classes (0.95)")
    tree.add_argument("--most", type=count, default=MOST, help="the most top classes an image can have (5)")
    tree.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
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


def _warn_of_few(tree: LatentTree) -> None:
    if (confused := (tree.parameters or {})["confused"]) < ENOUGH:
        print(
            f"warning: learned from {confused} images with several top classes; below {ENOUGH:,} the groups are "
            "unsteady. Explain more images, or take another network's tree by --hlta."
        )


def listing(tree: LatentTree) -> list[str]:
    """Return a line per level-1 group, the largest first."""
    groups = sorted(tree.groups(), key=lambda group: (-len(group), group))
    return [" · ".join(tree.name(index) for index in group) for group in groups]
