"""The engine learns all about a method, an output or a metric from its record: its sources name none of them."""

import ast
import re
from pathlib import Path

import pytest

import explainers

ROOT = Path(explainers.__file__).parent
# What belongs to single methods and metrics: their own files, their libraries, their commands and reports.
THEIR_OWN = ("methods", "wrappers", "outputs", "metrics", "xnn", "occlusion", "peers", "scoring/reports")
ENGINE = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if not path.relative_to(ROOT).as_posix().startswith(tuple(f"{own}/" for own in THEIR_OWN))
]


def registered():
    """Return the names of all methods, outputs and metrics, and of the values that metrics give."""
    metrics = explainers.METRICS | explainers.DATASET_METRICS
    values = {value for metric in metrics.values() for value in metric.directions}
    return {*explainers.METHODS, *explainers.OUTPUTS, *metrics, *values}


def words(tree):
    """Yield the line and text of each identifier and each string that is no docstring, and whether it is the former."""
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            docstrings.add(id(node.body[0].value))
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield line, node.value, False
        for field in ("id", "attr", "arg", "name", "module", "asname"):
            if isinstance(text := getattr(node, field, None), str):
                yield line, text, True


def named_in(source):
    names = "|".join(sorted(registered()))
    in_strings = re.compile(rf"\b({names})\b")
    in_identifiers = re.compile(rf"(?<![^\W_])({names})(?![^\W_])", re.IGNORECASE)  # `_lrp`, `GRAD_CAM`, `by_rise`
    return [
        f"line {line}: {text!r}"
        for line, text, is_identifier in words(ast.parse(source))
        if (in_identifiers if is_identifier else in_strings).search(text)
    ]


@pytest.mark.parametrize("path", ENGINE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_method_output_or_metric_is_named(path):
    assert named_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        'QUICK = ("grad_cam",)',
        "from explainers.methods import lime",
        "from explainers.metrics.road import imputed",
        "def explain_by_rise(): pass",
        "LRP = 1",
        'print(f"--metrics: iou needs {masks}")',
        "call(locality=1)",
        'if name == "cdrop": pass',
    ],
)
def test_each_way_of_naming_one_is_found(source):
    assert named_in(source)


@pytest.mark.parametrize("source", ['"""Such as grad_cam."""', "x = 'grad_camera'", "limestone = 1  # lime"])
def test_what_only_looks_like_a_name_or_explains_is_let_be(source):
    assert named_in(source) == []
