"""Every public function of the statistics has an example in its docstring, and every example comes out as it says."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

from analysis import statistics

MODULES = [
    found.name for found in pkgutil.walk_packages(statistics.__path__, "analysis.statistics.") if not found.ispkg
]


def public_functions(module):
    """Return the public functions that a module defines."""
    functions = inspect.getmembers(module, inspect.isfunction)
    return {name: f for name, f in functions if f.__module__ == module.__name__ and not name.startswith("_")}


@pytest.mark.parametrize("name", MODULES)
def test_every_function_has_an_example_that_comes_out_so(name):
    module = importlib.import_module(name)
    functions = public_functions(module)
    assert functions
    for function in functions.values():
        (example,) = doctest.DocTestFinder(recurse=False).find(function, globs=dict(vars(module)))
        assert example.examples, f"{name}.{function.__name__} has no example"
        said = []
        failed, _ = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE).run(
            example, out=said.append
        )
        assert not failed, "".join(said)
