"""Requests that arrive at the same moment, many times over; the database is a real file or PostgreSQL."""

from collections import Counter
from functools import partial

import pytest

from studyapp import models
from studyapp.core.engine import flow
from studyapp.run import sessions
from tests.studyapp.at_once import together
from tests.studyapp.conftest import submit, walk

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
ROUNDS = 25


def test_parallel_submissions_of_one_step_store_one_answer(start):
    for round_ in range(ROUNDS):
        anna = walk(start(f"p{round_}"), upto=3)
        receipts = together(*[partial(submit, anna, value, position=3) for value in (10, 20, 30)])
        assert Counter(receipt.status for receipt in receipts) == {"accepted": 1, "stored": 2}
        accepted = [10, 20, 30][[receipt.status for receipt in receipts].index("accepted")]
        assert [row.answer for row in anna.responses.filter(position=3)] == [{"number": accepted}]
        assert sessions.get(anna.pk).position == 4


def test_two_tabs_walking_at_once_make_one_whole_run(start):
    for round_ in range(ROUNDS // 5):
        anna = start(f"p{round_}")
        together(partial(walk, anna), partial(walk, anna))
        anna = sessions.get(anna.pk)
        assert anna.status == flow.COMPLETED
        assert sorted(anna.responses.values_list("position", flat=True)) == [0, 1, 3, 4, 5, 6, 7]
        assert anna.events.filter(name=flow.COMPLETED).count() == 1


def test_of_those_who_consent_at_once_as_many_are_taken_as_there_are_places(study, start):
    study.conditions.update(quota=2)
    runs = [start(f"p{number}") for number in range(7)]
    receipts = together(*[partial(submit, run, "yes") for run in runs])
    assert Counter(receipt.status for receipt in receipts) == {"accepted": 4, "full": 3}
    placed = models.Participant.objects.filter(consented_at__isnull=False).values_list("condition__name", flat=True)
    assert Counter(placed) == {"small": 2, "large": 2}


@pytest.mark.parametrize("keep", [True, False])
def test_a_submission_during_withdrawal_is_stored_before_it_or_not_at_all(start, keep):
    for round_ in range(ROUNDS):
        anna = walk(start(f"p{round_}"), upto=4)
        receipt, _ = together(partial(submit, anna, 1, position=4), partial(sessions.withdraw, anna.pk, keep=keep))
        assert sessions.get(anna.pk).status == flow.WITHDRAWN
        assert receipt.status in ("accepted", "closed")
        expected = 0 if not keep else 4 if receipt.status == "accepted" else 3
        assert anna.responses.count() == expected


def test_starts_with_one_recruitment_id_make_one_run(start):
    for round_ in range(ROUNDS):
        runs = together(*[partial(start, f"p{round_}")] * 3)
        assert len({run.pk for run in runs}) == 1
    assert models.Participant.objects.count() == ROUNDS
    assert models.Identity.objects.count() == ROUNDS


def test_parallel_starts_stay_balanced(start):
    for round_ in range(6):
        together(*[partial(start, f"p{round_}-{n}") for n in range(4)])
        counts = Counter(models.Participant.objects.values_list("condition__name", flat=True))
        assert abs(counts["small"] - counts["large"]) <= 1


def test_events_in_parallel_with_an_answer_lose_neither(start):
    anna = walk(start("anna"), upto=3)
    batch = [{"name": "toggle", "t_ms": number} for number in range(20)]
    token = sessions.token(anna, 3)
    together(
        lambda: submit(anna, 0, position=3),
        lambda: sessions.record_events(anna.pk, token, batch),
        lambda: sessions.record_events(anna.pk, token, batch),
    )
    assert anna.responses.filter(position=3).count() == 1
    assert anna.events.filter(name="toggle").count() == 40
