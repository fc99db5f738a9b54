"""A study's displays: set in its file or at the desk, refused in words, frozen, and levels of a factor."""

import json
from importlib import import_module
from random import Random

import pytest
from django.apps import apps

from studyapp import models, publishing
from studyapp.bundles import stimuli
from studyapp.core.engine import display_settings
from studyapp.core.engine.kinds import kind, kinds
from studyapp.core.heatmaps import displays
from studyapp.data import audit, exporting, study_files
from studyapp.publishing import audits
from studyapp.run import sessions, showing
from studyapp.simulation import by_functions, simulate
from tests.studyapp.made.every_kind import make_draft

database = [pytest.mark.database, pytest.mark.django_db]
TWO = {"levels": {"red": {}, "lines": {"style": "contours", "methods": {"lrp": {"smoothing": 3}}}}}
LRP, OTHER = {"name": "lrp", "pixelwise": True}, {"name": "rise"}


def said(settings, usual=None) -> str:
    return " ".join(display_settings.problems(settings, usual or {}))


def test_a_method_has_the_studys_display_then_its_own_then_the_levels():
    settings = {"scale": "map", "methods": {"lrp": {"percentile": 90}}} | TWO
    assert displays.display_for(OTHER, settings).described() == displays.display_for(OTHER).described() | {
        "scale": "map"
    }
    own = displays.display_for(LRP, settings)
    assert (own.scale, own.percentile, own.smoothing) == ("map", 90, 0.8)
    level = displays.display_for(LRP, settings, {}, "lines")
    assert (level.style, level.smoothing, level.percentile, level.scale) == ("contours", 3, 90, "map")
    assert displays.display_for(OTHER, settings, {"style": "overlay"}, "red").style == "overlay"


def test_who_changes_the_sign_gets_its_usual_colours_unless_others_are_named():
    settings = {
        "colours": "viridis",
        "methods": {"lrp": {"sign": "both"}, "rise": {"sign": "both", "colours": "PuOr_r"}},
    }
    assert said(settings) == ""
    assert displays.display_for(LRP, settings).colours == "RdBu_r"
    assert displays.display_for(OTHER, settings).colours == "PuOr_r"
    assert displays.display_for({"name": "cam"}, settings).colours == "viridis"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "display: expected an object, found []."),
        ({"colour": "Reds"}, "display: unknown 'colour'; did you mean “colours”."),
        (
            {"style": "over_gray"},
            "display.style: expected one of over_grey, overlay, contours, reveal, map, found 'over_gray'",
        ),
        ({"opacity": True}, "display.opacity: expected a number from 0 to 1, found True."),
        ({"smoothing": float("nan")}, "display.smoothing: expected a number from 0 to 10, found nan."),
        ({"colours": ""}, "display.colours: expected one of Reds"),
        ({"colours": ["Reds"]}, "display.colours: expected one of Reds"),
        ({"colours": "RdBu_r"}, "display: colours: expected one of Reds"),
        (
            {"sign": "both", "methods": {"rise": {"colours": "Reds"}}},
            "display.methods.rise: colours: expected one of RdBu_r",
        ),
        ({"methods": ["rise"]}, "display.methods: expected an object of method: display, found ['rise']."),
        ({"methods": {"rise": {"methods": {}}}}, "display.methods.rise: unknown 'methods'"),
        ({"methods": {"rise": 3}}, "display.methods.rise: expected an object, found 3."),
        ({"levels": ["red"]}, "display.levels: expected an object of name: display"),
        ({"levels": {"red": {}}}, "display.levels: expected 2 to 8 displays to compare, or none, found 1."),
        (
            {"levels": {"a b": {}, "c": {}}},
            "display.levels: expected names of letters, digits, - and _, up to 30, found 'a b'.",
        ),
        ({"levels": {"a": {}, "b": {"style": "x"}}}, "display.levels.b.style: expected one of"),
        ({"levels": {"a": {}, "b": {"colours": "coolwarm"}}}, "display.levels.b: colours: expected one of Reds"),
        (
            {"levels": {"a": {}, "b": {"style": "over_grey"}}},
            "display.levels: expected displays that differ; “a” and “b” look",
        ),
        ({"levels": {"a": {"levels": {}}, "b": {}}}, "display.levels.a: unknown 'levels'"),
        ({"varies": "within"}, "display.varies: expected only where there are levels."),
        (TWO | {"varies": "sometimes"}, "display.varies: expected between or within, found 'sometimes'."),
    ],
)
def test_what_makes_no_sense_is_refused_naming_its_place(given, words):
    assert words in said(given)


def test_levels_may_differ_for_one_method_alone():
    assert said({"levels": {"a": {}, "b": {"methods": {"lrp": {"style": "map"}}}}}) == ""
    assert said(TWO) == ""


def test_every_kinds_usual_display_is_one():
    for study_kind in kinds().values():
        usual = study_kind.usual_display(study_kind.defaults())
        assert displays.display_for(OTHER, {}, usual)
        assert display_settings.problems({}, usual) == []
    assert kind("forward_simulation").usual_display({"heatmap_layout": "hover"}) == {"style": "overlay"}


@pytest.mark.parametrize("n_trials", [1, 4, 7])
def test_within_people_every_block_has_each_display_equally_often_and_a_trials_pages_have_one(n_trials):
    definition = {"display": {"levels": {"a": {}, "b": {}, "c": {}}, "varies": "within"}}
    steps = [{"page": "consent"}]
    for block in ("x", "y"):
        steps.append({"page": "start", "block": block})
        for _ in range(n_trials):
            where = {"block": block, "trial_index": 1 + sum(one["page"] == "guess" for one in steps)}
            steps += [{"page": "guess", **where}, {"page": "verify", **where}]
    dealt = displays.dealt(definition, [*steps, {"page": "end"}], {}, Random(1))
    assert [{name: value for name, value in one.items() if name != "display"} for one in dealt] == [
        *steps,
        {"page": "end"},
    ]
    guesses = [one for one in dealt if one["page"] == "guess"]
    for block in ("x", "y"):
        met = [one["display"] for one in guesses if one["block"] == block]
        assert max(met.count(level) for level in "abc") - min(met.count(level) for level in "abc") <= 1
    shown = {one["trial_index"]: one["display"] for one in guesses}
    assert all(shown[one["trial_index"]] == one["display"] for one in dealt if one["page"] == "verify")
    assert dealt[0]["display"] == dealt[1]["display"] == guesses[0]["display"]
    assert {
        tuple(one["display"] for one in displays.dealt(definition, steps, {}, Random(seed))) for seed in range(9)
    } != 1


def test_between_people_every_step_has_the_conditions_display_and_without_several_none():
    steps = [{"page": "trial", "trial_index": 1}]
    several = {"display": {"levels": {"a": {}, "b": {}}, "varies": "between"}}
    assert displays.dealt(several, steps, {"display": "b"}, Random(1)) == [steps[0] | {"display": "b"}]
    assert displays.dealt({"display": {}}, steps, {}, Random(1)) is steps


LEVELS = {"levels": {"red": {}, "lines": {"style": "contours"}}}


def vary(study: models.Study, varies: str, levels: dict = LEVELS) -> None:
    """Let a study's display vary; between people, every condition becomes two."""
    study.display = {**study.display, **levels, "varies": varies}
    study.save()
    if varies == "between":
        for cell in study.conditions.all():
            for level in levels["levels"]:
                name, factors = f"{cell.name}-{level}", cell.factors | {"display": level}
                models.Condition.objects.create(study=study, name=name, factors=factors)
            cell.delete()


@pytest.mark.parametrize(
    ("name", "varies"),
    [
        ("forward_simulation", "between"),
        ("forward_simulation", "within"),
        ("label_matching", "within"),
        ("clustering", "between"),
    ],
)
@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
@pytest.mark.database
def test_a_display_that_varies_is_drawn_shown_and_recorded(name, varies, tmp_path):
    study = make_draft(name)
    fewer = publishing.draw_heatmaps(study)
    vary(study, varies)
    assert publishing.draw_heatmaps(study) > fewer
    publishing.publish(study)
    seen = {"red": set(), "lines": set()}
    for run in simulate(study, 4, by_functions.walk):
        run = sessions.get(run.pk)
        for position, step in enumerate(run.plan.steps):
            run.position = position
            legend = str(showing.step_context(run).get("legend"))
            seen[step["display"]].add(legend)
    assert seen["red"] != seen["lines"]
    assert len(seen["red"] | seen["lines"]) >= 3  # with the pages that have none
    exporting.export(study, tmp_path / "export", wide=True)
    described = json.loads((tmp_path / "export" / "dataset_description.json").read_text())
    column = "factor_display" if varies == "between" else "display"
    variable = next(one for one in described["variableMeasured"] if one["name"] == column)
    assert set(variable["levels"]) == {"red", "lines"}
    assert "style contours" in variable["levels"]["lines"]
    assert ("display" in described["factors"]) == (varies == "between")
    assert described["within"] == ({"display": ["lines", "red"]} if varies == "within" else {})
    (wide,) = (tmp_path / "export" / "data").glob("*table-wide*")
    assert (",trial01_display," in wide.read_text()) == (name == "forward_simulation" and varies == "within")
    (trials,) = (tmp_path / "export" / "data").glob("*table-trials*")
    header, *rows = trials.read_text().splitlines()
    place = header.split(",").index(column)
    assert {row.split(",")[place] for row in rows} == {"red", "lines"} if name != "label_matching" else column in header


@pytest.mark.django_db
@pytest.mark.database
def test_the_checklist_names_conditions_without_a_display_and_methods_that_the_bundle_lacks():
    study = make_draft("forward_simulation")
    study.display = TWO
    assert "Condition “none-shown”: expected the display lines or red, found none." in publishing.problems(study)
    study.display = {"methods": {"rise": {"floor": "minimum"}}}
    assert publishing.problems(study) == [
        "Display of “rise”: the bundle has no such method; it has lrp, multiscale_occlusion."
    ]
    study.display = {"style": "best"}
    assert "display.style: expected one of" in publishing.problems(study)[0]
    study.display = {}
    study.conditions.filter(name="none-shown").update(factors={"heatmap": "none", "scores": "shown", "display": "red"})
    assert "“none-shown”: it has the display “red”, but displays don't vary" in publishing.problems(study)[0]


@pytest.mark.django_db
@pytest.mark.database
def test_a_studys_file_brings_its_displays_along(tmp_path):
    study = make_draft("forward_simulation")
    study.display = {"scale": "map", "methods": {"lrp": {"percentile": 95.0}}}
    vary(study, "between")
    study.refresh_from_db()
    study_files.dump_study(study, tmp_path / "study.json")
    loaded = study_files.load_study(tmp_path / "study.json", slug="again")
    assert loaded.display == study.display
    assert sorted(cell.factors["display"] for cell in loaded.conditions.all()) == ["lines"] * 6 + ["red"] * 6
    found = json.loads((tmp_path / "study.json").read_text())
    for wrong, words in (
        ({"display": {"style": "best"}}, "display.style: expected one of"),
        ({"display": {}}, r"conditions\[0\].factors: expected heatmap, scores, found"),
        ({"conditions": [{"name": "a", "factors": {"heatmap": "none", "scores": "shown", "display": "blue"}}]},
         r"conditions\[0\].factors.display: expected one of lines, red, found 'blue'"),
    ):  # fmt: skip
        with pytest.raises(study_files.StudyFileError, match=words):
            study_files.parse(found | wrong, "third")


@pytest.mark.django_db
@pytest.mark.database
def test_a_change_of_display_is_on_record_in_words():
    study = make_draft("label_matching")
    before = audit.snapshot(study.pk)
    study.display = {"scale": "map"} | TWO
    study.save()
    assert audit.differences(before, audit.snapshot(study.pk)) == [
        ["Display", None, "scale map"],
        ["Display “lines”", None, "style contours"],
        ["Display “lines” of “lrp”", None, "smoothing 3"],
        ["Display “red”", None, "as the study's"],
        ["Display varies", None, "between"],
    ]


@pytest.mark.django_db
@pytest.mark.database
def test_a_version_frozen_before_its_kind_lost_a_parameter_is_not_told_as_edited():
    study = make_draft("forward_simulation")
    publishing.publish(study)
    definition = study.current.definition
    definition["parameters"]["scale"] = "shared"
    models.Version.objects.filter(pk=study.current.pk).update(definition=definition)
    publishing.read_version.cache_clear()
    assert not publishing.edited_since(study)


@pytest.mark.django_db
@pytest.mark.database
def test_what_people_in_a_condition_can_meet_is_told_with_its_display():
    study = make_draft("forward_simulation")
    vary(study, "between")
    definition = publishing.definition(study)
    for cell in definition["conditions"]:
        met = publishing.met_in(definition, study.bundle, cell)
        methods = {node.method for node, _ in met}
        assert methods == ({cell["factors"]["heatmap"]} - {"none"})
        assert {level for _, level in met} <= {cell["factors"]["display"]}
    node, level = publishing.met_in(definition, study.bundle, definition["conditions"][-1])[0]
    picture = publishing.shown(definition, study.bundle, node, level)
    assert picture.shape == (130, 130, 3)  # as it is shown, since the photograph is smaller


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize(("said", "scale"), [("per_map", "map"), ("per_image", "image"), ("shared", "study")])
def test_what_was_a_parameter_becomes_a_field_of_the_display(said, scale):
    study = make_draft("label_matching", scale=said, minutes=9)
    import_module("studyapp.migrations.0008_display").scale_to_display(apps, None)
    study.refresh_from_db()
    assert (study.parameters, study.display) == ({"minutes": 9}, {"scale": scale})


@pytest.mark.parametrize(("name", "varies"), [("forward_simulation", "between"), ("clustering", "within")])
@pytest.mark.django_db
@pytest.mark.database
def test_the_audit_judges_every_display_by_its_own_pictures(name, varies):
    study = make_draft(name)
    bare = {"levels": {"usual": {}, "bare": {"opacity": 0}}, "varies": varies}
    vary(study, varies, bare)
    record, read = publishing.definition(study), stimuli.reader(study.bundle)
    blank = [one for one in publishing.audit_study(study).findings if one.check == "blank"]
    assert blank[0].level == "red"
    assert {audits.level_of(record, read, one.where) for one in blank if one.level == "red"} == {"bare"}


def test_levels_have_one_order_in_whatever_order_a_database_returns_them():
    settings = {"levels": {"usual": {}, "b": {"style": "lines"}, "aa": {"style": "revealed"}}, "varies": "within"}
    turned = settings | {"levels": dict(reversed(settings["levels"].items()))}
    assert list(turned["levels"]) != list(settings["levels"])
    assert displays.level_names(settings) == displays.level_names(turned) == ["aa", "b", "usual"]
    for one in (settings, turned):
        assert displays.levels_met({"display": one}, {}) == ["aa", "b", "usual"]
        assert display_settings.factors(kind("clustering"), one | {"varies": "between"})[-1].levels == (
            "aa",
            "b",
            "usual",
        )
        assert [name for name in display_settings.in_words(one) if "“" in name] == [
            "Display “aa”",
            "Display “b”",
            "Display “usual”",
        ]
