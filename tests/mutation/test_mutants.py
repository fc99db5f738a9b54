"""The tool that asks whether tests notice mistakes: which it makes, and that the sources stay as they are."""

import ast
import subprocess
import sys

import pytest

from tests.mutation.__main__ import ROOT, main, source_of
from tests.mutation.mutants import mutants
from tests.mutation.sets import SETS
from tests.mutation.worker import MOST_MEMORY, exit_code

SOURCE = '''
"""A docstring with 1 < 2."""


def limits(values: list[float], level: float = 0.95) -> float:
    """Return 0.5 * (1 - level)."""
    if not values or len(values) < 2:
        raise ValueError(f"{len(values)} < 2")
    total = max(0, sum(values)) - 3
    warnings.warn("total", stacklevel=2)
    check(values, level)
    outer(values, values)
    return -total ** 2 if values[0] in (1, 2) else total
'''
EXPECTED = {
    "level: float = 0.9)", "len(values) <= 2", "if values or", "not values and len", "min(0, sum", "sum(values)) + 3",
    "max(1, sum", "values)) - 4", "check(level, values)", "    pass\n    return", "return total **", "total * 2 if",
    "values[1] in", "values[0] not in (1", "        pass\n    total",
}  # fmt: skip


def test_small_mistakes_are_made_and_each_is_python():
    made = [mutant.applied(SOURCE.encode()).decode() for mutant in mutants("limits.py", SOURCE.encode())]
    assert all(ast.dump(ast.parse(text)) != ast.dump(ast.parse(SOURCE)) for text in made)
    assert len(set(made)) == len(made)
    for text in EXPECTED:
        assert any(text in mistaken for mistaken in made), text


def test_docstrings_annotations_and_messages_are_left_alone():
    made = [mutant.applied(SOURCE.encode()).decode() for mutant in mutants("limits.py", SOURCE.encode())]
    for text in ('"""A docstring with 1 < 2."""', "Return 0.5 * (1 - level).", "list[float]", "stacklevel=2"):
        assert all(text in mistaken for mistaken in made)


def test_a_mistake_is_said_with_its_place():
    in_words = [mutant.in_words(SOURCE.encode()) for mutant in mutants("limits.py", SOURCE.encode())]
    assert any(text.startswith("limits.py:5: constant: def limits(") and text.endswith("= 0.9) -> float:")
               for text in in_words)  # fmt: skip


def test_every_source_and_every_test_of_a_set_is_there():
    for name, chosen in SETS.items():
        for path, tests in chosen.sources.items():
            assert mutants(path, source_of(path)), (name, path)
            assert tests, (name, path)
            assert all((ROOT / test.split("::")[0]).exists() for test in tests), (name, path)


def test_every_module_of_a_mutated_room_is_in_a_set():
    mutated = {path for chosen in SETS.values() for path in chosen.sources}
    for pattern in ("analysis/statistics/**", "explainers/metrics", "studyapp/run/sessions", "studyapp/studies/*"):
        name = "scoring.py" if pattern == "studyapp/studies/*" else "*.py"
        modules = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(f"{pattern}/{name}")}
        assert modules
        assert not [path for path in sorted(modules - mutated) if mutants(path, source_of(path))]


def test_a_sample_is_drawn_by_its_seed(capsys):
    drawn = []
    for seed in ("1", "1", "2"):
        main(["statistics", "--sample", "5", "--seed", seed, "--list"])
        drawn.append(capsys.readouterr().out)
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0].splitlines()) == 5


def test_mistakes_are_made_in_a_copy_and_tests_notice_them():
    path = "analysis/statistics/multiplicity.py"
    before = (ROOT / path).read_bytes()
    command = [
        sys.executable,
        "-m",
        "tests.mutation",
        "statistics",
        "--only",
        path,
        "--sample",
        "1",
        "--at-least",
        "100",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "of 1 killed" in done.stdout
    assert (ROOT / path).read_bytes() == before


ALONE = ("--noconftest", "-p", "no:django")  # which is set up here already


def test_a_mistake_that_never_ends_is_stopped_by_the_processor_seconds_it_takes(tmp_path):
    (tmp_path / "test_endless.py").write_text("def test_endless():\n    while True:\n        pass\n")
    code, seconds = exit_code([str(tmp_path), *ALONE], 1.0, tmp_path / "log.txt")
    assert code is None
    assert seconds > 0.8


@pytest.mark.parametrize(("size", "expected"), [(1000, 0), (2 * MOST_MEMORY, 1)])
def test_a_mistake_that_asks_for_memory_without_end_fails(tmp_path, size, expected):
    (tmp_path / "test_endless.py").write_text(f"def test_endless():\n    assert bytearray({size})\n")
    code, _ = exit_code([str(tmp_path), *ALONE], 30.0, tmp_path / "log.txt")
    assert code == expected
