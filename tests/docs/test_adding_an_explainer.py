"""The method that the page writes is found in its folder, keeps the page's identity, and passes the contract."""

import importlib
import sys
import tomllib

import pytest

import explainers
from explainers import methods, registry
from explainers.record import records_in
from tests.docs.pages import blocks, style_problems, write_files
from tests.explainers.methods import test_every_method as contract

PAGE, NAME = "adding_an_explainer.md", "xgrad_cam"


@pytest.fixture(autouse=True)
def method(tmp_path, monkeypatch):
    """Write the page's file into a folder that counts as `explainers/methods`, and look again."""
    write_files(PAGE, tmp_path)
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(tmp_path / "explainers" / "methods")])
    monkeypatch.setitem(explainers.METHODS, NAME, records_in(methods)[NAME])
    yield
    del sys.modules[f"explainers.methods.{NAME}"]


def test_what_the_page_tries_holds():
    (code,) = (block.text for block in blocks(PAGE, "python") if not block.file)
    exec(compile(code, PAGE, "exec"), {})


def test_the_file_is_written_as_lint_wants_it(tmp_path):
    assert not style_problems(write_files(PAGE, tmp_path), "ANN001,ANN201")  # mypy wants types in explainers


def test_it_passes_the_contract_of_every_method():
    contract.test_maps_are_finite_floats_of_the_images_size(NAME)
    contract.test_the_same_seed_gives_the_same_map(NAME)
    contract.test_a_batch_equals_a_loop(NAME)
    contract.test_a_one_hot_weighting_is_its_class(NAME)
    contract.test_the_model_comes_back_as_it_was(NAME, training=True)
    contract.test_the_model_comes_back_as_it_was_after_an_error(NAME)
    contract.test_every_parameter_is_described(NAME)
    contract.test_images_and_targets_may_come_from_inference_mode(NAME)


def test_the_configuration_is_one_that_the_method_takes():
    (text,) = (block.text for block in blocks(PAGE, "toml"))
    (table,) = tomllib.loads(text)["methods"]
    registry.check_parameters(table.pop("name"), explainers.METHODS[NAME], table)


def test_the_folders_that_the_page_names_hold_what_it_says():
    for folder in ("methods", "metrics", "outputs"):
        assert importlib.import_module(f"explainers.{folder}").__path__
