"""What a step's page shows is made once for all to whom it shows the same, and for nobody else."""

import pytest

from studyapp import publishing
from studyapp.core.engine.kinds import kinds
from studyapp.run import contents, sessions
from studyapp.run.keeping import Kept
from tests.studyapp.made.every_kind import make_draft

each_kind = pytest.mark.parametrize("kind", kinds().values(), ids=list(kinds()))


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(contents, "_kept", Kept(contents.PAGES))


def started(study, name: str):
    return sessions.get(sessions.start(study.pk, sessions.Visitor("", name)).pk)


def opened(kind):
    study = make_draft(kind.name)
    publishing.publish(study)
    return study


@pytest.mark.django_db
@each_kind
def test_where_a_trial_stands_does_not_show_on_any_page(kind):
    """What is kept of one run's trial is shown to whoever meets the same elsewhere in theirs."""
    run = started(opened(kind), "anna")
    trials = [step for step in run.plan.steps if step.get("trial_index") is not None]
    for step in trials:
        if step["page"].startswith("verify"):  # needs an answer
            continue
        here = contents.of_step(run, step)
        assert here.name
        elsewhere = step | {"key": "elsewhere", "trial_index": 99, "goto": {"failed": "screened_out"}}
        assert contents._made(run, elsewhere, "another").context == here.context
        assert contents.of_step(run, elsewhere) is here


@pytest.mark.django_db
def test_a_page_is_made_once_for_everybody_at_such_a_step_of_such_a_condition(monkeypatch):
    study = opened(kinds()["forward_simulation"])
    made = []
    make = contents._made
    monkeypatch.setattr(contents, "_made", lambda run, step, name: made.append(step["key"]) or make(run, step, name))
    anna, bela = started(study, "anna"), started(study, "bela")
    first = contents.of_step(anna, anna.plan.steps[0])
    assert contents.of_step(anna, anna.plan.steps[0]) is first
    assert len(made) == 1
    bela.condition, bela.condition_id = anna.condition, anna.condition_id
    assert contents.of_step(bela, bela.plan.steps[0]) is first
    bela.condition.factors = {**bela.condition.factors, "scores": "another level"}
    assert contents.of_step(bela, bela.plan.steps[0]) is not first


@pytest.mark.django_db
def test_what_shows_a_runs_own_answers_is_never_kept():
    run = started(opened(kinds()["forward_simulation"]), "anna")
    feedback = next(step for step in run.plan.steps if step["page"] == "feedback")
    assert contents.of_step(run, feedback).name == ""
    assert contents.of_step(run, feedback) is not contents.of_step(run, feedback)
    assert contents.name_of(contents.of_step(run, feedback), "anything") == ""


def test_of_more_things_than_are_kept_those_asked_for_longest_ago_go():
    kept = Kept(2)
    for name in "ab":
        kept.keep(name, name.upper())
    assert kept.get("a") == "A"
    kept.keep("c", "C")
    assert [kept.get(name) for name in "abc"] == ["A", None, "C"]
