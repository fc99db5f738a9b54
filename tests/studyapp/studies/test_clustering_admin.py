"""A clustering study is set up in the admin: a variant to start from, two data sets, a condition without factors."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from studyapp import models, publishing
from studyapp.run import sessions
from studyapp.simulation import by_functions, simulate
from tests import loaded
from tests.studyapp.made.clustering import KIND, write_bundle
from tests.studyapp.researcher import all_of, page_of, save, section_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def desk():
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.fixture
def add(desk):
    """Add a study that starts from a variant: `add("main")`."""
    bundle = loaded.load(write_bundle, "gulls-cells")

    def start(variant) -> models.Study:
        new = {"title": "Look-alikes", "slug": variant, "kind": f"clustering:{variant}", "bundle": bundle.pk}
        assert desk.post(reverse("admin:studyapp_study_add"), new).status_code == 302
        return models.Study.objects.get(slug=variant)

    return start


@pytest.mark.parametrize(("variant", "quota", "n_trials"), [("main", 30, 6), ("complementary", 14, 4)])
def test_a_variant_is_ready_to_publish_and_saving_its_page_changes_nothing(desk, add, variant, quota, n_trials):
    study = add(variant)
    (cell,) = study.conditions.all()
    assert (cell.factors, cell.quota) == ({}, quota)
    assert publishing.problems(study) == []
    before = publishing.content_hash(publishing.definition(study))
    assert [save(desk, study, name).status_code for name in all_of(study)] == [302] * len(all_of(study))
    study.refresh_from_db()
    assert publishing.content_hash(publishing.definition(study)) == before
    assert study.parameters == next(found.parameters for found in KIND.starts if found.name == variant)
    publishing.publish(study)
    (run,) = simulate(study, 1, by_functions.walk)
    assert run.summary["n_trials"] == n_trials


def test_another_condition_may_be_added_and_is_named(desk, add):
    study = add("main")
    inline = {"conditions-TOTAL_FORMS": "2", "conditions-1-study": study.pk, "conditions-1-quota": "5"}
    response = save(desk, study, "conditions", **inline)
    assert response.status_code == 302, response.context["errors"]
    assert [cell.name for cell in study.conditions.all()] == ["main", "everybody"]


STAGE, EXPLANATION = "parameter__stages__stage", "parameter__stages__explanation"


def save_stages(desk, study, stages: list, explanations: list):
    return save(desk, study, "parameters", **{STAGE: stages, EXPLANATION: explanations})


def test_stages_are_edited_as_a_table_and_stored_in_its_order_without_its_empty_rows(desk, add):
    study = add("main")
    assert save_stages(desk, study, [" Maps ", "", "Bare"], ["xnn", "", "none"]).status_code == 302
    study.refresh_from_db()
    assert study.parameters["stages"] == [["Maps", "xnn"], ["Bare", "none"]]
    assert models.Change.objects.first().details == [["Parameter “Stages”", None, "Maps – xnn; Bare – none"]]
    assert publishing.problems(study) == []
    assert save_stages(desk, study, ["NoVis", "1-Heatmap", "XNN"], ["none", "c_mwp", "xnn"]).status_code == 302
    study.refresh_from_db()
    assert study.parameters == {}


@pytest.mark.parametrize(
    ("stages", "explanations", "said"),
    [
        (["NoVis"], [""], "Expected stage and explanation in each row; row 1 lacks explanation."),
        (["NoVis", ""], ["none", "xnn"], "Expected stage and explanation in each row; row 2 lacks stage."),
        (["NoVis", "A", "B"], ["none"], "Expected stage and explanation in each row; row 2 lacks explanation."),
        (["A"], ["rise"], "Row 1: “rise” is none of the choices; choose another."),
    ],
)
def test_an_unfinished_row_is_told_where_it_was_typed_and_is_kept(desk, add, stages, explanations, said):
    study = add("main")
    response = save_stages(desk, study, stages, explanations)
    bound = response.context["adminform"].form["parameter__stages"]
    assert bound.errors == [said]
    assert [row[0] for row in bound.value()] == stages
    study.refresh_from_db()
    assert study.parameters == {}


def test_explanations_are_chosen_by_their_titles_and_one_that_the_bundle_lacks_is_said_to_be_missing(desk, add):
    study = add("main")
    study.parameters = {"stages": [["A", "none"], ["B", "rise"]]}
    study.save()
    field = desk.get(section_of(study, "parameters")).context["adminform"].form.fields["parameter__stages"]
    assert field.widget.choices["explanation"] == [
        ("none", "None"),
        ("c_mwp", "C-MWP"),
        ("deeplift", "Deeplift"),
        ("xnn", "Explanation network"),
        ("rise", "rise (not in this bundle)"),
    ]
    assert save_stages(desk, study, ["A", "B"], ["none", "rise"]).status_code == 302


def test_without_a_bundle_explanations_are_typed_and_the_page_says_how_to_come_to_a_choice(desk, add):
    study = add("main")
    models.Study.objects.update(bundle=None)
    page = desk.get(section_of(study, "parameters")).content.decode()
    assert 'id="id_parameter__stages"' in page
    assert "Choose a bundle and save: then its methods can be chosen here." in page
    assert f'<input type="text" name="{EXPLANATION}" value="c_mwp"' in page


def test_stages_that_are_no_pairs_are_told_in_the_checklist_and_shown_to_be_mended(desk, add):
    study = add("main")
    study.parameters = {"stages": ["NoVis", ["A", "none", "x"], ["B", 3]]}
    study.save()
    wrong = "Parameter “stages”: expected stage and explanation in each row; row 1 lacks stage and explanation"
    assert wrong in desk.get(page_of(study)).content.decode()
    page = desk.get(section_of(study, "parameters")).content.decode()
    assert wrong in page
    assert 'value="NoVis"' in page


def test_every_step_of_a_run_can_be_replayed(desk, add):
    study = add("main")
    publishing.publish(study)
    (run,) = simulate(study, 1, by_functions.walk)
    for position, step in enumerate(sessions.get(run.pk).plan.steps):
        page = desk.get(reverse("admin:replay_page", args=[run.pk, position]))
        assert page.status_code == 200
        if step["page"] == "sort":
            placement = run.responses.get(position=position).answer["placement"]
            shown = re.findall(r'<option value="([A-D])" selected>', page.content.decode())
            assert shown == [placement[image_id] for image_id in step["data"]["images"]]
