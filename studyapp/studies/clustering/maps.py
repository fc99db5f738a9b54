"""What the bundle holds for one picture: the class that the model predicts, and its maps with their contributions."""

from dataclasses import dataclass

from studyapp.core.bundles.bundle import Heatmap

NONE, SINGLE, FEATURES = "none", "single", "features"


@dataclass(frozen=True)
class Map:
    """One heatmap of the bundle, and its normalised signed contribution; None where that isn't known."""

    heatmap: Heatmap
    contribution: float | None


def predicted_class(bundle, image_id: str) -> str | None:
    """Return the class with the highest score; None where the bundle has no prediction."""
    found = bundle.predictions.get(image_id)
    return max(found.values(), key=lambda prediction: prediction.score).class_name if found else None


def maps_of(bundle, image_id: str, method: str) -> list[Map]:
    """Return a picture's maps by a method, of its whole output or its predicted class; a map's place is its number.

    Contributions are normalised so that their absolute values sum to 1, whatever scale the bundle keeps them in.
    """
    tree = bundle.nodes.get((image_id, method, "")) or bundle.nodes.get(
        (image_id, method, predicted_class(bundle, image_id)), []
    )
    rows = sorted(tree, key=lambda row: (len(row.node), row.node))
    known = len(rows) > 1 and all(row.score is not None for row in rows)
    total = sum(abs(row.score) for row in rows) if known else 0.0
    return [Map(row, row.score / total if total else None) for row in rows]


def help_of(n_maps: int) -> str:
    """Return what kind of visual help so many maps per picture make."""
    return SINGLE if n_maps == 1 else FEATURES
