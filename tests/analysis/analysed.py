"""The results of an analysis without its report folder: what most tests look at, and no figure is drawn."""

from pathlib import Path

from analysis.report.folder import results
from analysis.report.running import analyse


def analysed(export: Path | None, *sections: str, **options) -> dict[str, dict]:
    """Return the analyses of an export, or of `csv` and `map_file`, by their ids: of these sections, or of all."""

    def chosen(steps):
        by_name = dict(steps)
        return [(name, by_name[name]) for name in sections or by_name]

    found = results(analyse(export, progress=chosen, **options))["analyses"]
    return {one["id"]: one for one in found}
