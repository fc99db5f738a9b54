"""A new study starts from what its bundle can fill; one that it can't fill is offered the largest design that fits."""

import random
from contextlib import suppress

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from studyapp import models, publishing
from studyapp.bundles import stimuli
from studyapp.core.engine.kinds import kinds
from studyapp.core.engine.parameters import problems
from tests.bundles import write_bundle
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import section_of, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk():
    return signed_in(User.objects.create_superuser("ada"))


def load(folder, **options):
    return stimuli.load_bundle(write_bundle(folder / "source", **options), "made")


def added(desk, bundle, start="forward_simulation:paper"):
    data = {"title": "New", "slug": "new", "kind": start, "bundle": bundle.pk}
    answer = desk.post(reverse("admin:studyapp_study_add"), data, follow=True)
    return models.Study.objects.get(slug="new"), answer.content.decode()


def test_a_new_study_takes_classes_that_the_bundle_has(desk, tmp_path):
    study, text = added(desk, load(tmp_path, classes=("gull", "tern", "crane")))
    assert set(study.parameters["classes"]) <= {"gull", "tern", "crane"}
    assert "Set so that the bundle can fill it: classes" in text
    assert publishing.problems(study) == []


def test_a_small_bundle_gets_every_outcome_equally_often_and_as_many_as_fit(desk, tmp_path):
    study, _ = added(desk, load(tmp_path, per_outcome={"TP": 6, "FN": 5, "FP": 6, "TN": 4}))
    (asked,) = {*study.parameters["queries_per_class"].values()}  # by the seed: the other class's TN take some
    (shown,) = {*study.parameters["examples"].values()}
    assert asked + shown >= 2
    assert publishing.problems(study) == []


def test_what_does_not_fit_is_said_in_one_sentence_and_mended_by_one_click(desk, tmp_path):
    study, _ = added(desk, load(tmp_path))
    study.parameters = {"queries_per_class": {"TP": 30, "FN": 2, "FP": 2, "TN": 0}}
    study.save()
    (problem,) = publishing.problems(study)
    assert problem == (
        "Too few pictures in the split “train” to ask about, as examples, and in instructions and screening: “cat” has "
        "12 of 37 TP; “horse” has 12 of 37 TP."
    )
    page = reverse("admin:studyapp_study_change", args=[study.pk])
    assert "The largest design that fits: queries per class" in desk.get(page).content.decode()
    desk.post(reverse("admin:study_fit", args=[study.pk]))
    study.refresh_from_db()
    assert publishing.problems(study) == []
    assert models.Change.objects.filter(study=study).latest("pk").details[0][0] == "Parameter “Queries per class”"


def test_a_thousand_class_names_are_in_no_sentence(tmp_path):
    classes = [f"class number {n}" for n in range(60)]
    bundle = load(tmp_path, classes=classes, per_outcome={"TP": 1}, methods=("lrp",))
    study = models.Study(slug="s", title="S", kind="forward_simulation", bundle=bundle)
    study.save()
    models.Condition.objects.create(study=study, name="only", factors={"heatmap": "lrp", "scores": "shown"})
    (problem,) = publishing.problems(study)
    assert "and 52 more" in problem
    assert len(problem) < 700
    with pytest.raises(ValueError, match="No two classes of the bundle"):
        publishing.fitting(study)


def test_classes_are_offered_with_their_outcomes(desk, tmp_path):
    study, _ = added(desk, load(tmp_path))
    text = desk.get(section_of(study, "parameters")).content.decode()
    assert "cat (20 images: 12 TP, 8 FN, 8 FP)" in text


@pytest.mark.parametrize("name", sorted(kinds()))
@pytest.mark.parametrize("seed", range(3))
def test_whatever_a_study_asks_for_what_fits_can_be_published(name, seed):
    """Numbers drawn at random, most of them too large; methods of nobody."""
    rng, study = random.Random(seed), make_draft(name)
    wild = {}
    for parameter in kinds()[name].parameters:
        if parameter.type == "integer" and parameter.name != "minutes" and not parameter.name.endswith("_px"):
            wild[parameter.name] = rng.randint(int(parameter.minimum or 0), int(parameter.maximum or 60))
        if parameter.type == "object":
            wild[parameter.name] = {key: rng.randint(0, 9) for key in parameter.default}
    study.parameters |= wild
    study.save()
    assert problems(kinds()[name], study.parameters) == []
    with suppress(ValueError):
        publishing.fit(study)
        assert publishing.problems(study) == []
