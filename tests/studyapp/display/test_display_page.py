"""The desk's display page: a study's own stimuli redrawn as fields say, used for the study or as a factor's levels."""

import io
from base64 import b64decode

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from PIL import Image

from studyapp import models, publishing
from studyapp.bundles import stimuli
from studyapp.core.heatmaps.displays import level_names
from studyapp.desk.stimuli import samples
from studyapp.run import sessions
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def desk():
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.fixture
def study():
    return make_draft("forward_simulation")


def row(desk, study, method, **fields) -> dict:
    rows = {one["method"]: one for one in samples.of(study)}
    maps = [one["key"] for one in rows[method]["maps"]]
    asked = {
        "side": "a",
        "method": method,
        "map": maps,
        **{name.replace("__", "-"): value for name, value in fields.items()},
    }
    return desk.get(reverse("admin:study_display_row", args=[study.pk]), asked).json()


def save(desk, study, use, **fields):
    data = {"use": use, "a-name": "plain", "b-name": "lines", "varies": "between"}
    data |= {name.replace("__", "-"): value for name, value in fields.items()}
    response = desk.post(reverse("admin:study_display", args=[study.pk]), data, follow=True)
    study.refresh_from_db()
    return response.content.decode()


@pytest.mark.parametrize("name", ["forward_simulation", "label_matching", "clustering"])
def test_it_shows_six_to_twelve_of_the_studys_own_stimuli_by_every_method_that_people_meet(desk, name):
    study = make_draft(name)
    definition = publishing.definition(study)
    met = {
        node.key for cell in definition["conditions"] for node, _ in publishing.met_in(definition, study.bundle, cell)
    }
    rows, bundle = samples.of(study), stimuli.reader(study.bundle)
    assert {one["method"] for one in rows} == {method for _, method, _, _ in met}
    for one in rows:
        assert 6 <= len(one["maps"]) <= 12
        assert all(samples.node(bundle, one["method"], each["key"]).key in met for each in one["maps"])
    page = desk.get(reverse("admin:study_display", args=[study.pk])).content.decode()
    assert page.count("<canvas") == 2 * sum(len(one["maps"]) for one in rows)


def test_before_stimuli_can_be_drawn_pictures_of_the_bundle_stand_for_them(desk, study):
    study.parameters = {"classes": ["cat", "unicorn"]}
    study.save()
    assert all(len(one["maps"]) == 8 for one in samples.of(study))
    assert desk.get(reverse("admin:study_display", args=[study.pk])).status_code == 200


def test_without_a_bundle_it_says_what_is_missing(desk, study):
    models.Study.objects.update(bundle=None)
    assert "has no bundle yet" in desk.get(reverse("admin:study_display", args=[study.pk])).content.decode()


def test_a_row_is_drawn_as_the_fields_say(desk, study):
    def colours(**fields):
        found = row(desk, study, "lrp", **fields)
        pixels = np.asarray(Image.open(io.BytesIO(b64decode(found["pictures"][0]))).convert("RGB")).astype(int)
        return pixels, found["legend"]

    usual, legend = colours()
    assert "#67000d" in legend
    for fields in ({"a__style": "map"}, {"a__opacity": "0.2"}, {"a__m0-colours": "viridis"}):
        other, _ = colours(**fields)
        assert np.abs(other - usual).max() > 20
    assert (colours(**{"a__m1-style": "map"})[0] == usual).all()  # another method's


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"a__style": "best"}, "Style: Select a valid choice"),
        ({"a__opacity": "3"}, "Opacity: Ensure this value is less than or equal to 1"),
        ({"a__smoothing": "NaN"}, "Smoothing, % width: Enter a number."),
        ({"a__m0-percentile": "4"}, "Peak, percentile: Ensure this value is greater"),
        ({"a__colours": "RdBu_r"}, "display: colours: expected one of Reds"),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_fields_and_not_saved(desk, study, fields, words):
    (problem,) = row(desk, study, "lrp", **fields)["problems"]
    assert words in problem
    assert words in save(desk, study, "a", **fields)
    assert study.display == {}


def test_a_display_is_used_for_the_study_and_on_record(desk, study):
    said = save(desk, study, "b", a__style="map", b__style="contours", **{"b__m0-smoothing": "3"})
    assert "The study has this display." in said
    assert study.display == {"style": "contours", "methods": {"lrp": {"smoothing": 3.0}}}
    assert study.changes.get().details == [
        ["Display", None, "style contours"],
        ["Display of “lrp”", None, "smoothing 3"],
    ]
    assert publishing.problems(study) == []


def test_two_displays_become_levels_and_every_condition_two_and_back_again(desk, study):
    before = list(study.conditions.values_list("name", "quota"))
    study.conditions.update(quota=7)
    said = save(desk, study, "levels", b__style="contours")
    assert "Conditions show lines, plain" in said
    assert study.display == {"levels": {"plain": {}, "lines": {"style": "contours"}}, "varies": "between"}
    cells = study.conditions.all()
    assert {(cell.name, cell.factors["display"], cell.quota) for cell in cells} == {
        (f"{name}-{level}", level, 7) for name, _ in before for level in ("plain", "lines")
    }
    assert publishing.problems(study) == []
    save(desk, study, "levels", a__name="bright", a__colours="viridis", b__style="contours")
    assert level_names(study.display) == ["bright", "lines", "plain"]
    assert study.conditions.count() == 3 * len(before)
    page = desk.get(reverse("admin:study_display", args=[study.pk]), {"a": "bright"}).content.decode()
    assert '<option value="viridis" selected>' in page
    desk.post(reverse("admin:study_display", args=[study.pk]), {"drop": "plain"})
    assert {cell.factors["display"] for cell in study.conditions.all()} == {"lines", "bright"}
    save(desk, study, "levels", a__name="bright", a__colours="viridis", b__style="contours", varies="within")
    assert sorted(study.conditions.values_list("name", flat=True)) == sorted(name for name, _ in before)
    assert publishing.problems(study) == []
    save(desk, study, "a")
    assert study.display == {}
    assert not any("display" in cell.factors for cell in study.conditions.all())


def test_levels_stand_on_their_own_whatever_display_the_study_had(desk, study):
    study.display = {"scale": "map", "colours": "viridis", "methods": {"lrp": {"opacity": 0.5}}}
    study.save()
    page = desk.get(reverse("admin:study_display", args=[study.pk])).content.decode()
    assert page.count('<option value="viridis" selected>') == 2
    save(desk, study, "levels", a__scale="map", b__scale="study", b__style="map")
    assert study.display["levels"] == {"plain": {"scale": "map"}, "lines": {"scale": "study", "style": "map"}}
    assert "scale" not in study.display


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"b__name": "plain"}, "Give the two displays different names."),
        ({"b__name": "two words", "b__style": "map"}, "expected names of letters, digits"),
        ({}, "“lines” and “plain” look the same"),
        ({"b__style": "map", "varies": "sometimes"}, "isplay.varies: expected between or within"),
    ],
)
def test_levels_that_are_none_are_refused_in_words(desk, study, fields, words):
    said = save(desk, study, "levels", **fields).replace("&#x27;", "'")
    assert words in said
    assert study.display == {}
    assert not any("display" in cell.factors for cell in study.conditions.all())


def test_where_people_are_in_a_condition_its_display_stays_as_it_is(desk, study):
    publishing.publish(study)
    sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "anna"))
    assert "people were assigned to it" in save(desk, study, "levels", b__style="map")
    assert study.display == {}
    assert "The study has this display." in save(desk, study, "b", b__style="map")  # a new version for newcomers


def test_an_edit_that_was_made_meanwhile_is_not_put_back(desk, study):
    page = desk.get(reverse("admin:study_display", args=[study.pk]))
    save(desk, study, "a", a__style="map")
    assert "Since this page was opened, ada changed: Display" in save(desk, study, "b", seen=page.context["seen"])
    assert study.display == {"style": "map"}


def test_who_may_only_look_sees_the_pictures_and_no_buttons(study):
    user = User.objects.create_user("eve", is_staff=True)
    models.Member.objects.create(study=study, user=user, role="analyst")
    client = Client()
    client.force_login(user)
    assert "Use as factor levels" not in client.get(reverse("admin:study_display", args=[study.pk])).content.decode()
    assert "pictures" in row(client, study, "lrp")
    assert client.post(reverse("admin:study_display", args=[study.pk]), {"use": "a"}).status_code == 403
