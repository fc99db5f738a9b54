"""A label-matching study from start to export and report, on the database."""

import json
from functools import partial
from random import Random

import pytest
from django.http import QueryDict

from studyapp import models, publishing
from studyapp.data import exporting
from studyapp.run import sessions, showing
from studyapp.simulation import answering, by_functions, by_http, simulate
from tests import loaded
from tests.studyapp.made.label_matching import KIND, METHODS, write_bundle

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]
SHORT = {"training_trials": 2, "evaluation_trials": 3}


@pytest.fixture
def study(tmp_path):
    bundle = loaded.load(write_bundle, "made")
    study = models.Study.objects.create(
        slug="pairs", title="Look-alikes", kind="label_matching", bundle=bundle, seed=1, parameters=SHORT
    )
    for method in METHODS:
        models.Condition.objects.create(study=study, name=method, factors={"method": method})
    publishing.publish(study)
    return study


def answer(run, *, page=None, **fields):
    """Answer the present step as an oracle would, or with `fields` where it is of that page."""
    step = showing.step_of(run)[2]
    data = QueryDict(mutable=True)
    data.update(fields if step["page"] == page else answering.answer(run, "oracle", Random(1)))
    receipt = sessions.submit(run.pk, sessions.token(run, run.position), partial(showing.validate, data), {})
    assert receipt.status == "accepted"
    return sessions.get(run.pk)


def walk_to(run, until, **fields):
    while showing.step_of(run)[2]["page"] != until:
        run = answer(run, **fields)
    return run


@pytest.mark.parametrize("first", [0, 1])
def test_the_chosen_pair_comes_first_and_coming_back_keeps_it(study, first):
    visitor = sessions.Visitor("PROLIFIC_PID", "anna")
    run = walk_to(sessions.start(study.pk, visitor), "choose")
    names = showing.step_of(run)[2]["data"]["pairs"]
    run = walk_to(run, "guess", page="choose", first=names[first])
    assert showing.step_of(run)[2]["block"] == names[first]
    again = sessions.get(sessions.start(study.pk, visitor).pk)
    assert (again.pk, again.position) == (run.pk, run.position)
    assert showing.step_of(again)[2] == showing.step_of(run)[2]


def test_choosing_again_in_another_tab_changes_nothing(study):
    run = walk_to(sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "anna")), "choose")
    names, token = showing.step_of(run)[2]["data"]["pairs"], sessions.token(run, run.position)
    chosen = answer(run, page="choose", first=names[1])
    data = QueryDict(f"first={names[0]}")
    assert sessions.submit(run.pk, token, partial(showing.validate, data), {}).status == "stored"
    assert sessions.get(run.pk).plan.steps == chosen.plan.steps


def test_a_verification_stands_under_its_guesss_number(study):
    run = walk_to(sessions.start(study.pk, None), "guess")
    guess = showing.step_context(run)["progress"]["label"]
    assert (guess, showing.step_context(answer(run))["progress"]["label"]) == ("Example 1 of 10",) * 2


def test_the_next_pages_images_say_nothing_about_the_answer(study):
    run = walk_to(sessions.start(study.pk, None), "guess")
    ahead = showing.step_context(run)["next_images"]
    assert ahead == sorted(set(ahead))
    shown = showing.step_context(run)["tree"]
    assert {address for address in ahead if address not in json.dumps(shown)} == set()


def test_bots_walk_by_http_through_the_real_pages(study, live_server):
    (run,) = simulate(study, 1, partial(by_http.walk, url=live_server.url), skill="oracle")
    run = sessions.get(run.pk)
    assert (run.status, run.summary["n_trials"], run.summary["n_correct"]) == ("completed", 6, 6)


def test_every_declared_field_is_exported_and_a_report_comes_out(study, tmp_path):
    pytest.importorskip("pandas")
    from analysis.cli import main
    from analysis.reading.exports import read_export

    list(simulate(study, 8, by_functions.walk, skill="p=0.7"))
    exporting.export(study, tmp_path / "export")
    read = read_export(tmp_path / "export")
    assert {field.name for field in KIND.page("guess").fields} <= set(read.trials.columns)
    assert len(read.trials) == 8 * 10
    assert set(read.trials["phase"]) == {"training", "evaluation"}
    assert set(read.participants["group"]) <= {"expert", "non-expert"}
    evaluation = read.trials[read.trials["phase"] == "evaluation"]
    assert read.participants["n_correct"].sum() == evaluation["correct"].sum()
    assert all(len(json.loads(cell)) == 2 for cell in read.trials["leaf_order"])
    choices = read.steps.dropna(subset=["choose_first"]).set_index("participant")["choose_first"]
    for participant, trials in read.trials.sort_values("trial_index").groupby("participant"):
        assert trials["block"].iloc[0] == choices[participant]
        assert list(trials["trial_index"]) == list(range(1, 11))
    assert main(["report", str(tmp_path / "export"), "--out", str(tmp_path / "report")]) == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text(encoding="utf-8"))
    found = {analysis["id"]: analysis for analysis in results["analyses"]}
    assert {"fraction_correct.anova", "fraction_correct.chance", "fraction_correct.learning"} <= set(found)
    curve = {term["x"] for term in found["fraction_correct.learning"]["terms"]}
    assert curve == {1, 2}
