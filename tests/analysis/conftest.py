"""Reports that several files of tests look at: made once a run, whichever worker asks first."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests import once
from tests.analysis import factory


@pytest.fixture(scope="session")
def usual() -> Callable[[str], tuple[Path, Path]]:
    """Return the factory's usual export of a kind and its report, to be left as they are: `usual("clustering")`."""
    from analysis.cli import main

    def made(kind: str) -> tuple[Path, Path]:
        def make(folder: Path) -> None:
            export = getattr(factory, kind)(folder / "export")
            assert main(["report", str(export), "--out", str(folder / "report")]) == 0

        folder = once.folder(f"the usual report of {kind}", make)
        return folder / "export", folder / "report"

    return made


@pytest.fixture(scope="session")
def reported(tmp_path_factory):
    """Return the report in memory of the factory's usual export of a kind, to be left as it is; made once a worker.

    `reported("clustering", beside=True)` has a bundle's metrics and is compared with other people's answers.
    """
    from analysis.report.running import analyse

    @cache
    def made(kind: str, beside: bool):
        folder, make = tmp_path_factory.mktemp(kind), getattr(factory, kind)
        export = make(folder / "export")
        if beside:
            factory.metrics(export)
        return analyse(export, against=make(folder / "other", seed=2) if beside else None)

    return lambda kind, beside=False: made(kind, beside)
