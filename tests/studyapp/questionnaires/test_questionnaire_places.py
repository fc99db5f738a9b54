"""Questionnaires stand where they belong in the plans of every kind, and checks lead where they should."""

import pytest

from studyapp import publishing
from studyapp.core.engine.kinds import kinds
from studyapp.core.questionnaires.entries import PLACE_WORDS
from studyapp.simulation import by_functions, simulate
from tests.studyapp.made.asked import likert
from tests.studyapp.made.every_kind import make_draft

pytestmark = pytest.mark.django_db


def own(place, **more):
    return {"name": f"own_{place}", "place": place, "items": [likert("a"), likert("b")], "order": "random", **more}


@pytest.mark.parametrize("name", sorted(kinds()))
def test_each_place_is_met_where_it_says(name):
    study = make_draft(name, slug="places")
    study.questionnaires = [own(place) for place in reversed(PLACE_WORDS)]
    publishing.publish(study)
    (run,) = simulate(study, 1, by_functions.walk, skill="oracle")
    assert run.status == "completed"
    steps = [run.plan.steps[row.position] for row in run.responses.all()]
    at = {place: [n for n, one in enumerate(steps) if one["page"] == f"own_{place}"] for place in PLACE_WORDS}
    trials = [n for n, one in enumerate(steps) if one.get("trial_index") and not one["page"].startswith("own_")]
    blocks = {steps[n]["block"] for n in trials}
    assert at["start"] == [1 + max(n for n, one in enumerate(steps) if one["page"] == "consent")]
    assert at["before"][0] < trials[0]
    assert len(at["after_trial"]) == len({steps[n]["trial_index"] for n in trials})
    for n in at["after_trial"]:
        assert steps[n]["trial_index"] == steps[n - 1]["trial_index"]
    assert len(at["after_block"]) == len(blocks)
    assert trials[-1] < at["after_block"][-1] < at["after"][0] < at["end"][0] == len(steps) - 1


@pytest.mark.parametrize("failed", ["record", "retry", "screen_out"])
def test_missed_checks_are_recorded_asked_again_or_screen_out(draft, failed):
    n_met = 1 if failed == "record" else 3
    check = own("start", failed=failed, attempts=3)
    check["items"] = [likert("a", expected=2), likert("b")]
    draft.questionnaires = [check]
    publishing.publish(draft)
    (run,) = simulate(draft, 1, by_functions.walk, skill="careless")
    met = [row for row in run.responses.all() if run.plan.steps[row.position]["page"] == "own_start"]
    assert (len(met), met[-1].scores["passed"], met[-1].scores["failed_items"]) == (n_met, False, "a")
    (passing,) = simulate(draft, 1, by_functions.walk, skill="oracle")
    assert passing.status == "completed"
    assert sum(passing.plan.steps[row.position]["page"] == "own_start" for row in passing.responses.all()) == 1
    if failed == "screen_out":
        assert run.status == "screened_out"
