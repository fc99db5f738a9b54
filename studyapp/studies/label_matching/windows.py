"""How large a window a trial needs; the figures are those of `board.css`."""

from textwrap import wrap

from studyapp.core.bundles.map_tree import Node, read_tree, walk
from studyapp.core.engine.kinds import methods_of
from studyapp.core.engine.sizes import BARS_PX, SCROLLBAR_PX, Window

from .stimuli import shown_pairs
from .tree import pruned

GAP_PX, STEM_PX, PADDING_PX = 12, 22, 16
BESIDE_PX, ABOVE_PX = 216 + PADDING_PX, 128  # the heading, beside the tree or above it
LABELS, ASKED_PX = 2, 168  # a box is at least so wide
CHARACTER_PX = 9  # of a label, in the widest of the usual fonts
BELOW_PX, LINE_PX = 126, 17  # boxes and labels with the distances around them; each line of a box beyond its second
BESIDE_LABEL_PX = 48  # in a box: its edges, and what takes the label back
ANSWER_PX, TRUE_PX, OWN_PX = 56, 23, 20  # a verification's verdict with its edges; a line of either label above, below
IN_AN_ANSWER_PX = 24
TRAY_PX, CHIP_PX = 72, 44  # the tray's name; what a label there is wider than its characters


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
    pairs = [pair["labels"] for pair in shown_pairs(definition["stimuli"])]
    photo, tile = parameters["photo_px"], max(parameters["photo_px"], parameters["map_px"])
    n_others = max(sum(not node.children for node in walk(nodes)) for nodes in trees) - LABELS
    box = max(tile, ASKED_PX)
    tree = n_others * (tile + GAP_PX) + LABELS * (box + GAP_PX)
    width = max(tree, *map(tray_px, pairs)) + 2 * PADDING_PX + SCROLLBAR_PX
    below = max(below_px(label, box) for labels in pairs for label in labels)
    height = BARS_PX + max(map(depth, trees)) * (parameters["map_px"] + STEM_PX) + photo + below
    return [Window(width + BESIDE_PX, height), Window(width, height + ABOVE_PX)]


def depth(nodes: tuple[Node, ...]) -> int:
    """Return how many levels of maps a tree has."""
    return 1 + max(depth(node.children) for node in nodes) if nodes else 0


def tray_px(labels: list[str]) -> int:
    """Return how wide a tray is that holds labels in one row."""
    return TRAY_PX + sum(len(label) * CHARACTER_PX + CHIP_PX for label in labels)


def below_px(label: str, box_px: int) -> int:
    """Return how much stands below a map: box and tray, or a verification with the label as answer and as truth."""
    lines = n_lines(label, box_px - BESIDE_LABEL_PX)
    n_label_lines = n_lines(label, box_px - IN_AN_ANSWER_PX)
    return max(
        BELOW_PX + max(0, lines - 2) * LINE_PX, ANSWER_PX + n_label_lines * TRUE_PX + (n_label_lines + 1) * OWN_PX
    )


def n_lines(label: str, width_px: int) -> int:
    """Return on how many lines a label stands; words that are longer than a line are broken."""
    return len(wrap(label, max(1, width_px // CHARACTER_PX))) or 1
