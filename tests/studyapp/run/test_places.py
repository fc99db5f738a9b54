"""Places count from consent on, and nobody fills them by starting: limits for each network address, hashed."""

import importlib
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from studyapp import models
from studyapp.core.engine.kinds import Page
from studyapp.core.questionnaires.pages import kind_of
from studyapp.run import sessions
from studyapp.run.sessions import places
from tests.studyapp.conftest import submit, walk

pytestmark = [pytest.mark.django_db, pytest.mark.database]
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}


def begin(address="203.0.113.7", link="/s/tiny/", **fields):
    client = Client(REMOTE_ADDR=address)
    client.get(link, **fields)
    return client, client.post(link, **fields)


def test_runs_that_nobody_consented_to_close_no_study_and_are_spread_evenly(study, start):
    study.conditions.update(quota=1)
    idle = [start(f"idle{number}") for number in range(29)]
    assert sorted(Counter(run.condition.name for run in idle).values()) == [14, 15]
    people = [start("anna"), start("bela")]
    assert [submit(run, "yes").status for run in people] == ["accepted"] * 2
    with pytest.raises(sessions.NotOpen, match="full"):
        start("cleo")


def test_whose_condition_filled_up_while_they_read_goes_over_to_one_with_room(study, start):
    study.conditions.update(quota=2)
    runs = [start(f"p{number}") for number in range(8)]
    small = [run for run in runs if run.condition.name == "small"]
    assert [submit(run, "yes").status for run in small] == ["accepted"] * 4
    assert Counter(sessions.get(run.pk).condition.name for run in small) == {"small": 2, "large": 2}
    for run in small:
        finished = sessions.get(walk(run).pk)
        assert (finished.status, len({step["key"] for step in finished.plan.steps})) == (
            "completed",
            len(finished.plan.steps),
        )


def test_without_a_place_left_consent_is_refused_in_words_and_counts_once_one_is_free(study, start):
    study.conditions.update(quota=1)
    runs = [start(f"p{number}") for number in range(3)]
    assert [submit(run, "yes").status for run in runs] == ["accepted", "accepted", "full"]
    late = sessions.get(runs[2].pk)
    assert (late.position, late.status, late.consented_at) == (0, "active", None)
    assert not late.responses.exists()
    client = Client()
    client.post("/s/tiny/?PROLIFIC_PID=p2")
    form = {"token": sessions.token(late, 0), "agree": "yes"}
    refused = client.post("/s/tiny/run/", form, headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()) == (409, {"status": "full"})
    page = client.post("/s/tiny/run/", form)
    assert page.status_code == 409
    assert "others took the last places" in page.content.decode()
    assert submit(late, "no").status == "accepted"  # whoever refuses needs no place
    dora = start("dora") if sessions.withdraw(runs[0].pk, keep=True) else None
    assert submit(dora, "yes").status == "accepted"


def filled(study, start):
    """Return a run whose own condition was filled up by others before its consent, and the other has room."""
    study.conditions.update(quota=2)
    runs = [start(f"p{number}") for number in range(6)]
    own = [run for run in runs if run.condition == runs[0].condition]
    assert [submit(run, "yes").status for run in own[:2]] == ["accepted"] * 2
    return own[2]


def test_nobody_goes_over_to_a_condition_in_which_other_words_would_have_been_read(study, start, monkeypatch):
    late, page = filled(study, start), Page("consent", "consent.html", texts=("terms",))
    with monkeypatch.context() as patch:
        patch.setattr(places, "worded", lambda record, factors: {"texts": {"terms": factors["size"]}})
        patch.setattr(places, "kind_of", lambda record: replace(kind_of(record), pages=(page,)))
        assert submit(late, "yes").status == "full"
    assert submit(late, "yes").status == "accepted"
    assert sessions.get(late.pk).condition != late.condition


def test_nobody_goes_over_to_a_condition_with_other_pages_before_consent(study, start, monkeypatch):
    late = filled(study, start)
    monkeypatch.setattr(places, "plan", lambda *_: [late.plan.steps[0] | {"key": "another"}, *late.plan.steps[1:]])
    with pytest.raises(ValueError, match="has other pages before consent"):
        submit(late, "yes")
    late = sessions.get(late.pk)
    assert (late.position, late.consented_at) == (0, None)


def test_what_comes_after_consent_may_differ_and_is_then_the_other_conditions(study, start, monkeypatch):
    late = filled(study, start)
    own = [step["key"] for step in late.plan.steps]
    steps = [late.plan.steps[0], late.plan.steps[1] | {"key": "another"}, *late.plan.steps[2:]]
    pages = (Page("consent", "consent.html"), Page("check", "check.html", texts=("hint",)))
    monkeypatch.setattr(places, "plan", lambda *_: steps)
    monkeypatch.setattr(places, "worded", lambda record, factors: {"texts": {"hint": factors["size"]}})
    monkeypatch.setattr(places, "kind_of", lambda record: replace(kind_of(record), pages=pages))
    assert submit(late, "yes").status == "accepted"
    assert [step["key"] for step in sessions.get(late.pk).plan.steps] == [own[0], "another", *own[2:]]


def test_bots_and_previews_take_no_place_from_people_nor_people_from_them(study, start):
    study.conditions.update(quota=1)
    assert [submit(start(name), "yes").status for name in ("anna", "bela")] == ["accepted"] * 2
    bots = [sessions.start(study.pk, None, bot="oracle") for _ in range(2)]
    previews = [sessions.start_preview(study.current, cell) for cell in study.conditions.all()]
    assert [submit(run, "yes").status for run in [*bots, *previews]] == ["accepted"] * 4


def test_an_address_that_starts_too_fast_waits_and_others_do_not(study):
    models.Study.objects.update(starts_per_minute=3)
    assert [begin()[1].status_code for _ in range(5)] == [302] * 3 + [429] * 2
    _, waiting = begin()
    assert 'data-again="60"' in waiting.content.decode()
    assert begin("198.51.100.9")[1].status_code == 302
    models.Start.objects.update(at=timezone.now() - timedelta(seconds=61))
    assert begin()[1].status_code == 302


def test_an_address_may_start_so_often_a_day_and_whoever_is_under_way_goes_on(study):
    models.Study.objects.update(starts_per_address=2)
    client, _ = begin()
    begin()
    _, refused = begin()
    assert refused.status_code == 403
    assert "from your network since yesterday" in refused.content.decode()
    assert client.post("/s/tiny/").status_code == 302
    models.Start.objects.update(at=timezone.now() - timedelta(hours=25))
    assert begin()[1].status_code == 302
    assert models.Start.objects.count() == 1  # what counts no longer is gone


def test_a_household_counts_as_one_by_ipv6_and_the_address_is_stored_nowhere(study):
    models.Study.objects.update(starts_per_address=1)
    assert begin("2001:db8:1:2::5")[1].status_code == 302
    assert begin("2001:db8:1:2:ffff::9")[1].status_code == 403
    assert begin("2001:db8:1:3::5")[1].status_code == 302
    stored = " ".join(str(row) for row in models.Start.objects.values_list())
    assert "2001:" not in stored
    assert "db8:" not in stored
    assert "20010db8" not in stored
    assert not [field.name for field in models.Start._meta.get_fields() if field.name == "participant"]


def test_only_a_proxy_beside_the_app_says_whose_request_it_is(study):
    models.Study.objects.update(starts_per_address=1)
    told = {"HTTP_X_REAL_IP": "203.0.113.7"}
    assert [begin("127.0.0.1", **told)[1].status_code for _ in range(2)] == [302, 403]
    assert begin("198.51.100.9", **told)[1].status_code == 302
    assert [begin("127.0.0.1")[1].status_code for _ in range(3)] == [302] * 3  # unknown: no limit


def test_personal_links_lab_mode_and_bots_have_no_limit(study):
    models.Study.objects.update(starts_per_address=1, starts_per_minute=1)
    begin()
    for _ in range(2):
        token = models.Invitation.objects.create(study=study).token
        assert begin(link=f"/s/tiny/?link={token}")[1].status_code == 302
    assert begin()[1].status_code == 429
    models.Study.objects.update(lab_mode=True)
    assert begin()[1].status_code == 302


def test_a_study_that_pays_is_offered_personal_links_and_a_required_id_first(study, admin_client):
    page = f"/admin/studyapp/study/{study.pk}/change/"
    offered = "Give each person a link of their own"
    text = admin_client.get(page).content.decode()
    assert text.index(offered) < text.index('id="hw-link-field"')
    assert "Anybody who has the link can take part" in text
    for closed in ({"require_id": True}, {"lab_mode": True}, {"reward_base": 0, "reward_bonus": 0}):
        before = {name: getattr(study, name) for name in closed}
        models.Study.objects.update(**closed)
        assert offered not in admin_client.get(page).content.decode()
        models.Study.objects.update(**before)
    models.Invitation.objects.create(study=study)
    assert offered not in admin_client.get(page).content.decode()


def test_runs_under_way_before_keep_their_places(study, start):
    waiting, placed = start("anna"), start("bela")
    submit(placed, "yes")
    models.Participant.objects.update(consented_at=None)
    importlib.import_module("studyapp.migrations.0010_labs").keep_places(apps, None)
    kept = dict(models.Participant.objects.values_list("pk", "consented_at"))
    assert kept[waiting.pk] is None
    assert kept[placed.pk] == sessions.get(placed.pk).seen_at
