"""Bundles come from outside: whatever stands in one, it loads and serves every page, or is refused in words."""

import csv
import hashlib
import io
import json
import struct
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from studyapp.core.bundles import gallery, limits, scales
from studyapp.core.bundles.bundle import Bundle, BundleError
from studyapp.core.bundles.checking import require_whole
from studyapp.core.bundles.map_tree import leaves, read_tree
from studyapp.core.bundles.pairs import find_pairs
from studyapp.core.display import Display, picture
from studyapp.core.heatmaps.displays import described
from tests.bundles import node_row, write_bundle
from tests.bundles import picture as webp

HOSTILE_CELLS = (
    "", " ", "NaN", "inf", "-inf", "1e999", "-5", "0", "1.5", "1_0", "٣", "9" * 20, "true", "TRUE", "x" * 30_000,
    "a\nb", "a\tb", "\0", "../../etc/passwd", "/etc/passwd", "0|1|x", "|", "=1+1", "<script>", "horse", '"', "\u202e",
)  # fmt: skip
HOSTILE_JSON = (
    None,
    True,
    -1,
    5,
    1e308,
    "",
    "x",
    "\ud800",
    "\0",
    [],
    [1],
    [[]],
    {},
    {"a": 1},
    ["cat", "cat"],
    "y" * 10_000,
)
EVERYTHING = object()


def npy(array, **changes) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    content = buffer.getvalue()
    for old, new in changes.values():
        assert old in content
        content = content.replace(old, new)
    return content


def saved(picture: Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(Image.new("RGB", (8, 8)), "WEBP", exif=exif.tobytes())


def huge_png(kind: int) -> bytes:
    """Return a PNG that says it has 10 billion pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, kind, 0, 0, 0)
    import zlib

    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + b"\0" * 40


HOSTILE_FILES = {
    "empty": b"",
    "text": b"hello",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "half a webp": webp()[:20],
    "turned": turned(),
    "huge": huge_png(2),
    "huge grey": huge_png(0),
    "animated": saved(Image.new("RGB", (8, 8)), "WEBP", save_all=True, append_images=[Image.new("RGB", (8, 8), "red")]),
    "gif": saved(Image.new("P", (8, 8)), "GIF"),
    "larger": webp(size=16),
    "colour png": saved(Image.new("RGB", (8, 8)), "PNG"),
    "npy": npy(np.ones((8, 8), np.float16)),
    "nan": npy(np.full((8, 8), np.nan, np.float32)),
    "huge values": npy(np.full((8, 8), 1e200)),
    "cube": npy(np.ones((2, 2, 2))),
    "objects": npy(np.array([[1, 2]], object)),
    "complex": npy(np.ones((2, 2), complex)),
    "no numbers": npy(np.ones((0, 4))),
    "lying npy": npy(np.ones((8, 8)), shape=(b"(8, 8)", b"(9, 9)")),
    "endless npy": npy(np.ones((8, 8)), shape=(b"(8, 8), }     ", b"(10000, 99999)")),
    "nested": b"[" * 100_000,
    "deep tree": b'{"roots":[' + b'{"id":"a","level":1,"children":[' * 3000 + b'{"class":0}' + b"]}" * 3000 + b"]}",
    "not utf-8": b"\xff\xfe\x00",
    "long number": b"9" * 10_000,
    "unfinished quote": b'image_id,"file\n',
    "nuls": b"\0" * 100,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small bundle with one of everything: classes' maps and trees, grey and .npy, metrics, a latent tree."""
    folder = write_bundle(tmp_path_factory.mktemp("whole"), per_outcome={"TP": 2, "FP": 1, "FN": 1, "TN": 1})
    rows = rows_of((folder / "nodes.csv").read_bytes())
    image_id = rows[0]["image_id"]
    (folder / "maps" / "a.npy").write_bytes(npy(np.ones((4, 4), np.float16)))
    tree = [("0", "", "0|1"), ("0.0", "0", "0"), ("0.1", "0", "1")]
    rows += [
        node_row(
            image_id,
            "cwox",
            "",
            node,
            "maps/a.npy",
            parent=parent,
            classes=classes,
            scale=2,
            low="",
            high="",
            score=0.5,
        )
        for node, parent, classes in tree
    ]
    (folder / "nodes.csv").write_bytes(table(rows))
    metric = {"image_id": image_id, "method": "lrp", "target": "0", "metric": "iou", "value": "0.5"}
    (folder / "metrics.csv").write_bytes(table([metric]))
    leaf = [{"class": 0}, {"class": 1}]
    (folder / "tree.json").write_text(json.dumps({"roots": [{"id": "Z1", "level": 1, "children": leaf}]}))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["methods"] += [{"name": "cwox", "title": "CWOX", "signed": True, "pixelwise": False}]
    manifest["files"] |= {"metrics.csv": "", "tree.json": "", "maps/a.npy": ""}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def rows_of(content: bytes) -> list[dict]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def table(rows: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


class Changed:
    """A copy of the whole bundle in which single files are replaced, one after the other."""

    def __init__(self, whole: Path, folder: Path):
        self.whole, self.folder = whole, folder
        self.files = {
            path.relative_to(whole).as_posix(): path.read_bytes() for path in whole.rglob("*") if path.is_file()
        }
        self.manifest = json.loads(self.files.pop("manifest.json"))
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def outcome(self, name: str = "", content: bytes = b"", **manifest) -> str:
        """Return in which words the bundle is refused; nothing where it loads, and then all of it can be used."""
        changed = self.manifest | manifest
        if manifest.get("files", EVERYTHING) is EVERYTHING:
            contents = self.files | ({name: content} if name else {})
            changed["files"] = {one: hashlib.sha256(found).hexdigest() for one, found in contents.items()}
        (self.folder / "manifest.json").write_text(json.dumps(changed))
        if name:
            (self.folder / name).write_bytes(content)
        try:
            bundle = Bundle(self.folder)
            assert bundle.check_files() == []
            require_whole(bundle)
        except BundleError as error:
            return str(error)
        finally:
            if name:
                (self.folder / name).write_bytes(self.files[name])
        use(bundle)
        return ""


def use(bundle: Bundle) -> None:
    """Do with a bundle what the app's pages do."""
    gallery._known.cache_clear()
    gallery.rows(bundle, gallery.Shown(problems_only=True))
    for image_id, class_name in gallery.rows(bundle, gallery.Shown("")):
        for cell in gallery.cells(bundle, image_id, class_name):
            gallery.tree_of(cell.nodes)
    find_pairs(bundle)
    described(bundle, {}, {})
    for what in ("classes", "datasets", "methods"):
        bundle.titles(what)
    for name in bundle.classes:
        bundle.outcomes(name)
    first, *others = bundle.images
    if "features.npy" in bundle.manifest["files"]:
        assert all(-1.001 <= value <= 1.001 for value in bundle.similarity(first, others).values())
    for method in bundle.methods:
        leaves(read_tree(bundle, first, method))
        scales.study_scales(bundle, method, Display())
    for trees in list(bundle.nodes.values())[:3]:
        for node in trees:
            scales.scale_of(bundle, node, Display())
            picture(bundle.photograph(node.image_id), bundle.saliency(node), Display(), reference=node.reference)


@pytest.fixture
def changed(whole, tmp_path):
    return Changed(whole, tmp_path)


def test_the_bundle_itself_loads(changed):
    assert changed.outcome() == ""


@pytest.mark.parametrize("name", ["images.csv", "predictions.csv", "nodes.csv", "metrics.csv"])
def test_every_cell_with_whatever_in_it_loads_or_is_refused_with_file_row_and_column(changed, name):
    rows = rows_of(changed.files[name])
    place = Random(name).randrange(len(rows))
    for column in rows[0]:
        for value in HOSTILE_CELLS:
            other = [row | {column: value} if number == place else row for number, row in enumerate(rows)]
            said = changed.outcome(name, table(other))
            assert not said or "csv" in said, (column, value, said)


@pytest.mark.parametrize(
    ("name", "column", "value", "said"),
    [
        ("predictions.csv", "score", "NaN", "row 2, column 'score': expected a number of magnitude up to 1e+30, found"),
        ("predictions.csv", "score", "inf", "row 2, column 'score': expected a number"),
        ("predictions.csv", "outcome", "FP", "row 2, column 'outcome': expected TP, by truth and predicted"),
        ("predictions.csv", "class_name", "horse", "row 2, column 'class_name': expected 'cat', as in the manifest"),
        ("images.csv", "width", "-5", "row 2, column 'width': expected a whole number, found '-5'"),
        ("images.csv", "width", "9", "expected its picture's size, 8 × 8, found 9 × 8"),
        ("nodes.csv", "method", "rise", "row 2, column 'method': expected a method of the manifest, found 'rise'"),
        ("nodes.csv", "label", "x" * 200_000, "row 2: expected comma-separated values, found field larger than"),
        ("nodes.csv", "label", "x" * 30_000, "row 2, column 'label': expected at most 20,000 characters"),
        ("nodes.csv", "parent", "7", "node '0' has the parent '7', which is no node"),
        ("nodes.csv", "parent", "0", "the tree is deeper, or runs in a circle"),
        ("nodes.csv", "low", "2", "row 2, column 'low': expected low and high"),
        ("nodes.csv", "reference", "", "row 2, column 'reference': expected a number"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where_it_stands(changed, name, column, value, said):
    first, *others = rows_of(changed.files[name])
    assert said in changed.outcome(name, table([first | {column: value}, *others]))


@pytest.mark.parametrize("name", ["images.csv", "predictions.csv", "nodes.csv", "metrics.csv"])
def test_a_row_that_stands_there_twice_is_refused(changed, name):
    rows = rows_of(changed.files[name])
    assert "once, found" in changed.outcome(name, table([*rows, rows[0]]))


def test_a_tree_deeper_than_the_limit_is_refused(changed):
    rows = [row for row in rows_of(changed.files["nodes.csv"]) if row["method"] != "cwox"]
    image_id = rows[0]["image_id"]
    chain = [
        node_row(
            image_id,
            "cwox",
            "",
            str(n),
            "maps/a.npy",
            parent=str(n - 1) if n else "",
            classes="0",
            scale=1,
            low="",
            high="",
        )
        for n in range(limits.TREE_DEPTH + 1)
    ]
    assert changed.outcome("nodes.csv", table(rows + chain[:-1])) == ""
    assert "no root within 8 nodes" in changed.outcome("nodes.csv", table(rows + chain))


def test_more_rows_than_the_limit_are_refused(changed, monkeypatch):
    monkeypatch.setitem(limits.ROWS, "nodes.csv", 10)
    assert "nodes.csv, row 12: expected at most 10 rows" in changed.outcome()


@pytest.mark.parametrize("key", ["schema_version", "model", "methods", "files", "created"])
def test_every_field_of_the_manifest_with_whatever_in_it_loads_or_is_refused(changed, key):
    for value in HOSTILE_JSON:
        said = changed.outcome(**{key: value})
        assert not said or "manifest.json" in said or ".csv, row 2" in said, (value, said)


@pytest.mark.parametrize("key", ["classes", "name", "multilabel", "thresholds"])
def test_every_field_of_the_model_with_whatever_in_it_loads_or_is_refused(changed, key):
    for value in HOSTILE_JSON:
        said = changed.outcome(model=changed.manifest["model"] | {key: value})
        assert not said or "manifest.json" in said or "predictions.csv" in said, (value, said)


@pytest.mark.parametrize("key", ["name", "title", "paper", "signed", "pixelwise", "parameters"])
def test_every_field_of_a_method_with_whatever_in_it_loads_or_is_refused(changed, key):
    first, *others = changed.manifest["methods"]
    for value in HOSTILE_JSON:
        said = changed.outcome(methods=[first | {key: value}, *others])
        assert not said or "manifest.json" in said or "nodes.csv" in said, (value, said)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a", "a/../b", "a\\b", "", ".", "a//b", "x" * 300, "\ud800", "manifest.json"]
)
def test_a_file_name_that_leads_elsewhere_is_refused(changed, name):
    assert "manifest.json" in changed.outcome(files=changed.manifest["files"] | {name: "0" * 64})


@pytest.mark.parametrize("content", HOSTILE_FILES)
@pytest.mark.parametrize("kind", ["images/", "maps/", "maps/a.npy", "features.npy", "tree.json", ".csv"])
def test_every_file_with_whatever_in_it_loads_or_is_refused_by_name(changed, kind, content):
    for name in [name for name in changed.files if name.startswith(kind) or name.endswith(kind)][:4]:
        said = changed.outcome(name, HOSTILE_FILES[content])
        assert not said or name.removesuffix(".csv") in said or "images.csv" in said, (name, said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("turned", "is stored turned (EXIF orientation 6); store it upright"),
        ("huge", "expected the suffix of a PNG|expected a whole|expected at most 50,000,000 pixels"),
        ("animated", "expected one still picture, found 2"),
        ("larger", "expected its picture's size, 16 × 16, found 8 × 8"),
        ("gif", "expected a whole WEBP or PNG or JPEG"),
    ],
)
def test_a_photograph_that_people_would_see_otherwise_is_refused(changed, content, said):
    name = next(name for name in changed.files if name.startswith("images/"))
    found = changed.outcome(name, HOSTILE_FILES[content])
    assert any(words in found for words in said.split("|")), found


def test_a_bundle_of_the_first_version_is_refused_with_what_to_do(changed):
    said = changed.outcome(schema_version=1)
    assert "expected schema_version 2, found 1" in said
    assert "`python -m explainers explain` makes it anew from its work folder in seconds" in said
