"""Mails of what is new in a study: once each, off unless configured, and never on a participant's way."""

from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from studyapp import models
from studyapp.core import environment
from studyapp.data import telling
from tests.studyapp.conftest import submit, walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def told(study):
    models.Study.objects.update(notify="ada@example.org, bob@example.org")

    def run() -> list:
        mail.outbox.clear()
        call_command("notify")
        return mail.outbox

    return run


def test_a_full_quota_is_told_once_and_anew_when_it_was_raised(study, start, told):
    study.conditions.update(quota=1)
    walk(start("anna"))
    (message,) = told()
    assert message.to == ["ada@example.org", "bob@example.org"]
    assert (message.subject, "1 of 1 completed" in message.body) == ("A tiny study: 1 full quota", True)
    assert told() == []
    study.conditions.update(quota=2)
    assert told() == []
    for name in ("bela", "cleo", "dora"):
        walk(start(name))
    (message,) = told()
    assert message.subject == "A tiny study: 2 full quotas"


def test_runs_that_stall_are_told_in_one_mail_without_naming_anybody(study, start, told):
    for number in range(telling.MOST_NAMED + 2):
        submit(start(f"SECRET-{number}"), "yes")
    start("never consented")
    assert told() == []
    models.Participant.objects.update(seen_at=timezone.now() - timedelta(minutes=study.active_minutes + 1))
    (message,) = told()
    assert message.subject == "A tiny study: 22 stalled runs"
    assert message.body.count("page 2 of") == telling.MOST_NAMED
    assert "… and 2 more." in message.body
    assert "SECRET" not in message.body
    assert told() == []


def test_a_failed_job_is_told_with_its_reason(study, told):
    models.Job.objects.create(kind="report", study=study, outcome="failed", error="no data\n")
    models.Job.objects.create(kind="export", study=study, outcome="done")
    (message,) = told()
    assert "The job “report” failed: no data" in message.body
    assert "export" not in message.body


def test_what_could_not_be_sent_is_told_next_time(study, start, told, monkeypatch):
    study.conditions.update(quota=1)
    walk(start("anna"))
    real = telling.tell

    def broken(found):
        def refuse(*message):
            raise SMTPException("try later")

        return real(found, refuse)

    with monkeypatch.context() as patched:
        patched.setattr(telling, "tell", broken)
        with pytest.raises(CommandError, match="tried again next time"):
            call_command("notify")
    assert len(told()) == 1


def test_without_a_mail_server_or_an_address_nothing_is_sent(study, start, told, settings, capsys):
    study.conditions.update(quota=1)
    walk(start("anna"))
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = environment.mail_server("HEATWISE_MAIL")["EMAIL_BACKEND"]
    assert told() == []
    assert "HEATWISE_MAIL is not set" in capsys.readouterr().out
    settings.EMAIL_BACKEND = backend
    models.Study.objects.update(notify="")
    assert told() == []
    study.refresh_from_db()
    study.notify = "ada@example.org, nobody"
    with pytest.raises(ValidationError, match="found 'nobody'"):
        study.clean()
