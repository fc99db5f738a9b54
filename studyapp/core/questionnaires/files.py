"""A questionnaire as a file of its own, for the next study."""

import json
from typing import Any

from studyapp.core.storable import storable

from .reading import problems

FORMAT, FORMAT_VERSION = "heatwise-questionnaire", 1
# What belongs to the study that it was asked in.
LEFT_OUT = ("conditions",)


def written(questionnaire: dict[str, Any]) -> str:
    """Return the file of a questionnaire, without the conditions in which it was asked."""
    kept = {name: value for name, value in questionnaire.items() if name not in LEFT_OUT}
    content = {"format": FORMAT, "format_version": FORMAT_VERSION, "questionnaire": kept}
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def questionnaire_in(text: str) -> tuple[dict[str, Any], list[str]]:
    """Return the questionnaire that a file's text holds; or an empty one and why, in words."""
    try:
        content = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        return {}, [f"The file, line {error.lineno}: expected JSON, found {error.msg}."]
    except (ValueError, RecursionError):
        return {}, ["The file: expected JSON that can be read."]
    if storable(content) != content:
        return {}, ["The file: expected numbers and text without NULs, not too deep in one another."]
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return {}, [f"The file: expected a questionnaire downloaded here, with format {FORMAT!r}."]
    if type(content.get("format_version")) is not int or content["format_version"] != FORMAT_VERSION:
        return {}, [f"The file: expected format_version {FORMAT_VERSION}, found {content.get('format_version')!r:.60}."]
    if strange := set(content) - {"format", "format_version", "questionnaire"}:
        return {}, [f"The file: unknown {sorted(strange)[0]!r:.60}; expected format, format_version and questionnaire."]
    wrong = problems([content.get("questionnaire")], (), (), ())
    return ({}, wrong) if wrong else (content["questionnaire"], [])
