"""Tables and figures of one metric's values over a bundle: a module each, named after the metric.

Each has `write_report(job, folder, out, nodes_of)`, with the scored nodes by image.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explainers.run.job import Job


def write_reports(job: Job, folder: Path, out: Path, nodes_of: Mapping[str, list[dict[str, Any]]]) -> None:
    """Write all reports that there are into the folder `out`."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}").write_report(job, folder, out, nodes_of)
