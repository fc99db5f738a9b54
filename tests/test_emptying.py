"""After a test that commits nothing is left but what every test finds."""

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from studyapp import models
from tests import emptying

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def rows() -> dict[str, int]:
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.django_table_names(only_existing=True):
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")
            found[table] = cursor.fetchone()[0]
    return found


def test_rows_that_name_each_other_go_and_what_migrations_made_stays():
    before = rows()
    ada = User.objects.create_user("ada")
    ada.user_permissions.add(Permission.objects.first())
    study = models.Study.objects.create(slug="tiny", title="Tiny", kind="clustering", seed=1)
    models.Member.objects.create(study=study, user=ada, role="owner")
    assert rows() != before
    emptying.empty(connection)
    assert rows() == before
    assert Permission.objects.count() > ContentType.objects.count() > 30
    assert not models.Study.objects.exists()
