from django.apps import AppConfig
from django.core.management.base import CommandError
from django.db.models.signals import pre_migrate


class StudyAppConfig(AppConfig):
    name = "studyapp"
    verbose_name = "Heatwise"

    def ready(self):
        pre_migrate.connect(_require_known_schema, sender=self)


def _require_known_schema(sender, *, using: str, **options) -> None:
    """Let nobody migrate a database whose tables are not those that its records tell of."""
    from studyapp.operations.contents import OperationError
    from studyapp.operations.schema import require_known

    try:
        require_known(using)
    except OperationError as refused:
        raise CommandError(str(refused)) from None
