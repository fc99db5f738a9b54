"""Reports that several files of tests look at: made once a run, whichever worker asks first."""

import fcntl
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.analysis import factory


@pytest.fixture(scope="session")
def usual(tmp_path_factory) -> Callable[[str], tuple[Path, Path]]:
    """Return the factory's usual export of a kind and its report, to be left as they are: `usual("clustering")`."""
    from analysis.cli import main

    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(kind: str) -> tuple[Path, Path]:
        folder = shared / f"usual-{kind}"
        export, report = folder / "export", folder / "report"
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not report.exists():
                getattr(factory, kind)(export)
                assert main(["report", str(export), "--out", str(report)]) == 0
        return export, report

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
