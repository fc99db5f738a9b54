"""What the pages of clustering show, and that none tells which class the model predicts."""

import re

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string

from studyapp.core.engine.contexts import context_of
from studyapp.core.engine.kinds import load
from tests.studyapp.made.clustering import (
    CLASSES,
    COMPLEMENTARY,
    KIND,
    make_bundle,
    make_definition,
    make_plan,
    make_run,
    sorts,
)
from tests.studyapp.rendering import rendered


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("pages") / "bundles")


@pytest.fixture(scope="module")
def definition(bundle):
    return make_definition(bundle)


def context(step, run):
    return context_of(KIND, KIND.page(step["page"]))(step, run)


def html(plan, position, definition, bundle, form=None):
    step = plan[position]
    page = KIND.page(step["page"])
    run = make_run(definition, bundle)
    if page.form and form is None:
        form = load(page.form)(step=step, definition=definition)
    return rendered(page, context(step, run), form)


@pytest.mark.parametrize("parameters", [{}, COMPLEMENTARY], ids=["main", "complementary"])
def test_every_page_renders_without_gaps(bundle, parameters):
    definition = make_definition(bundle, **parameters)
    plan = make_plan(definition)
    for position in range(len(plan)):
        page = html(plan, position, definition, bundle)
        main = page.split("<main")[1].split("</main>")[0]
        assert main.count("<h1") == 1
        assert not re.search(r"\{[a-z_]+\}", re.sub(r'data-[\w-]+="[^"]*"', "", main))
        assert " style=" not in page


def test_a_board_is_the_same_page_whatever_the_model_predicts(tmp_path):
    """The strongest form of "no answer leaks": other predictions for the same pictures and maps, and equal bytes."""
    pages = []
    for seed in (1, 2):
        bundle = make_bundle(tmp_path / f"bundles-{seed}", seed=seed)
        definition = make_definition(bundle)
        plan = make_plan(definition)
        pages.append([html(plan, position, definition, bundle) for position in range(len(plan))])
        predictions = [step["data"]["prediction"] for step in sorts(plan)]
        pages[-1].append(predictions)
    assert pages[0].pop() != pages[1].pop()
    assert pages[0] == pages[1]


def test_no_page_names_a_class_an_image_or_a_data_set(definition, bundle):
    plan = make_plan(definition)
    hidden = [name for classes in CLASSES.values() for name in classes] + list(CLASSES)
    for position in range(len(plan)):
        page = re.sub(r'(src|href)="[^"]*"', "", html(plan, position, definition, bundle))
        words = re.sub(r"<[^>]+>", " ", page).lower()
        assert [name for name in hidden if re.search(rf"\b{name}\b", words)] == []
        assert not [image_id for image_id in bundle.images if image_id in page]


@pytest.mark.parametrize(("stage", "maps"), [("NoVis", 0), ("1-Heatmap", 1), ("XNN", 7)])
def test_a_board_has_all_of_its_stages_maps_from_the_start(definition, bundle, stage, maps):
    plan = make_plan(definition)
    step = next(step for step in sorts(plan) if step["data"]["stage"] == stage)
    page = html(plan, plan.index(step), definition, bundle)
    assert page.count('class="photo"') == 10
    assert len(set(re.findall(r'src="(/stimuli/\w+/maps/[^"]+)"', page))) == 10 * maps
    assert len(re.findall(r'data-switch="\d"', page)) == maps
    assert ('id="compare"' in page) == (stage == "XNN")
    assert page.count('class="tray"') == 4


def test_contributions_are_signed_in_text_and_marked_by_sign(definition, bundle):
    plan = make_plan(definition)
    step = next(step for step in sorts(plan) if step["data"]["stage"] == "XNN")
    maps = context(step, make_run(definition, bundle))["pictures"][0]["maps"]
    assert [(one["number"], one["contribution"], one["sign"]) for one in maps[:4]] == [
        (1, "+.04", "for"),
        (2, "−.07", "against"),
        (3, "+.11", "for"),
        (4, "−.14", "against"),
    ]
    page = html(plan, plan.index(step), definition, bundle)
    signed = re.findall(
        r'class="contribution (for|against)"><svg.*?<rect x="([\d.]+)" .*?width="([\d.]+)".*?<span>(.*?)</span>', page
    )
    assert signed.count(("for", "20.5", "10.0", "+.25")) == signed.count(("against", "12.1", "8.4", "−.21")) == 10


def test_a_stages_worked_example_is_in_no_batch(definition, bundle):
    plan = make_plan(definition)
    batches = {image_id for step in sorts(plan) for image_id in step["data"]["images"]}
    shown = []
    for step in plan:
        if step["page"] == "stage":
            part = context(step, make_run(definition, bundle))["part"]
            assert ("example" in part) == (part["help"] != "none")
            shown.append(len(part.get("example", {}).get("maps", [])))
            page = render_to_string(KIND.page("stage").guide, {"part": part})
            assert not [image_id for image_id in batches if image_id in page]
    assert sorted(shown) == [0, 1, 7]


def submit(step, definition, **values):
    data = QueryDict(mutable=True)
    data.update(values)
    return load(KIND.page(step["page"]).form)(data, step=step, definition=definition)


def placed(groups: str) -> dict:
    return {f"picture_{number}": group for number, group in enumerate(groups, start=1)}


def test_a_sorting_is_stored_by_image_with_its_moves(definition):
    step = sorts(make_plan(definition))[0]
    form = submit(step, definition, moves="12", **placed("AAABBBCCCA"))
    assert form.is_valid(), form.errors
    assert form.cleaned_data["placement"] == dict(zip(step["data"]["images"], "AAABBBCCCA", strict=True))
    assert form.cleaned_data["moves"] == 12
    assert submit(step, definition, **placed("AAAAAAAAAA")).is_valid()  # groups may stay empty


def test_a_picture_without_a_group_is_named_and_unknown_groups_are_refused(definition, bundle):
    plan = make_plan(definition)
    step = sorts(plan)[0]
    form = submit(step, definition, **placed("ABCDABCDA"))
    assert form.errors == {"picture_10": ["No group yet"]}
    page = html(plan, plan.index(step), definition, bundle, form)
    assert 'id="error-picture_10">No group yet<' in page
    assert page.count(" selected>") == 9
    assert set(submit(step, definition, **placed("ABCDEBCDAB")).errors) == {"picture_5"}


def test_a_study_may_require_every_group(bundle):
    definition = make_definition(bundle, require_all_groups=True)
    step = sorts(make_plan(definition))[0]
    form = submit(step, definition, **placed("AAABBBDDDA"))
    assert form.errors == {"__all__": ["Every group needs a picture; group C has none."]}
    assert submit(step, definition, **placed("AAABBBDDDC")).is_valid()
    assert set(submit(step, definition, **placed("AAABBBDDD")).errors) == {"picture_10"}


def test_confidence_and_ratings_have_the_papers_points(definition):
    plan = make_plan(definition)
    confidence = next(step for step in plan if step["page"] == "confidence")
    field = submit(confidence, definition).fields["level"]
    assert field.label == (
        "What is your confidence level that the answers you picked will group all the samples correctly?"
    )
    assert [str(label) for _, label in field.choices] == ["Zero", "Very Low", "Low", "Mediocre", "High", "Very High",
                                                          "100%"]  # fmt: skip
    assert submit(confidence, definition, level="7").is_valid()
    agents = next(step for step in plan if step["page"] == "agents")
    form = submit(agents, definition, rating_1="7", rating_2="1")
    assert form.is_valid()
    met = [agent["stage"] for agent in agents["data"]["agents"]]
    assert form.cleaned_data == {"ratings": dict(zip(met, (7, 1), strict=True)), "thoughts": {}}
    assert [(value, str(label)) for value, label in form.fields["rating_1"].choices][::6] == [
        (7, "Very Good"),
        (1, "Very Poor"),
    ]
    assert set(submit(agents, definition, rating_1="8").errors) == {"rating_1", "rating_2"}


def test_difficulty_goes_from_0_to_7_and_a_comment_may_be_left_out(definition):
    closing = make_plan(definition)[-1]
    assert len(submit(closing, definition).fields["difficulty"].choices) == 8
    form = submit(closing, definition, difficulty="1")
    assert form.is_valid()
    assert form.cleaned_data == {"difficulty": 0, "comments": ""}
    assert set(submit(closing, definition, comments="hard").errors) == {"difficulty"}
