"""The analysis' engine names no study kind, no factor and no explanation method: recipes may, each of its own kind."""

import ast
from pathlib import Path

from studyapp.core.engine.kinds import kinds

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = {"method"}  # a column of every bundle's metrics too, whatever a study varies


def test_the_engine_of_the_analysis_knows_nothing_by_name():
    methods = {path.stem for path in (ROOT / "explainers" / "methods").glob("*.py")}
    factors = {factor.name for kind in kinds().values() for factor in kind.factors}
    names = (methods | factors | set(kinds())) - SHARED
    assert {"heatmap", "lrp", "clustering"} <= names
    for path in (ROOT / "analysis").rglob("*.py"):
        if path.parent.name != "recipes":
            texts = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
            assert not texts & names, path
