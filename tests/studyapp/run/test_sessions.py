"""The engine's promises, one run at a time."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import flow
from studyapp.core.engine.kinds import Page
from studyapp.run import sessions
from studyapp.run.sessions import answering, ending, runs
from tests.studyapp.conftest import submit, walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_start_draws_condition_order_and_the_whole_plan(start):
    participant = start("anna")
    assert participant.condition.name in ("small", "large")
    assert participant.order in (0, 1)
    assert [step["page"] for step in participant.plan.steps] == ["consent", "check", "check", *["trial"] * 5]


def test_the_same_id_comes_back_to_the_same_run(start):
    assert start("anna") == start("anna")
    assert models.Participant.objects.count() == 1


def test_an_accepted_answer_is_stored_and_moves_on(start):
    anna = start("anna")
    assert submit(anna, "yes", timing={"rt_ms": 812.5, "hidden_ms": 0, "input_mode": "mouse"}).status == "accepted"
    row = anna.responses.get()
    assert (row.position, row.answer, row.rt_ms, row.input_mode) == (0, {"agree": True}, 812.5, "mouse")
    assert sessions.get(anna.pk).position == 1


def test_a_repeated_submission_returns_what_is_stored(start):
    anna = start("anna")
    submit(anna, "yes")
    assert submit(anna, "no", position=0).status == "stored"
    assert anna.responses.get().answer == {"agree": True}


def test_an_answer_to_a_later_step_is_refused(start):
    anna = start("anna")
    assert submit(anna, 1, position=1).status == "moved"
    assert not anna.responses.exists()


def test_a_forged_or_foreign_token_changes_nothing(start):
    anna, bela = start("anna"), start("bela")
    for token in ("", "0", "0-", "0-" + "a" * 32, sessions.token(bela, 0), "-1-x", "9" * 400):
        receipt = sessions.submit(anna.pk, token, lambda participant, step: ({"agree": True}, {}), {})
        assert receipt.status == "moved"
    assert not models.Response.objects.exists()


def test_an_invalid_answer_is_told_by_field_and_not_stored(start):
    anna = walk(start("anna"), upto=3)
    receipt = submit(anna, "seven")
    assert receipt.status == "invalid"
    assert "number" in receipt.errors
    assert sessions.get(anna.pk).position == 3


def test_no_time_at_all_is_a_time(start):
    anna = start("anna")
    submit(anna, "yes", timing={"rt_ms": 0, "hidden_ms": 0.0, "input_mode": None})
    row = anna.responses.get()
    assert (row.rt_ms, row.hidden_ms, row.input_mode, row.timing) == (0.0, 0.0, "", {})
    assert row.rt_ms is not None


def test_what_a_browser_sends_beside_an_answer_is_cut_to_what_is_declared(start):
    anna = start("anna")
    sent = {"rt_ms": 999_999_999_999, "hidden_ms": 10**12, "input_mode": "keyboardandmouse", "shown_at": 5, "more": 1}
    submit(anna, "yes", timing=sent)
    row = anna.responses.get()
    assert (row.rt_ms, row.hidden_ms, row.input_mode) == (999_999_999_999, None, "keyboardan")
    assert row.timing == {"shown_at": 5}


def test_times_of_single_items_are_kept_where_they_are_times(start):
    anna = start("anna")
    items = {"a" * 41: 5, "b": 0, "c": "soon", "d": True, "e": -1}
    submit(anna, "yes", timing={"items": items, "screen": "1"})
    assert anna.responses.get().timing == {"screen": "1", "items": {"a" * 40: 5, "b": 0}}
    for position, items in ((1, "x"), (2, {"c": "soon"}), (3, {str(n): n for n in range(401)})):
        submit(anna, 7 if position == 1 else 1, timing={"items": items})
    timings = [anna.responses.get(position=position).timing for position in (1, 2, 3)]
    assert timings == [{}, {}, {"items": {str(n): n for n in range(400)}}]


def test_a_step_that_was_passed_over_is_moved_and_after_the_end_closed(start):
    anna = walk(start("anna"), upto=3)  # the first check was passed, the second never shown
    assert submit(anna, 1, position=2).status == "moved"
    walk(anna)
    assert submit(anna, 1, position=2).status == "closed"
    assert submit(anna, 1, position=1).status == "stored"


@pytest.mark.parametrize("rt", [-1, float("nan"), float("inf"), "12", True, None, {}])
def test_an_impossible_time_is_stored_as_missing(start, rt):
    anna = start("anna")
    submit(anna, "yes", timing={"rt_ms": rt})
    assert anna.responses.get().rt_ms is None


def test_a_failed_check_leads_to_the_second_try_and_a_passed_one_past_it(start):
    anna = walk(start("anna"), upto=1)
    submit(anna, 7)
    assert sessions.get(anna.pk).position == 2
    bela = walk(start("bela"), upto=1)
    submit(bela, 1)
    assert sessions.get(bela.pk).position == 3


def test_two_failed_checks_screen_out_and_keep_both_answers(start):
    anna = walk(start("anna"), upto=1)
    submit(anna, 7)
    submit(anna, 8)
    anna = sessions.get(anna.pk)
    assert anna.status == flow.SCREENED_OUT
    assert [row.answer for row in anna.responses.all()] == [{"agree": True}, {"number": 7}, {"number": 8}]


def test_refusing_consent_keeps_nothing_but_the_refusal(start):
    anna = start("anna")
    submit(anna, "no")
    anna = sessions.get(anna.pk)
    assert (anna.status, anna.plan.steps, anna.summary) == (flow.NO_CONSENT, [], {})
    assert not anna.responses.exists()
    assert not models.Identity.objects.exists()
    assert list(anna.events.values_list("name", flat=True)) == ["started", "no_consent"]
    assert (anna.position, anna.quality) == (0, {})
    sessions.record_events(anna.pk, sessions.token(anna, 0), [{"name": "hover", "t_ms": 1}])
    assert not anna.events.filter(name="hover").exists()


def test_a_whole_walk_completes_with_its_totals(start):
    anna = walk(start("anna"))
    assert anna.status == flow.COMPLETED
    assert anna.summary == {"n_trials": 5, "n_correct": 5}
    assert anna.responses.count() == 7
    assert anna.ended_at is not None


def test_a_run_that_lacks_an_expected_row_cannot_complete(start):
    anna = walk(start("anna"), upto=7)
    anna.responses.filter(position=4).delete()
    with pytest.raises(RuntimeError, match="without steps"):
        submit(anna, 4)
    assert sessions.get(anna.pk).status == flow.ACTIVE


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


def test_erasing_takes_a_browsers_events_without_a_time_too(start):
    anna = start("anna")
    odd = [{"name": "started", "data": {"typed": "Anna B."}}, {"name": "completed", "t_ms": -1, "uid": "a"}]
    sessions.record_events(anna.pk, sessions.token(anna, 0), [*odd, {"name": "Anna B.", "t_ms": "soon"}])
    assert anna.events.count() == 4
    sessions.withdraw(anna.pk, keep=False)
    assert list(anna.events.values_list("name", "data")) == [("started", {}), ("withdrawn", {})]


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


def test_events_are_stored_with_their_step_and_never_move_the_run(start):
    anna = walk(start("anna"), upto=4)
    events = [{"name": "toggle", "t_ms": 12.5, "input_mode": "touch", "data": {"on": True}}, {"name": "x" * 99}]
    sessions.record_events(anna.pk, sessions.token(anna, 4), events)
    assert anna.events.filter(position=4).count() == 2
    assert sessions.get(anna.pk).position == 4
    row = anna.events.get(name="toggle")
    assert (row.position, row.t_ms, row.input_mode, row.data) == (4, 12.5, "touch", {"on": True})


def test_events_are_a_sign_of_life_of_a_run_under_way_and_of_no_other(start):
    anna, bela = walk(start("anna"), upto=4), walk(start("bela"))
    before = timezone.now() - timedelta(hours=3)
    models.Participant.objects.update(seen_at=before)
    for run in (anna, bela):
        sessions.record_events(run.pk, sessions.token(run, 4), [{"name": "hover", "t_ms": 0}])
        assert run.events.get(name="hover").t_ms == 0
    assert sessions.get(anna.pk).seen_at > before
    assert sessions.get(bela.pk).seen_at == before
    sessions.record_events(anna.pk, "4-forged", [{"name": "forged"}])
    assert not anna.events.filter(name="forged").exists()


def test_names_and_data_of_events_have_room_to_their_limits_and_no_farther(start):
    anna = start("anna")
    fits, too_long = {"x": "y" * (answering.MAX_DATA - 9)}, {"x": "y" * (answering.MAX_DATA - 8)}
    sent = [{"name": "a" * 41, "uid": "u" * 41, "input_mode": "m" * 11, "data": fits}, {"name": "b", "data": too_long}]
    sessions.record_events(anna.pk, sessions.token(anna, 0), [*sent, {"name": "c", "data": "no object"}])
    first, second, third = anna.events.exclude(name="started").order_by("pk")
    assert (first.name, first.uid, first.input_mode, first.data) == ("a" * 40, "u" * 40, "m" * 10, fits)
    assert (second.data, third.data, second.uid) == ({}, {}, None)
    many = [{"name": "many", "t_ms": number} for number in range(answering.MAX_EVENTS + 1)]
    sessions.record_events(anna.pk, sessions.token(anna, 0), many)
    assert anna.events.filter(name="many").count() == answering.MAX_EVENTS


def test_nobody_fills_the_disk_with_events(start, monkeypatch):
    anna = start("anna")
    long = [{"name": "moved", "t_ms": 1, "data": {"to": "x" * 2_000}}, {"name": "moved", "t_ms": 2, "data": {"to": 3}}]
    sessions.record_events(anna.pk, sessions.token(anna, 0), long)
    fits = {"to": "x" * 1_900}
    sessions.record_events(anna.pk, sessions.token(anna, 0), [{"name": "fits", "data": fits}])
    assert anna.events.get(name="fits").data == fits
    anna.events.filter(name="fits").delete()
    assert list(anna.events.filter(name="moved").values_list("data", flat=True)) == [{}, {"to": 3}]
    monkeypatch.setattr(answering, "MAX_OF_RUN", 5)
    for _ in range(3):
        sessions.record_events(anna.pk, sessions.token(anna, 0), [{"name": "hover", "t_ms": 1}] * 4)
    assert anna.events.count() == 5
    assert submit(anna, "yes").status == "accepted"


@pytest.mark.parametrize("name", ["screen", "shown_at"])
def test_nobody_fills_the_disk_with_what_a_page_tells_of_its_showing(start, name):
    anna, fits = start("anna"), "x" * (answering.MAX_DATA - len(name) - 8)
    for position, (value, timing) in enumerate(
        [("yes", {name: fits}), (0, {name: fits + "x"}), (0, {name: {"a": fits}})]
    ):
        submit(anna, value, position=position, timing=timing | {"rt_ms": 5})
        response = anna.responses.get(position=position)
        assert (response.timing, response.rt_ms) == ({name: fits} if position == 0 else {}, 5)


def test_previews_and_bots_are_never_counted_among_people(study, start):
    first = study.conditions.first()
    for bot in ("", "", "", "oracle"):
        walk(sessions.start_preview(study.current, first, bot=bot))
    bots = Counter(sessions.start(study.pk, None, bot="oracle").condition.name for _ in range(4))
    people = Counter(start(f"p{number}").condition.name for number in range(4))
    assert bots == people == {"small": 2, "large": 2}


def test_orders_are_taken_in_turn_within_a_condition(start):
    runs = [start(f"p{number}") for number in range(8)]
    assert Counter((run.condition.name, run.order) for run in runs) == dict.fromkeys(
        [("small", 0), ("small", 1), ("large", 0), ("large", 1)], 2
    )


def test_whoever_was_away_too_long_gives_the_place_free_and_whoever_completed_keeps_it(study, start):
    study.conditions.update(quota=1)
    study.refresh_from_db()
    anna, bela = start("anna"), start("bela")
    for run in (anna, bela):
        submit(run, "yes")
    with pytest.raises(sessions.NotOpen, match="full"):
        start("cleo")
    walk(anna)
    away = timezone.now() - timedelta(minutes=study.active_minutes)
    models.Participant.objects.update(seen_at=away + timedelta(minutes=1))
    with pytest.raises(sessions.NotOpen, match="full"):
        start("cleo")
    models.Participant.objects.update(seen_at=away - timedelta(seconds=1))
    cleo = start("cleo")
    assert cleo.condition == bela.condition
    submit(cleo, "yes")
    assert start("anna") == anna
    with pytest.raises(sessions.NotOpen, match="full"):
        start("dora")


def test_a_study_that_is_not_open_takes_nobody_new_and_says_why(study, start):
    anna = start("anna")
    for status, reason in (("paused", "paused"), ("closed", "closed")):
        models.Study.objects.filter(pk=study.pk).update(status=status)
        with pytest.raises(sessions.NotOpen) as told:
            start("bela")
        assert told.value.reason == reason
        assert start("anna") == anna
    assert models.Identity.objects.get().participant == anna


def test_previews_and_bots_can_be_discarded_and_people_stay(study, start):
    anna = start("anna")
    sessions.start(study.pk, None, bot="oracle")
    sessions.start_preview(study.current, study.conditions.first())
    sessions.discard_trial_runs(study)
    assert models.Participant.objects.get() == anna


def test_bots_of_one_skill_are_discarded_alone(study, start):
    anna = start("anna")
    kept = sessions.start(study.pk, None, bot="random")
    sessions.start(study.pk, None, bot="oracle")
    preview = sessions.start_preview(study.current, study.conditions.first(), bot="oracle")
    sessions.discard_trial_runs(study, "oracle")
    assert {*models.Participant.objects.all()} == {anna, kept, preview}
    assert preview.preview


def test_of_a_browsers_runs_the_one_answers_that_the_token_was_made_for(start):
    anna, bela, cleo = start("anna"), start("bela"), start("cleo")
    tickets, token = [anna.ticket, bela.ticket], sessions.token(bela, 0)

    def answer(held, submitted):
        return sessions.submit_held(held, submitted, lambda participant, step: ({"agree": True}, {}), {})

    for held, submitted in (([], token), (["unknown"], token), ([anna.ticket], token), (tickets, "0-forged"),
                            (tickets, sessions.token(cleo, 0))):  # fmt: skip
        assert answer(held, submitted) is None
    assert not models.Response.objects.exists()
    assert (answer(tickets, token).status, answer([bela.ticket], token).status) == ("accepted", "stored")
    assert bela.responses.count() == 1
    assert not anna.responses.exists()
    assert sessions.ticket_of(tickets, sessions.browser_key(bela)) == bela.ticket
    assert sessions.ticket_of(tickets, sessions.browser_key(cleo)) is None
    with pytest.raises(models.Participant.DoesNotExist):
        sessions.get_by_ticket("unknown")


def test_a_token_names_a_step_by_six_digits_at_most(start):
    anna = start("anna")
    read = [runs.position_of(anna, sessions.token(anna, position)) for position in (0, 999_999, 1_000_000)]
    assert read == [0, 999_999, None]


def test_a_run_speaks_the_language_that_was_chosen_where_its_study_has_it(study):
    for language, spoken in (
        (("en", "link"), ("en", "link")),
        (("xx", "en"), ("", "study")),
        (("", ""), ("", "study")),
    ):
        run = sessions.start(study.pk, None, language=language)
        assert (run.language, run.language_by) == spoken


def order_reversed(steps, position, answer):
    return [*steps[: position + 1], *sorted(steps[position + 1 :], key=lambda one: one["key"], reverse=answer["down"])]


def test_an_answer_that_arranges_the_later_way_changes_the_stored_plan(start):
    anna = start("anna")
    keys = [step["key"] for step in anna.plan.steps]
    answering._arrange(anna.plan, Page("check", "check.html"), 2, {"down": True})
    assert [step["key"] for step in sessions.get(anna.pk).plan.steps] == keys
    plan = models.Plan.objects.get(participant=anna)
    answering._arrange(plan, Page("check", "check.html", arrange=f"{__name__}:order_reversed"), 2, {"down": True})
    assert [step["key"] for step in sessions.get(anna.pk).plan.steps] == [*keys[:3], *sorted(keys[3:], reverse=True)]


def test_a_batch_of_events_that_is_sent_twice_counts_once(start):
    anna = start("anna")
    batch = [{"name": "hover", "t_ms": 1, "uid": "a1"}, {"name": "hover", "t_ms": 2, "uid": "a2"}]
    for _ in range(2):
        sessions.record_events(anna.pk, sessions.token(anna, 0), batch)
    assert anna.events.filter(name="hover").count() == 2


@pytest.mark.parametrize("keep", [True, False])
def test_events_that_arrive_after_withdrawal_are_not_kept(start, keep):
    anna = start("anna")
    sessions.withdraw(anna.pk, keep=keep)
    sessions.record_events(anna.pk, sessions.token(anna, 0), [{"name": "hover", "t_ms": 1}])
    assert not anna.events.filter(name="hover").exists()


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


def test_each_run_has_a_seed_of_its_own_that_every_database_can_hold(start):
    seeds = [start(f"person-{number}").seed for number in range(12)]
    assert len(set(seeds)) == 12
    assert 2**24 < max(seeds) < 2**31
