"""A CSV that a configuration names."""

import csv
from pathlib import Path

from explainers.errors import UserError


def read_csv(path: Path, field: str) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and rows of a UTF-8 CSV with a header; `field` of the configuration stands in the error."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            return list(reader.fieldnames or ()), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{field}: cannot read {path}: {error}.") from None
