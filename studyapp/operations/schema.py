"""Whether a database is one that this version can migrate: its tables are those of the migrations that it records.

The first migration was edited in place while Heatwise was young, so a database of those days records the same names
with other tables: it migrated without a word and failed later. Migrations are frozen since; what differs is refused.
"""

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from .contents import OperationError

APP = "studyapp"
START_ANEW = (
    "Nothing was changed. Take the data out with the version that made it (`export_study`, `dump_study`), and start "
    "with a new database."
)


def require_known(using: str = DEFAULT_DB_ALIAS) -> None:
    """Refuse a database whose records name migrations that this version lacks, or whose tables are other ones."""
    connection = connections[using]
    recorded = MigrationRecorder(connection)
    applied = [key for key in recorded.applied_migrations() if key[0] == APP] if recorded.has_table() else []
    if not applied:
        return
    loader = MigrationLoader(connection)
    if unknown := sorted(name for app, name in applied if (app, name) not in loader.disk_migrations):
        raise OperationError(
            f"the database was made by a newer or another version of Heatwise: this one doesn't know its migration "
            f"{unknown[0]}. Install that version. Nothing was changed."
        )
    if differing := _difference(connection, loader, applied):
        raise OperationError(f"the database is of no released version of Heatwise: {differing}. {START_ANEW}")


def _difference(connection: BaseDatabaseWrapper, loader: MigrationLoader, applied: list[tuple[str, str]]) -> str:
    """Return the first difference between the tables as they are and as the applied migrations made them."""
    last = [key for key in applied if not any(child in applied for child in loader.graph.node_map[key].children)]
    apps = loader.project_state(last).apps
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for model in sorted(apps.get_models(include_auto_created=True), key=lambda model: model._meta.db_table):
            if model._meta.app_label != APP:
                continue
            table = model._meta.db_table
            if table not in tables:
                return f"the table {table} is missing"
            expected = {field.column for field in model._meta.local_concrete_fields}
            columns = {column.name for column in connection.introspection.get_table_description(cursor, table)}
            if expected != columns:
                lacking, odd = sorted(expected - columns), sorted(columns - expected)
                return f"its table {table} {f'lacks the column {lacking[0]}' if lacking else f'has a column {odd[0]}'}"
    return ""
