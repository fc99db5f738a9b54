"""How runs end before their last step, and what is left of those who withdraw, are erased, or never come back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import flow
from studyapp.run import sessions
from studyapp.run.sessions import ending
from tests.studyapp.conftest import walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_withdrawing_may_keep_or_erase_what_was_given(start):
    anna, bela = walk(start("anna"), upto=5), walk(start("bela"), upto=5)
    sessions.withdraw(anna.pk, keep=True)
    sessions.withdraw(bela.pk, keep=False)
    assert sessions.get(anna.pk).summary == {"n_trials": 2, "n_correct": 2}
    assert anna.responses.count() == 4
    assert not bela.responses.exists()
    assert sessions.get(bela.pk).plan.steps == []
    assert sessions.get(bela.pk).summary == {}
    for run in (anna, bela):
        again = sessions.get(run.pk)
        assert (again.status, again.quality) == (flow.WITHDRAWN, {})
        assert again.ended_at is not None
        sessions.withdraw(run.pk, keep=False)
        assert sessions.get(run.pk).ended_at == again.ended_at
        assert list(run.events.values_list("name", flat=True)) == ["started", "withdrawn"]
    assert anna.responses.count() == 4


def test_nothing_is_accepted_after_withdrawal(start):
    anna = walk(start("anna"), upto=5)
    late = sessions.token(anna, 5)
    sessions.withdraw(anna.pk, keep=True)
    receipt = sessions.submit(anna.pk, late, lambda participant, step: ({"number": 1}, {}), {})
    assert receipt.status == "closed"
    assert sessions.withdraw(anna.pk, keep=False).status == flow.WITHDRAWN
    assert anna.responses.count() == 4


def test_erasing_leaves_a_tombstone_without_personal_data(start):
    anna = walk(start("anna"))
    sessions.record_events(anna.pk, sessions.token(anna, 3), [{"name": "toggle", "t_ms": 5}])
    sessions.erase(anna.pk)
    anna = sessions.get(anna.pk)
    assert (anna.status, anna.summary, anna.plan.steps) == ("erased", {}, [])
    assert not anna.responses.exists()
    assert not models.Identity.objects.exists()
    assert not anna.events.filter(t_ms__isnull=False).exists()


@pytest.mark.parametrize("end", [sessions.erase, lambda pk: sessions.withdraw(pk, keep=False)])
def test_files_made_of_answers_go_once_these_are_erased(start, end, monkeypatch, django_capture_on_commit_callbacks):
    forgotten = []
    monkeypatch.setattr(ending.files, "forget_answers", forgotten.append)
    anna, bela = start("anna"), start("bela")
    with django_capture_on_commit_callbacks(execute=True):
        sessions.withdraw(bela.pk, keep=True)
        assert not forgotten
        end(anna.pk)
    assert forgotten == [anna.study_id]


def test_a_run_expires_only_after_the_hours_its_study_allows(study, start):
    anna, bela, done = walk(start("anna"), upto=5), start("bela"), walk(start("cleo"))
    study.participants.exclude(pk=bela.pk).update(seen_at=timezone.now() - timedelta(hours=25))
    assert sessions.expire(study) == 0
    study.expire_hours = 24
    assert sessions.expire(study) == 1
    statuses = [sessions.get(run.pk).status for run in (anna, bela, done)]
    assert statuses == [flow.EXPIRED, flow.ACTIVE, flow.COMPLETED]
    assert anna.responses.count() == 4


def test_a_run_that_was_seen_or_ended_meanwhile_does_not_expire(start):
    anna, bela = start("anna"), walk(start("bela"))
    seen = sessions.get(anna.pk).seen_at
    assert not ending._expire(anna.pk, seen)
    assert not ending._expire(bela.pk, timezone.now())
    assert [sessions.get(run.pk).status for run in (anna, bela)] == [flow.ACTIVE, flow.COMPLETED]
    assert ending._expire(anna.pk, seen + timedelta(microseconds=1))
    anna = sessions.get(anna.pk)
    assert (anna.status, anna.summary) == (flow.EXPIRED, {"n_trials": 0, "n_correct": 0})


def test_erasing_keeps_when_a_run_ended_and_ends_one_under_way(start):
    anna, bela = walk(start("anna")), walk(start("bela"), upto=4)
    ended = anna.ended_at
    for run in (anna, bela):
        sessions.erase(run.pk)
        erased = sessions.get(run.pk)
        assert (erased.status, erased.position, erased.quality, erased.summary) == ("erased", 0, {}, {})
        assert erased.ended_at == ended if run == anna else erased.ended_at > ended


def test_retention_erases_ids_and_keeps_answers(study, start):
    anna, bela = walk(start("anna")), walk(start("bela"))
    study.participants.filter(pk=anna.pk).update(seen_at=timezone.now() - timedelta(days=31))
    assert sessions.apply_retention(study) == 0
    study.retention_days = 30
    assert sessions.apply_retention(study) == 1
    assert list(models.Identity.objects.values_list("participant", flat=True)) == [bela.pk]
    assert anna.responses.count() == 7
