"""The audit of stimuli: what is found of pictures, thresholds, repeats and guesses, each worked by hand."""

import io
import json

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from fixtures.scenes import generate
from studyapp import models, publishing
from studyapp.bundles.stimuli import reader
from studyapp.core.audit import AMBER, GREEN, RED, Case, Guess, Look, Measures, Task, audit, measure
from studyapp.core.audit.findings import read_report
from studyapp.core.audit.repeats import printed, repeats
from studyapp.core.audit.shortcuts import shortcut_in
from studyapp.core.bundles.tables import Heatmap
from studyapp.core.display import Display
from studyapp.core.engine.kinds import kinds
from tests.studyapp.conftest import do_jobs
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import signed_in

PHOTOGRAPH = np.full((40, 40, 3), 120, np.uint8)


def node(image_id: str, method: str = "lrp") -> Heatmap:
    return Heatmap(image_id, method, "cat", "0", "", (0,), "cat", None, None, 0.0, "m.npy", 1.0, None, None)


def of(coverage: float, mean: float = 0.2, peak: float = 1.0, sheet: float = 0.0) -> Measures:
    return Measures(coverage, mean, peak, sheet)


# Single pictures


@pytest.mark.parametrize("style", ["over_grey", "overlay", "map", "contours", "reveal"])
def test_a_map_without_effect_is_blank_and_one_in_a_corner_is_not(style):
    display, corner = Display(style=style), np.zeros((8, 8))
    colourful = np.random.default_rng(1).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    assert measure(colourful, corner, display).is_blank
    corner[:3, :3] = 1
    found = measure(colourful, corner, display)
    assert not found.is_blank
    assert not found.is_one_colour


@pytest.mark.parametrize("style", ["over_grey", "reveal"])
def test_a_map_that_is_the_same_everywhere_is_one_colour(style):
    assert measure(PHOTOGRAPH, np.full((4, 4), 0.7), Display(style=style)).is_one_colour


def test_a_map_far_below_its_scale_is_blank():
    ramp = np.linspace(0, 1, 16).reshape(4, 4)
    assert not measure(PHOTOGRAPH, ramp, Display(), scale=1.0).is_blank
    assert measure(PHOTOGRAPH, ramp, Display(), scale=30.0).is_blank


def test_a_map_around_its_reference_is_not_one_colour():
    rise = np.full((8, 8), 0.5)
    rise[0, 0] = 0.9
    assert measure(PHOTOGRAPH, rise, Display(), reference=0.0, scale=0.5).is_one_colour
    assert not measure(PHOTOGRAPH, rise, Display(), reference=0.5).is_one_colour


# Shortcuts


def pairs_told(differences, labels=("a", "b")):
    """What is told where the first label's map covers so much more than the second's, picture by picture."""
    cases, measures = [], {}
    for number, difference in enumerate(differences):
        for label, coverage in zip(labels, (0.5 + difference / 2, 0.5 - difference / 2), strict=True):
            one = node(f"{number}", label)
            cases.append(Case(one, label, f"{number}"))
            measures[one.key] = of(coverage)
    return shortcut_in(Task("x", "it can be told", tuple(cases), compared=True), lambda node: measures[node.key])


def test_the_redder_leaf_that_always_names_the_label_is_told_in_all_trials():
    found = pairs_told([0.1] * 24)
    assert (found.share, found.chance, found.n_trials, found.feature) == (1.0, 0.5, 24, "coverage")
    assert not found.is_luck


def test_where_either_label_is_redder_as_often_nothing_is_told():
    assert pairs_told([0.1, -0.1] * 12).share <= 0.5


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.floats(0, 1)), min_size=6, max_size=30), st.randoms())
def test_no_share_depends_on_the_order_of_the_cases_and_none_is_beyond_a_perfect_rule(rows, random):
    nodes = {number: node(str(number)) for number, _ in enumerate(rows)}
    measures = {nodes[n].key: of(value, 0.0, 0.0) for n, (_, value) in enumerate(rows)}
    cases = [Case(nodes[n], answer, str(n)) for n, (answer, _) in enumerate(rows)]
    first = shortcut_in(Task("", "", tuple(cases)), lambda node: measures[node.key])
    random.shuffle(cases)
    again = shortcut_in(Task("", "", tuple(cases)), lambda node: measures[node.key])
    if first is None:
        assert len({answer for answer, _ in rows}) < 2
        return
    counts = sorted((sum(a == name for a, _ in rows) for name in "ABC"), reverse=True)
    assert first.chance == counts[0] / len(rows)
    assert first.share <= (counts[0] + counts[1]) / len(rows)  # one threshold names two answers
    if len({value for _, value in rows}) == len(rows):
        assert first == again


def test_a_threshold_found_in_noise_is_called_luck():
    rng = np.random.default_rng(4)
    shares = [pairs_told(rng.normal(size=20)) for _ in range(40)]
    assert sum(one.share >= 0.65 and not one.is_luck for one in shares) <= 4


# Repeats


def test_a_photograph_saved_anew_is_found_and_others_are_not():
    pictures, _, _ = generate(seed=3, n=12)
    prints = {str(number): printed(one) for number, one in enumerate(pictures)}
    assert list(repeats(prints)) == []
    first = Image.fromarray(pictures[0])
    jpeg = io.BytesIO()
    first.save(jpeg, "JPEG", quality=40)
    again = {
        "jpeg": Image.open(jpeg),
        "half": first.resize((120, 120)),
        "bright": ImageEnhance.Brightness(first).enhance(1.15),
    }
    for name, one in again.items():
        found = list(repeats(prints | {name: printed(np.asarray(one))}))
        assert found == [("0", name)], name


# The report


def report_of(looks=(), tasks=(), roles=None, guesses=(), measures=None, prints=None):
    return audit(
        looks,
        tasks,
        roles or {},
        guesses,
        measures=lambda where, one: measures[one.key],
        prints=lambda image_id: (prints or {})[image_id],
    )


@pytest.mark.parametrize(("n_blank", "level"), [(0, GREEN), (1, GREEN), (2, AMBER), (9, AMBER), (10, RED)])
def test_blank_maps_are_amber_from_two_and_red_from_ten_percent_of_a_class(n_blank, level):
    """Of 100 of one class in one condition; those of another class, all fine, change nothing."""
    looks = [Look("a", "cat", node(f"c{n}")) for n in range(100)] + [
        Look("a", "dog", node(f"d{n}")) for n in range(100)
    ]
    measures = {
        look.node.key: of(0.0 if look.node.image_id in {f"c{n}" for n in range(n_blank)} else 0.3) for look in looks
    }
    (blank, one_colour) = sorted(report_of(looks, measures=measures).findings, key=lambda one: one.check)
    assert (blank.check, blank.level, one_colour.level) == ("blank", level, GREEN)
    assert len(blank.maps) == n_blank


def test_conditions_that_look_the_same_are_told_of_once():
    looks = [Look(where, "cat", node("c")) for where in ("shown", "hidden")] + [Look("other", "cat", node("c", "rise"))]
    measures = {node("c").key: of(0.0), node("c", "rise").key: of(0.3)}
    (found,) = [one for one in report_of(looks, measures=measures).findings if one.level != GREEN]
    assert found.where == "shown, hidden"
    assert "1 of 1 heatmaps shows no colour (cat: 1 of 1)" in found.found


def test_a_picture_in_two_roles_is_red_and_one_twice_in_its_own_amber():
    other = printed(np.tile(np.arange(40, dtype=np.uint8)[:, None, None] * 6, (1, 40, 3)))
    prints = {"a": printed(PHOTOGRAPH), "b": printed(PHOTOGRAPH), "c": other}
    levels = {
        RED: [{"asked about": ["a"], "examples": ["b", "c"]}, {"asked about": ["c"], "examples": ["c"]}],
        AMBER: [{"examples": ["a", "b"]}],
        GREEN: [{"asked about": ["a"], "examples": ["c"]}],
    }
    for level, all_roles in levels.items():
        for roles in all_roles:
            assert report_of(roles=roles, prints=prints).level == level, roles


def test_a_design_in_which_yes_is_always_right_is_red():
    assert report_of(guesses=[Guess("", "Always “yes”", 1.0)]).level == RED
    assert report_of(guesses=[Guess("", "Always “yes”", 5 / 7)]).level == GREEN


# A study's


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def draft(db):
    return make_draft("forward_simulation")


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(kinds()))
def test_every_kinds_stimuli_can_be_audited_and_are_kept(name):
    study = make_draft(name)
    assert publishing.kept_audit(study) is None
    told_of = []
    found = publishing.audit_study(study, lambda done, of: told_of.append((done, of)))
    assert {"blank", "one_colour", "shortcut", "repeats", "guessing"} == {one.check for one in found.findings}
    assert told_of[-1][0] == told_of[-1][1] > 0
    assert publishing.kept_audit(study) == found == read_report(json.loads(json.dumps(found.described())))
    study.texts = {"information": "Other words."}
    assert publishing.kept_audit(study) == found
    study.seed += 1
    assert publishing.kept_audit(study) is None


def test_the_command_says_what_was_found_and_as_json(draft, capsys):
    call_command("audit_study", draft.slug)
    said = capsys.readouterr().out
    assert "heatmaps show no colour" in said
    assert "Always “yes”: 71% answers right, £13.00 of £15.00" in said
    call_command("audit_study", draft.slug, json=True)
    assert json.loads(capsys.readouterr().out)["level"] in (GREEN, AMBER)
    draft.conditions.all().delete()
    with pytest.raises(CommandError, match="There is no condition"):
        call_command("audit_study", draft.slug)


@pytest.fixture
def desk(db):
    return signed_in(User.objects.create_superuser("ada"))


@pytest.fixture
def red(draft):
    """The same with queries to which yes is always the answer."""
    draft.parameters = {"queries_per_class": {"TP": 3, "FN": 0, "FP": 2, "TN": 0}}
    draft.save()
    return draft


def test_the_checklist_asks_for_the_audit_once_and_shows_it(desk, red):
    page = reverse("admin:studyapp_study_change", args=[red.pk])
    assert reverse("admin:study_auditing", args=[red.pk]) in desk.get(page).content.decode()
    desk.get(page)
    (job,) = models.Job.objects.filter(kind="audit")
    do_jobs()
    assert desk.get(reverse("admin:study_auditing", args=[red.pk])).json()["under_way"] is False
    text = desk.get(page).content.decode()
    assert "hw-audit-red" in text
    assert "Always “yes”: 100%" in text
    assert "Always “yes”: 100%" in desk.get(reverse("admin:study_audit", args=[red.pk])).content.decode()
    assert models.Job.objects.filter(kind="audit").get() == job


def test_publishing_with_red_takes_a_tick_that_is_recorded(desk, red):
    address = reverse("admin:study_publish", args=[red.pk])
    refused = desk.post(address)
    assert refused.url == address
    text = desk.get(address).content.decode()
    assert "Always “yes”: 100%" in text
    assert 'name="accept" required' in text
    red.refresh_from_db()
    assert red.current is None
    desk.post(address, {"accept": "on"})
    red.refresh_from_db()
    assert red.current.number == 1
    ((what, _, sentence),) = models.Change.objects.filter(study=red).latest("pk").details
    assert (what, "Always “yes”: 100%" in sentence) == ("Accepted from the audit", True)


def test_publishing_in_the_background_stops_at_what_nobody_accepted(desk, red, monkeypatch):
    from studyapp.desk.study import transitions

    monkeypatch.setattr(transitions, "DRAWN_AT_ONCE", 1)
    address = reverse("admin:study_publish", args=[red.pk])
    desk.post(address)
    do_jobs()
    job = models.Job.objects.get(kind="publish")
    assert (job.outcome, "Always “yes”: 100%" in job.error) == ("failed", True)
    desk.post(address, {"accept": "on"})
    do_jobs()
    red.refresh_from_db()
    assert red.current.number == 1


def test_worked_examples_show_something_where_any_picture_does(draft):
    """Most maps of a method are blank; those that are not are taken for the instructions and the screening."""
    from studyapp.core.audit import visible

    read, record = reader(draft.required_bundle), publishing.definition(draft)
    images = list(record["stimuli"]["instructions"]["images"].values())
    nodes = [read.heatmap(one, "lrp", "cat") for one in images]
    assert visible.shows_something(read, nodes, record["display"])
    assert not visible.shows_something(read, nodes, {"methods": {"lrp": {"opacity": 0}}})
    assert visible.shows_something(read, nodes, {})
