"""What a bundle holds, image by image and method by method, and what in it looks wrong."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache

from .bundle import Bundle
from .image_size import image_size

OUTCOMES = ("TP", "FN", "FP", "TN")
MANY_CLASSES = 30


@dataclass(frozen=True)
class Cell:
    """One method's explanation of one image: its nodes in file order, its metrics, and what is wrong with it."""

    method: str
    nodes: list[dict]
    metrics: dict[str, float]
    problem: str


@dataclass(frozen=True)
class Shown:
    """Which part of a bundle is looked at; an empty `class_name` is, for each image, the class explained first."""

    class_name: str = ""
    outcome: str = ""
    split: str = ""
    methods: tuple[str, ...] = ()
    problems_only: bool = False


def rows(bundle: Bundle, shown: Shown) -> list[tuple[str, str]]:
    """Return the images that fit, each with the class looked at, in file order.

    Where only what looks wrong is asked for, and of no one class, an image stands there once for each class of it.
    """

    def fits(image_id: str, class_name: str) -> bool:
        prediction = bundle.predictions.get(image_id, {}).get(class_name)
        if shown.class_name and prediction is None:
            return False
        if shown.outcome and (prediction is None or prediction.outcome != shown.outcome):
            return False
        if shown.split and bundle.images[image_id].get("split") != shown.split:
            return False
        explanations = cells(bundle, image_id, class_name, shown.methods) if shown.problems_only else ()
        return not shown.problems_only or any(cell.problem for cell in explanations)

    everything = shown.problems_only and not shown.class_name
    found = []
    for image_id in bundle.images:
        own = _flawed(bundle).get(image_id, []) if everything else [target_of(bundle, image_id, shown.class_name)]
        found += [(image_id, class_name) for class_name in own if fits(image_id, class_name)]
    return found


def cells(bundle: Bundle, image_id: str, class_name: str, methods: tuple[str, ...] = ()) -> list[Cell]:
    """Return an image's explanations of a class, and of the whole output, by some or all methods."""
    found = []
    for method in methods or tuple(bundle.methods):
        key = (image_id, method, "" if method in whole_output(bundle) else class_name)
        wrong = problems(bundle).get(key, "")
        found.append(Cell(method, bundle.nodes.get(key, []), bundle.metrics.get(key, {}), wrong))
    return found


def target_of(bundle: Bundle, image_id: str, class_name: str) -> str:
    """Return the class looked at: the one asked for, or the first of the image's that has an explanation."""
    return class_name or _explained(bundle).get(image_id, "")


def first_class(bundle: Bundle) -> str:
    """Return the class that is shown at first: the model's first, or each image's own where there are many."""
    return bundle.classes[0] if len(bundle.classes) <= MANY_CLASSES else ""


def splits(bundle: Bundle) -> list[str]:
    """Return the parts of the data set that the images come from."""
    return sorted({image.get("split") or "" for image in bundle.images.values()} - {""})


def tree_of(nodes: list[dict]) -> list[dict]:
    """Return a tree's nodes as they hang together: `{"node", "branches"}` from the roots down."""
    below = defaultdict(list)
    for node in nodes:
        below[node["parent"]].append(node)

    def grown(parent: str) -> list[dict]:
        return [{"node": node, "branches": grown(node["node"])} for node in below.get(parent, ())]

    return grown("")


def whole_output(bundle: Bundle) -> set[str]:
    """Return the methods that explain a whole output by one tree, not one class."""
    return _facts(bundle).whole


def problems(bundle: Bundle) -> dict[tuple[str, str, str], str]:
    """Return what is wrong by (image id, method, class), in words; bundles don't change: it is looked for once.

    An explanation is missing where its method explains the class for most images, or has nothing for this image; an
    overlay is wrong where its file is gone, is the very file of another one, has other proportions than the image, or
    is of another scale than most of its method's overlays (all of a method may be smaller than their images).
    """
    return _facts(bundle).problems


@dataclass(frozen=True)
class _Facts:
    whole: set[str]
    explained: dict[str, str]
    flawed: dict[str, list[str]]
    problems: dict[tuple[str, str, str], str]


def _explained(bundle: Bundle) -> dict[str, str]:
    return _facts(bundle).explained


def _flawed(bundle: Bundle) -> dict[str, list[str]]:
    return _facts(bundle).flawed


def _facts(bundle: Bundle) -> _Facts:
    return _known(bundle.sha256, bundle)


@lru_cache(maxsize=8)
def _known(_sha256: str, bundle: Bundle) -> _Facts:
    explained: dict[str, str] = {}
    for image_id, _, target in bundle.nodes:
        if target:
            explained.setdefault(image_id, target)
    found = _missing(bundle)
    for key, nodes in bundle.nodes.items():
        if wrong := _wrong(bundle, key[0], nodes):
            found[key] = wrong
    flawed: dict[str, list[str]] = {}
    for image_id, _, target in sorted(found):
        classes = flawed.setdefault(image_id, [])
        if (shown := target or explained.get(image_id, "")) not in classes:
            classes.append(shown)
    return _Facts({method for _, method, target in bundle.nodes if not target}, explained, flawed, found)


def _missing(bundle: Bundle) -> dict[tuple[str, str, str], str]:
    covered = Counter((method, target) for _, method, target in bundle.nodes)
    has_any = {(image_id, method) for image_id, method, _ in bundle.nodes}
    found = {}
    for method in bundle.methods:
        targets = [target for target in ("", *bundle.classes) if covered[method, target]]
        for image_id in bundle.images:
            for target in targets:
                usual = covered[method, target] > len(bundle.images) / 2
                if (image_id, method, target) not in bundle.nodes and (usual or (image_id, method) not in has_any):
                    found[image_id, method, target] = "missing"
    return found


def _wrong(bundle: Bundle, image_id: str, nodes: list[dict]) -> str:
    image = bundle.images.get(image_id)
    if image is None:
        return "of an image that the bundle doesn't have"
    for node in nodes:
        name = node["overlay_file"]
        if not name:
            return "no overlay"
        path = bundle.folder / name
        if not path.is_file():
            return "its file is gone"
        size = image_size(path)
        if size is None:
            return "no picture that can be read"
        if not _fits(size, image, _usual_scales(bundle)[node["method"]]):
            scale = "" if _usual_scales(bundle)[node["method"]] == 1 else ", unlike the method's others"
            return f"{size[0]} × {size[1]} px, the image {image['width']} × {image['height']}{scale}"
        if _uses(bundle)[bundle.manifest["files"].get(name)] > 1:
            return "the same picture as another overlay, or both are empty"
    return ""


def _fits(size: tuple[int, int], image: dict, scale: float) -> bool:
    """Return whether an overlay is its image at a scale, to the pixel that rounding may take or give."""
    return all(abs(got - image[side] * scale) <= 1 for got, side in zip(size, ("width", "height"), strict=True))


def _usual_scales(bundle: Bundle) -> dict[str, float]:
    """Return, by method, how wide most of its overlays are as a part of their image's width."""
    return _scaled(bundle.sha256, bundle)


@lru_cache(maxsize=8)
def _scaled(_sha256: str, bundle: Bundle) -> dict[str, float]:
    found: dict[str, Counter] = {}
    for (image_id, method, _), nodes in bundle.nodes.items():
        if image_id not in bundle.images:
            continue
        for node in nodes:
            path = bundle.folder / (node["overlay_file"] or "")
            if path.is_file() and (size := image_size(path)):
                found.setdefault(method, Counter())[size[0] / bundle.images[image_id]["width"]] += 1
    return {method: counts.most_common(1)[0][0] for method, counts in found.items()}


def _uses(bundle: Bundle) -> Counter:
    return _counted(bundle.sha256, bundle)


@lru_cache(maxsize=8)
def _counted(_sha256: str, bundle: Bundle) -> Counter:
    names = {node["overlay_file"] for nodes in bundle.nodes.values() for node in nodes} - {"", None}
    return Counter(bundle.manifest["files"].get(name) for name in names)
