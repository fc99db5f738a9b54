"""What a database holds, in numbers that two databases are compared by, and what both engines share."""

from dataclasses import dataclass

Contents = dict[str, list]  # by table: the number of its rows, and a digest of what they say
RECORDED = "SELECT app, name FROM django_migrations"
NAMED_FOLDERS = "SELECT folder FROM studyapp_bundle"


class OperationError(Exception):
    """Why a backup or a restore was not done, in words for whoever asked for it."""


@dataclass(frozen=True)
class Proven:
    """What a database that was loaded from a dump holds."""

    contents: Contents
    migrations: list[str]
    bundles: list[str]


def require_same(expected: Contents, found: Contents, where: str) -> None:
    """Refuse a loaded database that holds anything but what was dumped, naming the table."""
    for table in sorted({*expected, *found}):
        if expected.get(table) != found.get(table):
            n = [0 if counts is None else counts[0] for counts in (expected.get(table), found.get(table))]
            raise OperationError(f"{where}: table {table} differs: expected {n[0]} rows, found {n[1]}, or other values")
