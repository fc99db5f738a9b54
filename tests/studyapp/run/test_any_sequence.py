"""Whatever people do, in whatever order, the engine's promises hold: by plain functions and by HTTP."""

import json
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from studyapp import models
from studyapp.core.engine import flow
from studyapp.run import sessions
from tests.studyapp.conftest import submit

pytestmark = [pytest.mark.django_db, pytest.mark.database]
RUNS = settings(
    max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


class Sequences(RuleBasedStateMachine):
    """One person with several tabs; a tab is the position it showed when it was loaded."""

    study = None

    @initialize()
    def arrive(self):
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.visitor = sessions.Visitor("PROLIFIC_PID", "anna")
        self.begin()
        self.tabs, self.acknowledged = [0], {}

    def begin(self):
        self.run = sessions.start(self.study.pk, self.visitor)

    def answer(self, position, value):
        """Answer as the page shown at `position`; return what the engine said."""
        return submit(self.run, value, position=position).status

    def leave(self, keep):
        sessions.withdraw(self.run.pk, keep=keep)

    @rule(tab=st.integers(0, 9), right=st.booleans())
    def submit_some_tab(self, tab, right):
        position = self.tabs[tab % len(self.tabs)]
        before = sessions.get(self.run.pk)
        value = "yes" if position == 0 else 1 if right else 99
        status = self.answer(position, value)
        if before.status == flow.ACTIVE and position == before.position:
            assert status == "accepted"
            self.acknowledged[position] = {"agree": True} if position == 0 else {"number": value}
        else:
            assert status in ("stored", "moved", "closed")

    @rule(tab=st.integers(0, 9))
    def submit_nonsense(self, tab):
        position = self.tabs[tab % len(self.tabs)]
        assert self.answer(position, "nonsense") in ("invalid", "stored", "moved", "closed")

    @rule()
    def open_a_tab(self):
        self.tabs.append(sessions.get(self.run.pk).position)

    @rule()
    def come_back_by_the_link(self):
        assert sessions.start(self.study.pk, self.visitor).pk == self.run.pk

    @rule(keep=st.booleans(), doit=st.integers(0, 7))
    def withdraw(self, keep, doit):
        if doit:
            return
        active = sessions.get(self.run.pk).status == flow.ACTIVE
        self.leave(keep)
        if active and not keep:
            self.acknowledged = {}

    @rule(doit=st.integers(0, 7))
    def stay_away_too_long(self, doit):
        if doit:
            return
        models.Participant.objects.update(seen_at=timezone.now() - timedelta(days=2))
        active = sessions.get(self.run.pk).status == flow.ACTIVE
        assert sessions.expire(self.study) == active
        assert sessions.get(self.run.pk).status != flow.ACTIVE

    @invariant()
    def every_acknowledged_answer_is_there_and_no_other(self):
        if hasattr(self, "run"):
            rows = models.Response.objects.filter(participant=self.run)
            assert {row.position: row.answer for row in rows} == self.acknowledged
            assert len(rows) == len(self.acknowledged)

    @invariant()
    def a_completed_run_is_whole(self):
        if not hasattr(self, "run"):
            return
        run = sessions.get(self.run.pk)
        if run.status == flow.COMPLETED:
            scores = dict(run.responses.values_list("position", "scores"))
            assert flow.expected(run.plan.steps, scores) == sorted(scores)
            assert run.summary["n_trials"] == 5
        assert (run.ended_at is None) == (run.status == flow.ACTIVE)

    def teardown(self):
        if hasattr(self, "savepoint"):
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)


class SequencesByHttp(Sequences):
    """The same through the browser's requests."""

    def begin(self):
        self.client = Client()
        self.client.post("/s/tiny/?PROLIFIC_PID=anna")
        self.run = models.Participant.objects.get(identity__external_id="anna")

    def answer(self, position, value):
        form = {"token": sessions.token(self.run, position), "timing": json.dumps({"rt_ms": 5})}
        form["agree" if position == 0 else "number"] = value
        return self.client.post("/s/tiny/run/", form, headers={"Accept": "application/json"}).json()["status"]

    def leave(self, keep):
        self.client.post("/s/tiny/run/leave/", {"choice": "keep" if keep else "erase"})

    @rule()
    def reload(self):
        page = self.client.get("/s/tiny/run/")
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        shown = re.search(rb'name="token" value="(\d+)-', page.content)
        run = sessions.get(self.run.pk)
        assert (int(shown[1]) if shown else None) == (run.position if run.status == flow.ACTIVE else None)


@pytest.mark.parametrize("machine", [Sequences, SequencesByHttp])
def test_any_sequence_of_what_people_do_keeps_the_promises(study, machine):
    study.expire_hours = 24
    machine.study = study
    run_state_machine_as_test(machine, settings=RUNS)
