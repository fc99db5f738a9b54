"""What says that the daily backup or the retention run is late: the desk, the health address, the command, a mail."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.management import call_command

from studyapp.operations import routines

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def server(settings, tmp_path):
    settings.PRODUCTION, settings.DATA_DIR = True, tmp_path
    settings.ADMINS = [("ops@example.org", "ops@example.org")]


def set_done(routine: routines.Routine, hours_ago: float) -> None:
    routines.done(routine)
    at = datetime.now(UTC) - timedelta(hours=hours_ago)
    routines._file(routine).write_text(json.dumps({"at": at.isoformat()}))


@pytest.mark.parametrize(
    ("backup", "retention", "late"),
    [
        (25.9, 25.9, []),
        (26.1, 1, ["backup"]),
        (1, 26.1, ["apply_retention"]),
        (None, 1, ["backup"]),
        (None, None, ["backup", "apply_retention"]),
    ],
)
def test_a_day_and_two_hours_are_the_limit(client, admin_client, backup, retention, late):
    for routine, hours_ago in ((routines.BACKUP, backup), (routines.RETENTION, retention)):
        if hours_ago is not None:
            set_done(routine, hours_ago)
    assert client.get("/health/").json() == {"status": "ok", "late": late}
    assert client.get("/health/?daily").status_code == (503 if late else 200)
    desk = admin_client.get("/admin/").content.decode()
    assert ("backup" in desk) == ("backup" in late)
    assert ("retention run" in desk) == ("apply_retention" in late)


def test_the_words_tell_how_long_ago(settings):
    set_done(routines.BACKUP, 49)
    assert list(routines.warnings()) == [
        "The last good backup was 49 hours ago. `systemctl status heatwise-backup` says why.",
        "No retention run has been done on this server. `systemctl status heatwise-retention` says why.",
    ]


def test_those_who_run_the_server_get_one_mail_a_day(capsys):
    set_done(routines.RETENTION, 1)
    for expected in (1, 1):
        with pytest.raises(SystemExit) as ended:
            call_command("routines", "--mail")
        assert ended.value.code == 1
        assert len(mail.outbox) == expected
    assert mail.outbox[0].to == ["ops@example.org"]
    assert "No backup" in mail.outbox[0].body
    set_done(routines.MAIL, 25)
    with pytest.raises(SystemExit):
        call_command("routines", "--mail")
    assert len(mail.outbox) == 2


def test_where_all_is_well_nobody_is_told():
    set_done(routines.BACKUP, 1)
    call_command("apply_retention")
    call_command("routines", "--mail")
    assert mail.outbox == []


@pytest.mark.parametrize("written", ["", "{}", "[]", '{"at": 5}', '{"at": "soon"}', '{"at": "2026-01-01T00:00:00"}'])
def test_a_note_that_cannot_be_read_counts_as_none(written):
    routines.done(routines.BACKUP)
    routines._file(routines.BACKUP).write_text(written)
    assert routines.last(routines.BACKUP) is None


def test_on_one_s_own_computer_nothing_is_expected(settings, client):
    settings.PRODUCTION = False
    assert client.get("/health/?daily").json() == {"status": "ok", "late": []}
