"""Bots walk whole sessions on the same ways as people, and are never mistaken for them."""

from functools import partial
from random import Random

import pytest

from studyapp import models
from studyapp.run import sessions
from studyapp.simulation import SimulationError, by_functions, by_http, by_level, cells, simulate
from studyapp.simulation.pages import form_with

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_bots_walk_to_the_end_and_fill_the_cells_evenly(study):
    runs = list(simulate(study, 6, by_functions.walk, skill="oracle"))
    assert {run.status for run in runs} == {"completed"}
    assert {run.summary["n_correct"] for run in runs} == {5}
    assert [row[1:3] for row in cells(study)] == [(3, 3), (3, 3)]


def test_bots_may_be_better_in_some_conditions_so_that_power_has_an_effect_to_find(study):
    factor, level = next(iter(study.conditions.first().factors.items()))
    skill, levels = by_level(study, ["p=0", f"{factor}={level}:oracle"])
    runs = list(simulate(study, 6, by_functions.walk_by_condition(levels), skill=skill))
    assert all((run.summary["n_correct"] == 5) == (run.condition.factors[factor] == level) for run in runs)
    assert {run.bot for run in runs} == {"by condition"}


def test_a_level_or_skill_that_no_condition_or_bot_has_is_told(study):
    factor, level = next(iter(study.conditions.first().factors.items()))
    with pytest.raises(SimulationError, match="no condition of this study has colour=red"):
        by_level(study, ["colour=red:oracle"])
    with pytest.raises(SimulationError, match="expected random, oracle, careless"):
        by_level(study, [f"{factor}={level}:genius"])


def test_the_same_seed_gives_the_same_answers(study):
    def answers(seed):
        runs = list(simulate(study, 2, by_functions.walk, skill="p=0.5", seed=seed))
        return [[response.answer for response in run.responses.all()] for run in runs]

    assert answers(1) == answers(1) != answers(2)


def test_bots_are_marked_and_take_no_place_from_people(study):
    study.conditions.update(quota=1)
    list(simulate(study, 2, by_functions.walk, skill="oracle"))
    anna = sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "anna"))
    assert list(models.Participant.objects.values_list("bot", flat=True)) == ["oracle", "oracle", ""]
    assert anna.status == "active"


def test_a_full_study_and_an_unknown_skill_are_told_in_words(study):
    study.conditions.update(quota=1)
    with pytest.raises(SimulationError, match="bot 3 of 3 was not let in: the study is full"):
        list(simulate(study, 3, by_functions.walk, skill="oracle"))
    for skill in ("genius", "p=1.5", "p=", ""):
        with pytest.raises(SimulationError, match="expected random, oracle, careless"):
            list(simulate(study, 1, by_functions.walk, skill=skill))


@pytest.mark.django_db(transaction=True)
def test_bots_walk_by_http_through_the_real_pages(study, live_server):
    (run,) = simulate(study, 1, partial(by_http.walk, url=live_server.url), skill="oracle")
    assert (run.status, run.bot, run.summary) == ("completed", "oracle", {"n_trials": 5, "n_correct": 5})
    assert run.responses.get(position=0).answer == {"agree": True}
    assert run.responses.get(position=3).rt_ms > 0


def test_a_server_that_is_not_there_is_told_in_words(study):
    with pytest.raises(SimulationError, match="refused"):
        by_http.walk(study, "oracle", Random(0), url="http://127.0.0.1:9")


def test_a_form_submits_its_hidden_fields_and_only_what_it_offers():
    html = """
    <form><input name="q"></form>
    <form><input type="hidden" name="token" value="t&amp;1"><textarea name="why"></textarea>
    <input type="radio" name="answer" value="yes"><input type="radio" name="answer" value="no">
    <select name="age"><option value="1">1</option><option value="2">2</option></select></form>"""
    form = form_with(html, "token")
    assert form.filled([("answer", "no"), ("why", "so")]) == [("token", "t&1"), ("answer", "no"), ("why", "so")]
    for pair in [("answer", "maybe"), ("age", "3"), ("nonsense", "1")]:
        with pytest.raises(SimulationError, match=pair[0]):
            form.filled([pair])
