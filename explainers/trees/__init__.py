"""Explanations as trees of maps: the nodes, the latent tree over a model's classes, and confusion clusters.

Needs no PyTorch.
"""

from explainers.trees.clusters import clusters, top_classes
from explainers.trees.latent import Latent, LatentTree
from explainers.trees.node import Node
from explainers.trees.reading import Tree, as_tree, read_tree

__all__ = ["Latent", "LatentTree", "Node", "Tree", "as_tree", "clusters", "read_tree", "top_classes"]
