"""How large a window a trial needs; the figures are those of `board.css`."""

from studyapp.core.bundles.map_tree import Node, read_tree, walk
from studyapp.core.engine.sizes import BARS_PX, SCROLLBAR_PX, Window

from .stimuli import methods_of, shown_pairs
from .tree import pruned

GAP_PX, STEM_PX, PADDING_PX = 12, 22, 16
BESIDE_PX, ABOVE_PX = 216 + PADDING_PX, 128  # the heading, beside the tree or above it
BELOW_PX = 126  # boxes and labels with the distances around them; answers are lower
LABELS, ASKED_PX = 2, 144  # a box is at least so wide


def windows(definition: dict, bundle) -> list[Window]:
    """Return the window that holds the widest and the deepest tree of all conditions with its boxes and labels."""
    parameters = definition["parameters"]
    hidden = parameters["other_nodes"] == "hidden"
    trees = [
        pruned(nodes, pair["labels"]) if hidden else nodes
        for pair in shown_pairs(definition["stimuli"])
        for image_id in pair["facts"]
        for method in methods_of(definition)
        if (nodes := read_tree(bundle, image_id, method))
    ]
    photo, tile = parameters["photo_px"], max(parameters["photo_px"], parameters["map_px"])
    n_others = max(sum(not node.children for node in walk(nodes)) for nodes in trees) - LABELS
    width = n_others * (tile + GAP_PX) + LABELS * (max(tile, ASKED_PX) + GAP_PX) + 2 * PADDING_PX + SCROLLBAR_PX
    height = BARS_PX + max(map(depth, trees)) * (parameters["map_px"] + STEM_PX) + photo + BELOW_PX
    return [Window(width + BESIDE_PX, height), Window(width, height + ABOVE_PX)]


def depth(nodes: tuple[Node, ...]) -> int:
    """Return how many levels of maps a tree has."""
    return 1 + max(depth(node.children) for node in nodes) if nodes else 0
