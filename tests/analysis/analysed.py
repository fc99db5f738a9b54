"""The results of an analysis without its report folder: what most tests look at, and no figure is drawn."""

from pathlib import Path

from analysis.report.folder import results
from analysis.report.running import analyse


def analysed(export: Path | None, **options) -> dict[str, dict]:
    """Return the analyses of an export, or of `csv` and `map_file`, by their ids."""
    return {found["id"]: found for found in results(analyse(export, **options))["analyses"]}
