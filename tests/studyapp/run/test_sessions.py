"""The engine's promises, one run at a time."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from studyapp import models
from studyapp.core.engine import flow
from studyapp.core.engine.kinds import Page
from studyapp.run import sessions
from studyapp.run.sessions import answering, runs
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


def test_each_run_has_a_seed_of_its_own_that_every_database_can_hold(start):
    seeds = [start(f"person-{number}").seed for number in range(12)]
    assert len(set(seeds)) == 12
    assert 2**24 < max(seeds) < 2**31
