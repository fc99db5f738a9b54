"""What the pages of label matching show, and that none tells which label belongs where before it is verified."""

import re

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string

from studyapp.core.bundles.bundle import Bundle
from studyapp.core.engine.contexts import context_of
from studyapp.core.engine.kinds import load
from tests.studyapp.made.label_matching import (
    FLAT,
    KIND,
    STAGED,
    answer_all,
    guesses,
    make_bundle,
    make_definition,
    make_plan,
    make_run,
    write_bundle,
)
from tests.studyapp.rendering import rendered

CONDITIONS = pytest.mark.parametrize("factors", [STAGED, FLAT], ids=lambda factors: factors["method"])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("pages") / "bundle")


@pytest.fixture(scope="module")
def definition(bundle):
    return make_definition(bundle)


def context(step, run):
    return context_of(KIND, KIND.page(step["page"]))(step, run)


def html(plan, position, definition, bundle, factors=STAGED, answered=()):
    step = plan[position]
    page = KIND.page(step["page"])
    run = make_run(definition, bundle, factors, answered)
    form = load(page.form)(step=step, definition=definition) if page.form else None
    return rendered(page, context(step, run), form)


def verifications(answered):
    """Return the answered verifications with what came before each."""
    return [(row.step, answered[:place]) for place, row in enumerate(answered) if row.step["page"] == "verify"]


@CONDITIONS
@pytest.mark.parametrize("parameters", [{}, {"other_nodes": "hidden", "probabilities": True}], ids=["plain", "all"])
def test_every_page_renders_without_gaps(bundle, factors, parameters):
    definition = make_definition(bundle, **parameters)
    plan = make_plan(definition, factors)
    answered = answer_all(plan, definition, "random")
    plan = [row.step for row in answered]
    for position in range(len(plan)):
        page = html(plan, position, definition, bundle, factors, answered[:position])
        main = page.split("<main")[1].split("</main>")[0]
        assert main.count("<h1") == 1
        assert not re.search(r"\{[a-z_]+\}", re.sub(r'data-\w+="[^"]*"', "", main))
        assert " style=" not in page


@CONDITIONS
@pytest.mark.parametrize("parameters", [{}, {"other_nodes": "hidden", "probabilities": True}], ids=["plain", "all"])
def test_a_guess_is_the_same_page_whichever_label_belongs_where(bundle, tmp_path, factors, parameters):
    """The strongest form of "no answer leaks": the two maps explain each other's label, and every byte is the same."""
    definition = make_definition(bundle, **parameters)
    swapped = make_bundle(tmp_path / "swapped", swap=True)
    plan, other = make_plan(definition, factors), make_plan(definition, factors)
    for step in guesses(other):
        data = step["data"]
        truth, probabilities = data["truth"], data["probabilities"]
        data["leaf_order"] = data["leaf_order"][::-1]
        data["truth"] = next(label for label in data["labels"] if label != truth)
        data["probabilities"] = dict(zip(probabilities, [*probabilities.values()][::-1], strict=True))
    for position, step in enumerate(plan):
        if step["page"] == "guess":
            page = html(plan, position, definition, bundle, factors)
            assert page == html(other, position, definition, swapped, factors)
            assert set(step["data"]["labels"]) <= set(re.findall(r'data-label="([^"]+)"', page))


def test_what_the_page_fetches_ahead_is_the_same_whatever_is_answered(definition, bundle):
    """The images of a verification are those of its guess, and asking for them before the answer shows none."""
    plan = make_plan(definition)
    for position, step in enumerate(plan):
        if step["page"] == "verify":
            shown = context(step, make_run(definition, bundle))
            assert not re.findall("True|False", repr(shown["tree"]["branches"]).replace("'right': None", ""))
            assert images(shown) == images(context(plan[position - 1], make_run(definition, bundle)))


def images(shown) -> list[str]:
    return re.findall(r"/stimuli/[^']+", repr(shown["tree"]))


def test_only_the_pairs_leaves_have_boxes_and_no_other_node_a_name(definition, bundle):
    plan = make_plan(definition)
    for position, step in enumerate(plan):
        if step["page"] == "guess":
            page = html(plan, position, definition, bundle)
            assert re.findall(r'data-box="(\w)"', page) == ["A", "B"]
            assert "banjo" not in page
            assert "%" not in page.split('class="tree"')[1].split("</main>")[0]


def test_hidden_nodes_are_not_in_the_page_and_probabilities_are_if_wanted(bundle):
    plain, bare = make_definition(bundle), make_definition(bundle, other_nodes="hidden", probabilities=True)
    plan = make_plan(plain)
    position = plan.index(guesses(plan)[0])
    shown = [html(plan, position, definition, bundle).count('class="map') for definition in (plain, bare)]
    assert shown[0] > shown[1] >= 2
    page = html(plan, position, bare, bundle)
    assert page.count('class="probability"') == shown[1]
    assert "35%" in page


@pytest.mark.parametrize("skill", ["oracle", 0.0], ids=["right", "wrong"])
def test_a_verification_shows_true_and_own_labels_and_whether_they_agree(definition, bundle, skill):
    answered = answer_all(make_plan(definition), definition, skill)
    told = list(verifications(answered))
    assert len(told) == 16  # 8 pictures of each of two pairs
    for step, before in told:
        plan = [row.step for row in answered]
        shown = context(step, make_run(definition, bundle, answered=before))
        assert shown["verdict"] == ("right" if skill == "oracle" else "wrong")
        page = html(plan, plan.index(step), definition, bundle, answered=before)
        true = re.findall(r'class="true-label" translate="no">([^<]+)<', page)
        own = re.findall(r'You: <span translate="no">([^<]+)<', page)
        assert true == step["data"]["leaf_order"]
        assert own == before[-1].answer["response"]
        assert page.count("Not right") == (0 if skill == "oracle" else 2)


def test_the_guideline_can_be_read_again_with_its_worked_example(definition, bundle):
    plan = make_plan(definition)
    for step in plan:
        if step["page"] == "guideline":
            shown = context(step, make_run(definition, bundle))
            part = render_to_string(KIND.page("guideline").guide, shown)
            assert ("<img" in part) == (step["data"]["part"] in ("classification", "training"))


def submit(step, definition, **values):
    data = QueryDict(mutable=True)
    data.update(values)
    return load(KIND.page(step["page"]).form)(data, step=step, definition=definition)


def test_a_guess_stores_labels_from_left_to_right_and_the_moves(definition):
    step = guesses(make_plan(definition))[0]
    first, second = step["data"]["labels"]
    form = submit(step, definition, box_1=second, box_2=first, moves="3")
    assert form.is_valid()
    assert form.cleaned_data == {"response": [second, first], "moves": 3}
    form = submit(step, definition, box_1=second, box_2=first)
    assert form.is_valid()
    assert form.cleaned_data["moves"] is None


def test_an_empty_box_and_a_label_in_two_boxes_are_refused_kindly(definition):
    step = guesses(make_plan(definition))[0]
    first, _ = step["data"]["labels"]
    empty = submit(step, definition, box_1=first)
    assert empty.errors == {"box_2": ["Box B needs a label. Unsure? Pick any."]}
    twice = submit(step, definition, box_1=first, box_2=first)
    assert twice.errors == {"box_2": [f"“{first}” is in two boxes; each label fits one."]}
    assert set(submit(step, definition, box_1="lute", box_2=first).errors) == {"box_1"}


def test_only_one_of_the_two_pairs_and_of_the_groups_can_be_chosen(definition):
    plan = make_plan(definition)
    choose = next(step for step in plan if step["page"] == "choose")
    assert submit(choose, definition, first=choose["data"]["pairs"][1]).is_valid()
    assert set(submit(choose, definition, first="lute / harp").errors) == {"first"}
    group = next(step for step in plan if step["page"] == "group")
    assert submit(group, definition, group="non-expert").is_valid()
    assert set(submit(group, definition, group="wizard").errors) == {"group"}


@pytest.mark.parametrize("named", [[], ["cello / crane / bird", "ambulance / police van"]], ids=["drawn", "chosen"])
def test_a_class_whose_name_holds_the_separator_of_pairs_is_a_class_like_any_other(tmp_path, named):
    folder = write_bundle(tmp_path)
    for name in ("images.csv", "predictions.csv", "manifest.json"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content.replace(b"violin", b"crane / bird"))
    bundle = Bundle(folder)
    definition = make_definition(bundle, pairs=named)
    assert KIND.part("stimuli:check")(definition, bundle) == []
    plan = make_plan(definition)
    answered = answer_all(plan, definition)
    plan = [row.step for row in answered]
    pages = [html(plan, position, definition, bundle, STAGED, answered[:position]) for position in range(len(plan))]
    choose = next(position for position, step in enumerate(plan) if step["page"] == "choose")
    names = [f'“<span translate="no">{name}</span>”' for name in ("cello", "crane / bird")]
    assert " and ".join(names) in pages[choose]
