"""What the audit looks at: the trees' heatmaps, whether a label can be told by strength, and what guessing earns."""

from studyapp.core.audit import Case, Guess, Look, Task
from studyapp.core.bundles.map_tree import leaves, read_tree, walk

from .stimuli import PHASES, ROUNDS, shown_pairs
from .tree import pruned

TRUE, OTHER = "the picture's own", "the other"


def looks(definition: dict, bundle) -> list[Look]:
    """Return every heatmap that participants of each condition meet, by pair."""
    hidden = definition["parameters"]["other_nodes"] == "hidden"
    found = []
    for condition in definition["conditions"]:
        for pair in shown_pairs(definition["stimuli"]):
            for image_id in pair["facts"]:
                tree = read_tree(bundle, image_id, condition["factors"]["method"])
                tree = pruned(tree, pair["labels"]) if hidden else tree
                found += [Look(condition["name"], pair["name"], node.heatmap) for node in walk(tree)]
    return found


def tasks(definition: dict, bundle) -> list[Task]:
    """Return whether the stronger of two leaves names its label, and whether it names what the picture shows."""
    asked = []
    for condition in definition["conditions"]:
        labels, truths = [], []
        for pair in definition["stimuli"]["pairs"]:
            for image_id in (image_id for phase in PHASES for image_id in pair[phase]):
                tree = leaves(read_tree(bundle, image_id, condition["factors"]["method"]))
                truth = pair["facts"][image_id]["truth"]
                for label in pair["labels"]:
                    node = tree[label].heatmap
                    labels.append(Case(node, label, image_id, pair["name"]))
                    truths.append(Case(node, TRUE if label == truth else OTHER, image_id))
        name = condition["name"]
        asked.append(Task(name, "which of two heatmaps is of which label can be told", tuple(labels), compared=True))
        asked.append(Task(name, "which heatmap is of what the picture shows can be told", tuple(truths), compared=True))
    return asked


def roles(definition: dict) -> dict[str, list[str]]:
    """Return the photographs by what they are for."""
    pairs = definition["stimuli"]["pairs"]
    shown = {phase: [image_id for pair in pairs for image_id in pair[phase]] for phase in PHASES}
    return shown | {"worked example": [pair["worked"] for pair in shown_pairs(definition["stimuli"])]}


def guesses(definition: dict) -> list[Guess]:
    """Return what the same label always in the first box reaches: which heatmap stands there is drawn at random."""
    n = ROUNDS * definition["parameters"]["evaluation_trials"]
    return [Guess("", "The same label always first", 0.5, "of the examples right", n)]
