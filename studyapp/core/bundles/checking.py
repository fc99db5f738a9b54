"""What is checked once, when a bundle is loaded: that its tables fit together and its files are what they should be."""

from .bundle import Bundle
from .limits import TREE_DEPTH, BundleError
from .tables import Heatmap


def require_whole(bundle: Bundle) -> None:
    """Raise `BundleError` at the first thing in a bundle that is not as it should be; every file of it is read."""
    bundle.titles("methods")
    for part in getattr(bundle, "parts", {"": bundle}).values():
        _check_tables(part)
        _check_pictures(part)
    _ = bundle.images, bundle.predictions, bundle.nodes


def _check_tables(bundle: Bundle) -> None:
    _ = bundle.predictions, bundle.metrics, bundle.latent_tree
    if "features.npy" in bundle.manifest["files"]:
        _ = bundle.features
    for (image_id, method, target), nodes in bundle.nodes.items():
        if trouble := _trouble_with(nodes):
            of = f"{method}, {target}" if target else method
            raise BundleError(f"{bundle.folder / 'nodes.csv'}: image {image_id}, {of}: {trouble}")


def _trouble_with(nodes: list[Heatmap]) -> str:
    """Return why these nodes are no tree, or one too deep; nothing where they are."""
    parents = {node.node: node.parent for node in nodes}
    for start in parents:
        node, depth = start, 1
        while parent := parents[node]:
            if parent not in parents:
                return f"node {node!r} has the parent {parent!r}, which is no node"
            node, depth = parent, depth + 1
            if depth > TREE_DEPTH:
                return f"node {start!r} has no root within {TREE_DEPTH} nodes: the tree is deeper, or runs in a circle"
    return ""


def _check_pictures(bundle: Bundle) -> None:
    for image_id, row in bundle.images.items():
        height, width = bundle.photograph(image_id).shape[:2]
        if (width, height) != (row["width"], row["height"]):
            raise BundleError(
                f"{bundle.folder / 'images.csv'}: image {image_id}: expected its picture's size, {width} × {height}, "
                f"found {row['width']} × {row['height']}"
            )
    for nodes in bundle.nodes.values():
        for node in nodes:
            bundle.saliency(node)
