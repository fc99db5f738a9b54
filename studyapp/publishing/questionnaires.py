"""Why a study's questionnaires can't be asked, in words."""

from collections.abc import Collection

from studyapp.core.engine.kinds import Kind
from studyapp.core.export.columns import columns
from studyapp.core.questionnaires import reading


def questionnaire_problems(study_kind: Kind, found, conditions: Collection[str]) -> list[str]:
    """Return why questionnaires can't be asked in a study of a kind with these conditions, one sentence each."""
    tables = columns(study_kind)
    taken = {field.name for name in ("participants", "steps") for field in tables[name]}
    return reading.problems(found, conditions, [page.name for page in study_kind.pages], taken)
