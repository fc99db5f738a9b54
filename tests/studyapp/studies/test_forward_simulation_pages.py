"""What the pages of forward simulation show, and that none tells an answer before its time."""

from dataclasses import replace

import pytest
from django.http import QueryDict

from studyapp.core.engine.contexts import context_of
from studyapp.core.engine.kinds import load
from tests.studyapp.made.forward_simulation import (
    BARE,
    CONDITIONS,
    FULL,
    KIND,
    answer_all,
    make_bundle,
    make_definition,
    make_plan,
    make_run,
    trials,
)
from tests.studyapp.rendering import rendered


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("pages") / "bundle")


@pytest.fixture(scope="module")
def definition(bundle):
    return make_definition(bundle)


def context(step, run):
    return context_of(KIND, KIND.page(step["page"]))(step, run)


def html(plan, position, definition, bundle, factors=FULL, answered=()):
    step = plan[position]
    page = KIND.page(step["page"])
    run = make_run(definition, bundle, factors, answered)
    form = load(page.form)(step=step, definition=definition) if page.form else None
    return rendered(page, context(step, run), form)


@pytest.mark.parametrize("factors", CONDITIONS, ids=lambda factors: "-".join(factors.values()))
def test_every_page_of_every_condition_renders_without_gaps(definition, bundle, factors):
    plan = make_plan(definition, factors)
    answered = answer_all(plan, definition, "random")
    for position in range(len(plan)):
        page = html(plan, position, definition, bundle, factors, answered[:position])
        assert "<h1" in page
        assert "{first_class}" not in page
        assert "{" not in page.split("<main")[1].split("</main>")[0]
        assert " style=" not in page


@pytest.mark.parametrize("factors", CONDITIONS, ids=lambda factors: "-".join(factors.values()))
def test_a_trial_page_is_the_same_whatever_the_answer_is(definition, bundle, factors, tmp_path):
    """The strongest form of "no answer leaks": other answers, the same bytes."""
    other_bundle = make_bundle(tmp_path / "other")
    plan, other_plan = make_plan(definition, factors), make_plan(definition, factors)
    for step in trials(other_plan):
        prediction = other_bundle.predictions[step["stimulus"]][step["block"]]
        flipped = {"score": 0.123, "predicted": not prediction.predicted, "outcome": "TN"}
        other = replace(prediction, **flipped, truth=not prediction.truth)
        other_bundle.predictions[step["stimulus"]][step["block"]] = other
        step["data"] |= {"outcome": "TN", "score": 0.123, "model_answer": not step["data"]["model_answer"]}
    for position, step in enumerate(plan):
        if step["page"] == "trial":
            shown = html(plan, position, definition, bundle, factors)
            assert shown == html(other_plan, position, definition, other_bundle, factors)


def test_no_page_before_feedback_shows_a_heatmap_of_a_picture_asked_about(definition, bundle):
    plan = make_plan(definition)
    queries = {step["stimulus"] for step in trials(plan)}
    secret = {tree[0].map_file for (image, method, name), tree in bundle.nodes.items() if image in queries and method}
    for position, step in enumerate(plan[:-1]):
        page = html(plan, position, definition, bundle)
        assert not [file for file in secret if file in page], step["key"]


def test_the_screening_page_is_the_same_whichever_statement_is_true(definition, bundle):
    plan, other_plan = make_plan(definition), make_plan(definition)
    position = next(index for index, step in enumerate(plan) if step["page"] == "screening")
    for statement in other_plan[position]["data"]["statements"]:
        statement["right"] = not statement["right"]
    page = html(plan, position, definition, bundle)
    assert page == html(other_plan, position, definition, bundle)
    assert "[x]" not in page


def test_a_trial_shows_three_bands_with_the_conditions_extras(definition, bundle):
    plan = make_plan(definition)
    position = plan.index(trials(plan)[0])
    shown = context(plan[position], make_run(definition, bundle))
    assert [(band["outcome"], len(band["examples"])) for band in shown["bands"]] == [("TP", 6), ("FN", 3), ("FP", 3)]
    assert all(card["image"]["overlay"] and card["chart"] for band in shown["bands"] for card in band["examples"])
    assert shown["query"]["overlay"] is None


def test_the_bare_condition_shows_neither_heatmaps_nor_scores(definition, bundle):
    plan = make_plan(definition, BARE)
    position = plan.index(trials(plan)[0])
    page = html(plan, position, definition, bundle, BARE)
    assert "overlay" not in page
    assert "chart" not in page.replace("score_chart", "")


def test_a_score_chart_has_the_asked_class_first_then_the_highest(tmp_path):
    bundle = make_bundle(tmp_path / "many", classes=("cat", "horse", "bird", "boat"))
    predictions = next(iter(bundle.predictions.values()))
    chart = KIND.part("charts:score_chart")(predictions, "horse", 3)
    names = [row["class_name"] for row in chart["rows"]]
    assert names[0] == "horse"
    others = sorted((p for n, p in predictions.items() if n != "horse"), key=lambda p: (-p.score, p.class_name))
    assert names[1:] == [prediction.class_name for prediction in others[:2]]
    assert chart["rows"][0]["threshold"] == "50.0"


def test_feedback_tells_score_and_reward_then_every_picture(definition, bundle):
    plan = make_plan(definition)
    answered = answer_all(plan, definition, "oracle")[:-1]
    run = make_run(definition, bundle, answered=answered)
    shown = context(plan[-1], run)
    assert (shown["n_correct"], shown["n_trials"], shown["reward"]) == (14, 14, "£15.00")
    assert len(shown["items"]) == 14
    assert all(item["response"] == item["model_answer"] for item in shown["items"])


def submit(step, definition, **values):
    data = QueryDict(mutable=True)
    data.update(values)
    return load(KIND.page(step["page"]).form)(data, step=step, definition=definition)


def test_a_trial_wants_every_answer_and_says_so_in_words(definition):
    step = trials(make_plan(definition))[0]
    form = submit(step, definition)
    assert set(form.errors) == {"sensitive_to", "ignores", "response", "confidence"}
    assert form.errors["response"] == ["Please choose Yes or No."]


def test_a_trials_answer_is_stored_in_plain_types(definition):
    step = trials(make_plan(definition))[0]
    form = submit(step, definition, sensitive_to=" ears, tail ", ignores="sky", response="no", confidence="3")
    assert form.is_valid()
    assert form.cleaned_data == {
        "sensitive_to": "ears, tail",
        "ignores": "sky",
        "response": False,
        "confidence": 3,
    }


@pytest.mark.parametrize("value", ["0", "5", "yes", ""])
def test_confidence_outside_the_scale_is_refused(definition, value):
    step = trials(make_plan(definition))[0]
    assert "confidence" in submit(step, definition, confidence=value).errors


def test_eligibility_stores_only_what_is_not_met(definition):
    step = make_plan(definition)[1]
    answers = {f"criterion_{number}": "yes" for number in range(1, 5)}
    assert submit(step, definition, **answers).is_valid()
    form = submit(step, definition, **answers | {"criterion_2": "no"})
    assert form.is_valid()
    assert form.cleaned_data == {"eligible": False, "unmet": definition["parameters"]["eligibility"][1]}


def test_the_closing_questions_ask_only_about_what_was_shown(definition):
    step = next(step for step in make_plan(definition, BARE) if step["page"] == "closing")
    form = submit(step, definition, useful_outcomes="yes", learned="A lot")
    assert form.is_valid()
    assert form.cleaned_data == {
        "useful_outcomes": True,
        "useful_heatmaps": None,
        "useful_scores": None,
        "learned": "A lot",
    }
