"""*Previous*: back to instructions and questionnaires, never to what is scored or decides; nothing is lost."""

from functools import partial
from random import Random

import pytest
from django.http import QueryDict
from django.test import Client

from studyapp import models, publishing
from studyapp.core.engine.kinds import kinds
from studyapp.run import sessions, showing
from studyapp.simulation import answering
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.django_db, pytest.mark.database]
EACH = pytest.mark.parametrize("name", sorted(kinds()))
RUN = "/s/any-kind/run/"


def entered(name, folder) -> tuple[Client, models.Participant]:
    study = make_draft(name)
    publishing.publish(study)
    client = Client()
    client.get("/s/any-kind/")
    client.post("/s/any-kind/")
    return client, sessions.get(models.Participant.objects.get().pk)


def answer(run, seed="x") -> models.Participant:
    data = QueryDict(mutable=True)
    for name, value in answering.answer(run, "oracle", Random(f"{run.plan.steps[run.position]['key']} {seed}")):
        data.appendlist(name, value)
    token = sessions.token(run, run.position)
    assert sessions.submit(run.pk, token, partial(showing.validate, data), {"rt_ms": 812.5}).status == "accepted"
    return sessions.get(run.pk)


def go_back(run) -> models.Participant:
    sessions.go_back(run.pk, sessions.token(run, run.position), showing.fields_of)
    return sessions.get(run.pk)


@EACH
def test_a_walk_with_every_way_back_taken_once_ends_whole_and_with_the_answers_given_last(name, tmp_path):
    client, run = entered(name, tmp_path)
    taken, given = set(), {}
    while run.status == "active":
        study_kind, _, _ = showing.step_of(run)
        offered = b'form="back"' in client.get(RUN).content
        before = sessions.earlier(run)
        assert offered is (before is not None)
        if before is not None and run.position not in taken:
            taken.add(run.position)
            left, first = run.position, run.responses.get(position=before)
            run = go_back(run)
            assert (run.position, run.responses.filter(position=before).exists()) == (before, False)
            its = study_kind.page(run.plan.steps[before]["page"])
            assert not its.trial
            assert not its.entrance
            assert not run.plan.steps[before].get("goto")
            shown = QueryDict(mutable=True)
            for field, value in sessions.draft_of(run)["fields"]:
                shown.appendlist(field, value)
            again, errors = showing.validate(shown, run, run.plan.steps[before])
            assert (again, errors) == (first.answer if its.form else {}, {})
            event = run.events.get(name="went_back", position=before, data__from=run.plan.steps[left]["key"])
            assert event.data["rt_ms"] == 812.5
        else:
            given[run.position] = None
            run = answer(run, seed=len(taken))
    assert run.status == "completed"
    assert taken
    assert sorted(run.responses.values_list("position", flat=True)) == sorted(given)
    assert not models.Draft.objects.exists()


def test_only_the_present_pages_own_token_goes_back_and_only_from_there(tmp_path):
    client, run = entered("forward_simulation", tmp_path)
    while showing.step_of(run)[1].name != "instructions":
        assert go_back(run).position == run.position  # consent and eligibility stay as they were answered
        run = answer(run)
    assert sessions.earlier(run) is None  # before the first instruction lies the consent
    run = answer(run)
    here, old = run.position, sessions.token(run, run.position - 1)
    for token in (old, "", "0-x", sessions.token(run, here + 1)):
        client.post(f"{RUN}back/", {"token": token})
        assert sessions.get(run.pk).position == here
    client.post(f"{RUN}back/", {"token": sessions.token(run, here)})
    assert sessions.get(run.pk).position == here - 1
    late = sessions.submit(run.pk, sessions.token(run, here), partial(showing.validate, QueryDict()), {})
    assert late.status == "moved"
    stranger = Client()
    assert stranger.post(f"{RUN}back/", {"token": sessions.token(run, here - 1)}).status_code == 302
    assert sessions.get(run.pk).position == here - 1
    assert stranger.get(f"{RUN}back/").status_code == 405


def test_going_back_twice_at_once_goes_back_once(tmp_path):
    client, run = entered("label_matching", tmp_path)
    while sessions.earlier(run) is None or sessions.earlier(run) < run.position - 1:
        run = answer(run)
    run = answer(run)
    here, token = run.position, sessions.token(run, run.position)
    for _ in range(2):
        client.post(f"{RUN}back/", {"token": token})
    assert sessions.get(run.pk).position == here - 1


def test_the_first_questions_about_the_instructions_lead_back_to_them_but_none_to_questions_answered(tmp_path):
    _, run = entered("forward_simulation", tmp_path)
    while showing.step_of(run)[1].name != "screening":
        run = answer(run)
    here = run.position
    run = go_back(run)
    assert (run.position, showing.step_of(run)[1].name) == (here - 1, "instructions")
    run = answer(answer(run))
    assert showing.step_of(run)[1].name == "screening"
    assert sessions.earlier(run) is None
