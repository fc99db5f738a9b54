"""What a rating's points are called: by the export alone, whatever the number of points."""

import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.cli import main
from analysis.reading.exports import read_export
from analysis.reading.scales import UNNAMED, scale
from analysis.recipes import find
from tests.analysis import factory

SEVEN = ["not at all", "hardly", "a little", "half", "rather", "largely", "wholly"]
FOUR = [*factory.CONFIDENCE.values()]


def seven_points(rows):
    return [row | {"confidence": str(1 + i % 7)} for i, row in enumerate(rows)]


@pytest.fixture
def export(tmp_path):
    """Return a forward simulation in which all of seven points were used."""
    folder = factory.forward_simulation(tmp_path / "export", n=12, codes=False)
    factory.rewrite(folder, "trials", seven_points)
    return folder


def described(folder, parameters=None, levels=None):
    cells = {"heatmap": factory.HEATMAPS, "scores": factory.SCORES}
    factory.describe(folder, "forward_simulation", cells, parameters, levels)
    return read_export(folder)


def confidence(study):
    recipe = find("forward_simulation")
    return dict(recipe.sections(study, recipe.PLAN))["confidence"]()


NAMED = {
    "levels": {"levels": {"confidence": dict(enumerate(SEVEN, 1))}},
    "parameter": {"parameters": {"confidence_labels": SEVEN}},
    "the parameter beside another scale's levels": {
        "parameters": {"confidence_labels": SEVEN},
        "levels": {"confidence": factory.CONFIDENCE},
    },
}


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED)
def test_seven_points_have_the_study_s_own_words(export, named):
    section = confidence(described(export, **named))
    assert all(label in section.figures[0].alt for label in SEVEN)
    assert not any(label in section.figures[0].alt for label in FOUR)
    assert section.intro == ""


@pytest.mark.parametrize(
    "levels", [None, {"confidence": factory.CONFIDENCE}, {"confidence": {"low": "x", "high": "y"}}]
)
def test_points_that_the_export_does_not_name_are_numbers_with_a_remark(export, levels):
    section = confidence(described(export, levels=levels))
    assert "1 1" in section.figures[0].alt
    assert "7 1" in section.figures[0].alt
    assert not any(label in section.figures[0].alt for label in FOUR)
    assert "shown as numbers." in section.intro


def test_the_report_prints_the_study_s_own_words(export, tmp_path):
    described(export, **NAMED["levels"])
    assert main(["report", str(export), "--out", str(tmp_path / "report")]) == 0
    for name in ("report.html", "report.md"):
        text = (tmp_path / "report" / name).read_text()
        assert "half" in text
        assert not any(label in text for label in FOUR)


def test_a_sorting_s_confidence_rating_and_difficulty_have_the_study_s_own_words(tmp_path):
    folder = factory.clustering(tmp_path / "export", n=6)
    levels = {"agents_ratings": dict(enumerate(SEVEN, 1)), "closing_difficulty": {0: "easy as pie", 9: "out of reach"}}
    factory.describe(folder, "clustering", {}, {"confidence_labels": SEVEN[:6]}, levels)
    recipe = find("clustering")
    sections = {name: compute() for name, compute in recipe.sections(read_export(folder), recipe.PLAN)}
    assert SEVEN[5] in sections["confidence"].figures[0].alt
    assert SEVEN[6] not in sections["confidence"].figures[0].alt
    assert SEVEN[6] in sections["rating"].figures[0].alt
    assert sections["difficulty"].answer.endswith("on average, from 0, easy as pie, to 9, out of reach.")


def test_the_best_comes_first_where_the_parameter_lists_it_so(tmp_path):
    folder = factory.clustering(tmp_path / "export", n=4)
    factory.describe(folder, "clustering", {}, {"rating_labels": ["good", "fair", "bad"]})
    found = scale(read_export(folder), "agents_ratings", pd.Series([1, 3]), "rating_labels", best_first=True)
    assert found.labels == {1: "bad", 2: "fair", 3: "good"}


def test_ends_alone_name_the_points_between_by_number(tmp_path):
    folder = factory.clustering(tmp_path / "export", n=4)
    found = scale(read_export(folder), "closing_difficulty", pd.Series([2, 3]))
    assert found.points == {0: "not difficult at all", **{i: str(i) for i in range(1, 7)}, 7: "extremely difficult"}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(min_size=1), min_size=2, max_size=11), st.integers(1, 11))
def test_every_answer_has_its_own_words_or_none_has(export, labels, answer):
    found = scale(
        described(export, levels={"confidence": dict(enumerate(labels, 1))}), "confidence", pd.Series([1, answer])
    )
    assert found.points == (dict(enumerate(labels, 1)) if answer <= len(labels) else {})
    assert bool(found.remark) == (answer > len(labels))


def test_no_answer_leaves_the_words_as_they_are(export):
    assert scale(described(export), "confidence", pd.Series([], dtype=float)).remark == UNNAMED
    assert json.loads((export / "dataset_description.json").read_text())["variableMeasured"] == []
