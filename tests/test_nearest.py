"""Which tests `make check` runs after a change."""

import pytest

from tests.nearest import MOST, importers_in, nearest, sources

TEXTS = {
    "app/__init__.py": "",
    "app/flow.py": "",
    "app/pages.py": "from app.flow import advance",
    "app/sub/__init__.py": "from .. import pages",
    "app/alone.py": "",
    "tests/app/test_flow.py": "from app import flow",
    "tests/app/test_pages.py": "def test():\n    import app.pages",
    "tests/app/test_sub.py": "from app import sub",
    "tests/app/test_other.py": "'shown in entry.html'",
    "tests/browser/test_flow.py": "import app.flow",
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (["app/flow.py"], ["flow", "pages", "sub"]),
        (["app/pages.py"], ["pages", "sub"]),
        (["app/alone.py"], []),
        (["tests/app/test_sub.py"], ["sub"]),
        (["tests/app/test_sub.py", "app/flow.py"], ["sub", "flow", "pages"]),
        (["templates/entry.html"], ["other"]),
        (["README.md"], []),
    ],
)
def test_the_tests_with_the_shortest_chain_of_imports_come_first(changed, expected):
    assert nearest(changed, TEXTS) == [f"tests/app/test_{name}.py" for name in expected]


def test_what_lies_in_a_folder_of_the_same_name_is_near_to_what_is_no_module():
    assert set(nearest(["app/entry.txt"], TEXTS)) == {name for name in TEXTS if name.startswith("tests/app/")}


def test_slow_tests_run_where_they_changed_themselves():
    assert nearest(["tests/browser/test_flow.py"], TEXTS) == ["tests/browser/test_flow.py"]


def test_no_more_run_than_take_a_minute():
    many = {"app/flow.py": ""} | {f"tests/app/test_{n}.py": "import app.flow" for n in range(MOST + 9)}
    assert len(nearest(["app/flow.py"], many)) == MOST


def test_this_projects_modules_have_tests_near():
    texts = sources()
    importers = importers_in(texts)
    for path, near in {
        "studyapp/core/engine/flow.py": "tests/studyapp/engine/test_flow.py",
        "explainers/methods/lrp.py": "tests/explainers/methods/test_lrp.py",
        "analysis/statistics/effects.py": "tests/analysis/statistics/test_effects.py",
        "studyapp/run/sessions/ending.py": "tests/studyapp/run/test_endings.py",
        "docs/api.md": "tests/docs/test_links.py",
    }.items():
        assert near in nearest([path], texts, importers), path
