"""The dashboard: each figure counted by hand, the runs behind it, and what it asks of the database."""

import json
from datetime import timedelta
from random import Random

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from studyapp import models, publishing
from studyapp.core.engine import quality
from studyapp.desk.results import charts, completed, dashboard
from studyapp.run import sessions
from tests.studyapp.conftest import submit, walk
from tests.studyapp.researcher import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def desk():
    return signed_in(User.objects.create_superuser("ada"))


@pytest.fixture
def crowd(study, start):
    """Two completed, one active, one away, one withdrawn at the second trial, one without consent, one erased."""
    done = [walk(start("done-1")), walk(start("done-2"))]
    walk(start("active"), upto=1)
    away = walk(start("away"), upto=4)
    models.Participant.objects.filter(pk=away.pk).update(seen_at=timezone.now() - timedelta(minutes=31))
    left = walk(start("left"), upto=4)
    sessions.withdraw(left.pk, keep=True)
    submit(start("refused"), "no")
    sessions.erase(start("erased").pk)
    sessions.start(study.pk, None, bot="oracle")
    sessions.start_preview(study.current, study.conditions.first())
    return done


def numbers(study, **options):
    return {row["label"]: row["value"] for row in dashboard.figures(study, **options)["numbers"]["numbers"]}


def test_an_empty_dashboard_says_what_comes_next_until_somebody_starts(desk, draft):
    page = reverse("admin:study_dashboard", args=[draft.pk])

    def next_step(**options) -> str:
        return dashboard.rendered(models.Study.objects.get(pk=draft.pk), **options)["next"]["html"]

    assert "Follow the checklist" in next_step()
    publishing.publish(draft)
    assert "Send people <a" in next_step()
    assert "No bot has walked yet" in next_step(bots=True)
    publishing.set_status(draft, models.Study.Status.PAUSED)
    assert reverse("admin:study_resume", args=[draft.pk]) in next_step()
    publishing.set_status(draft, models.Study.Status.OPEN)
    assert "Nobody has started yet" in desk.get(page).content.decode()
    sessions.start(draft.pk, sessions.Visitor("PROLIFIC_PID", "anna"))
    assert next_step().strip() == ""
    assert "No bot has walked yet" in next_step(bots=True)


def test_the_numbers_count_people_by_where_they_stand(study, crowd):
    assert numbers(study) == {
        "Started": 7,
        "Active now": 1,
        "Away": 1,
        "Completed": "2",
        "Left": 1,
        "Turned away": 1,
        "Median duration": "0.0 min",
        "Bonus total": "£0.00",
        "Reward total": "£16.00",
        "Erased": 1,
    }
    assert numbers(study, bots=True)["Started"] == 1


def test_money_is_what_completed_runs_earned(study, crowd):
    models.Participant.objects.filter(pk=crowd[0].pk).update(summary={"bonus": "4.50"})
    models.Participant.objects.filter(pk=crowd[1].pk).update(summary={"bonus": "2.25"})
    found = numbers(study)
    assert (found["Bonus total"], found["Reward total"]) == ("£6.75", "£22.75")


def test_the_funnel_says_how_many_reached_each_stage_and_who_left_where(study, crowd):
    rows = dashboard.figures(study)["funnel"]["funnel"]["rows"]
    found = [(row["name"], row["reached"], row["left"], row["active"], row["away"]) for row in rows]
    assert found == [
        ("Consent", 6, 1, 0, 0),
        ("Check", 5, 0, 1, 0),
        ("Trial 0–4", 4, 1, 0, 1),
    ]


def test_a_detour_belongs_to_the_stage_it_leaves_from(study, tiny_kind, start):
    plan = start("anna").plan.steps
    assert [step["page"] for step in plan[:4]] == ["consent", "check", "check", "trial"]
    assert dashboard.stages(plan, tiny_kind) == [("Consent", 0), ("Check", 1), ("Trial 0–4", 3)]


def test_the_balance_has_each_condition_with_its_quota(study, crowd):
    study.conditions.filter(name="small").update(quota=4)
    rows = dashboard.figures(study)["balance"]["balance"]["rows"]
    by_name = {row["name"]: row for row in rows}
    assert sum(row["completed"] for row in rows) == 2
    assert sum(row["active"] for row in rows) == 1
    assert (by_name["small"]["quota"], by_name["large"]["quota"]) == (4, None)


def test_a_histogram_puts_each_value_into_its_bin_and_outliers_into_the_last():
    drawn = charts.histogram([1.0, 1.1, 2.2, 4.0], "min")
    assert [(bar["from"], bar["n"]) for bar in drawn["bars"] if bar["n"]] == [("1", 2), ("2", 1), ("3.75", 1)]
    many = charts.histogram([10.0] * 500 + [5000.0], "min")
    assert sum(bar["n"] for bar in many["bars"]) == 501
    assert len(many["bars"]) <= 24
    assert charts.histogram([], "min") is None


def test_quality_flags_are_counted_and_lead_to_their_runs(desk, study, crowd):
    models.Participant.objects.filter(pk=crowd[0].pk).update(quality={"trial_ms": 20_000, "failed": {"check": 1}})
    models.Participant.objects.filter(pk=crowd[1].pk).update(quality={"trial_ms": 20_000})
    rows = dashboard.figures(study)["quality"]["quality"]
    assert rows == {"rows": [{"flag": "Failed check: check", "n": 1, "percent": "50 %"}], "clean": 1}
    page = desk.get(reverse("admin:study_who", args=[study.pk]), {"flag": "Failed check: check"}).content.decode()
    assert crowd[0].code in page
    assert crowd[1].code not in page


def test_a_stage_leads_to_those_who_stand_or_left_there(desk, study, crowd):
    response = desk.get(reverse("admin:study_who", args=[study.pk]), {"stage": "Trial 0–4"})
    assert {(run.status, run.position) for run in response.context["runs"]} == {("active", 4), ("withdrawn", 4)}


def test_an_update_sends_only_what_differs(desk, study, start):
    live = reverse("admin:study_live", args=[study.pk])
    first = json.loads(desk.get(live).content)
    assert set(first) == set(dashboard.PARTS)
    has = {name: part["hash"] for name, part in first.items()}
    assert json.loads(desk.get(live, has).content) == {}
    start("anna")
    changed = json.loads(desk.get(live, has).content)
    assert set(changed) == {"next", "numbers", "funnel", "balance"}
    assert "1 now" in changed["funnel"]["html"]


def test_the_number_of_queries_does_not_grow_with_the_runs(study, start, django_assert_max_num_queries):
    for name in ("anna", "bela", "carl"):
        walk(start(name))
    with django_assert_max_num_queries(5):
        dashboard.rendered(study)


def test_a_study_before_its_first_participant_says_so(desk, draft):
    text = desk.get(reverse("admin:study_dashboard", args=[draft.pk])).content.decode()
    assert "Nobody has started yet." in text
    assert "Nobody has completed yet." in text


def test_only_the_study_s_people_see_it(study):
    stranger = signed_in(User.objects.create_user("bob", is_staff=True))
    for name in ("dashboard", "live", "who"):
        assert stranger.get(reverse(f"admin:study_{name}", args=[study.pk])).status_code == 404


@pytest.mark.parametrize("least_ms", [None, 900])
def test_runs_grouped_by_the_database_have_the_flags_that_each_has_by_itself(study, start, least_ms):
    rng = Random(7)
    kept = {}
    for number in range(60):
        quality_of = {
            "trial_ms": rng.choice([None, 100.5, 899.9, 900, 3000.0]),
            "hidden": rng.choice([None, 0, 0.5, 0.51, 1]),
            "constant": rng.random() < 0.2,
            "same": rng.choice([[], ["answer"], ["answer", "trust"]]),
            "straight": rng.choice([[], ["sus"]]),
            "habits": rng.choice([[], ["Always the first"]]),
            "failed": rng.choice([{}, {"check": 1}, {"check": 2}]),
        }
        quality_of = dict(rng.sample(list(quality_of.items()), rng.randint(0, 7)))
        run = start(f"run-{number}")
        now = timezone.now()
        models.Participant.objects.filter(pk=run.pk).update(status="completed", ended_at=now, quality=quality_of)
        kept[run.pk] = quality_of
    runs = study.participants.all()
    minutes, typical_ms = completed.times(runs)
    assert len(minutes) == 60
    groups = list(completed.flagged(runs, typical_ms, least_ms, with_pks=True))
    assert sum(group.n for group in groups) == 60
    assert {pk: group.flags for group in groups for pk in group.pks} == {
        pk: quality.flags(one, typical_ms, least_ms) for pk, one in kept.items()
    }
