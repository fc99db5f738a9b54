"""What an export says about itself: `dataset_description.json` (Psych-DS), README.md and CHANGES.md."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from studyapp.core.engine.fields import Field
from studyapp.core.engine.kinds import Kind

from . import psychds
from .tables import property_value

README = """# {name}

{description}

Written by Heatwise {software}. Participants carry pseudonyms; previews are left out, bots marked in `bot`.

| Table | One row per |
|---|---|
{tables}

The tables lie in `data/` and fit together by `participant` and `step_index`. `dataset_description.json` says what
every column means, its unit and its levels, and holds the parameters of each published version of the study.

Conventions: UTF-8, RFC 4180; `true`/`false`; times ISO-8601 in UTC; missing is empty. Text that begins with one of
`= + - @`, one of their wide forms `＝ ＋ － ＠`, a tab or a line break stands behind one apostrophe, so that no
spreadsheet runs it as a formula, and so does text that begins with an apostrophe before one of these or before another.
To undo it, drop the first character of a text that begins with an apostrophe followed by one of them.

```python
import pandas
trials = pandas.read_csv("data/{trials}", keep_default_na=False, na_values=[""])
```
"""
ROWS = {
    "participants": "run",
    "trials": "answered trial",
    "steps": "answered step, trials included",
    "answers": "answer to an item of a questionnaire",
    "events": "event in the browser or of the run",
    "codes": "code that a researcher gave to a free text",
    "wide": "run, its answers side by side",
}
# Keys of the description that are ours, not schema.org's.
OWN = ("software", "kind", "study_version", "study_versions", "parameters", "factors", "within", "titles", "levels",
       "valueType")  # fmt: skip


def dataset_description(
    study: Mapping[str, Any], kind: Kind, columns: dict[str, list[Field]], software: str
) -> dict[str, Any]:
    """Return the metadata of an export as Psych-DS wants it, every column of every table described once.

    `study` holds slug, title, parameters, factors (name → levels), within (the same of what each participant met
    several levels of), titles (method → what axes call it) and versions, newest first, each with study_version,
    published, sha256, parameters and display.
    """
    described = _described(columns)
    versions = study["versions"]
    return {
        "@context": psychds.context(OWN),
        "@type": "Dataset",
        "name": study["title"],
        "description": f"{kind.title}: {kind.summary}",
        "identifier": study["slug"],
        "software": {"name": "Heatwise", "version": software},
        "kind": kind.name,
        "study_version": versions[0]["study_version"] if versions else "",
        "study_versions": versions,
        "parameters": study["parameters"],
        "factors": study["factors"],
        "within": study["within"],
        "titles": study["titles"],
        "variableMeasured": [property_value(column) for column in described.values()],
    }


def _described(tables: dict[str, list[Field]]) -> dict[str, Field]:
    """Return every column once; where tables mean different things by a name, each meaning with its tables."""
    meant: dict[str, dict[str, list[str]]] = {}
    described = {}
    for table, columns in tables.items():
        for column in columns:
            meant.setdefault(column.name, {}).setdefault(column.description, []).append(table)
            described[column.name] = column
    for name, meanings in meant.items():
        if len(meanings) > 1:
            told = " ".join(f"In {', '.join(its)}: {meaning}" for meaning, its in meanings.items())
            described[name] = replace(described[name], description=told)
    return described


def readme(study: Mapping[str, Any], kind: Kind, tables: list[str], software: str) -> str:
    """Return the words that go with the folder."""
    rows = [f"| `{psychds.file_name(study['slug'], name)}` | {ROWS[name]} |" for name in tables]
    return README.format(
        name=study["title"],
        description=f"{kind.title}: {kind.summary}",
        software=software,
        tables="\n".join(rows),
        trials=psychds.file_name(study["slug"], "trials"),
    )


def changes(study: Mapping[str, Any]) -> str:
    """Return the history of the study's published versions, newest first."""
    lines = [f"{version['published']}  published {version['study_version']}" for version in study["versions"]]
    return "\n".join(lines or ["never published"]) + "\n"
