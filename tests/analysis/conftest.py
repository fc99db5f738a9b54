"""Reports that several files of tests look at: made once a run, whichever worker asks first."""

import fcntl
import os
from collections.abc import Callable
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
