"""The tables as the API gives them page by page: rows as JSON values."""

from studyapp import models
from studyapp.core.engine.fields import Field
from studyapp.core.export.columns import columns
from studyapp.data import rows
from studyapp.publishing import kind_of_study


def fields(study: models.Study, name: str, *, with_ids: bool = False) -> list[Field]:
    """Return a table's columns with what their values mean in this study."""
    published = rows.published(study)
    versions, shown = rows.parameters_by_version(study, published), rows.displays_by_version(published)
    return columns(kind_of_study(study, published), versions, shown, with_ids=with_ids)[name]


def page(study: models.Study, name: str, runs: list[models.Participant], *, with_ids: bool = False) -> list[dict]:
    """Return the rows of some runs as JSON values, every column of the table in each."""
    names = [field.name for field in fields(study, name, with_ids=with_ids)]
    found = rows.of_runs(study, kind_of_study(study), name, runs, "default", with_ids=with_ids)
    return [{column: (keys | row).get(column) for column in names} for keys, row in found]
