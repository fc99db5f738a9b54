"""A study's sizes and windows: what is worked out, told on the checklist, and sent as a style sheet."""

import pytest

from studyapp import publishing
from studyapp.core.engine.kinds import kind
from studyapp.core.engine.sizes import Window
from tests.studyapp.made.every_kind import make_draft

KINDS = ("forward_simulation", "label_matching", "clustering")


@pytest.fixture(params=KINDS)
def draft(request, db, settings, tmp_path):
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    return make_draft(request.param)


def told(study) -> str:
    return next(check.summary for check in publishing.checks(study) if check.title == "Sizes")


def needed(study) -> list[Window]:
    return publishing.windows_of(publishing.freeze(study, draft=True))


def test_the_checklist_says_which_windows_hold_the_sizes(draft):
    assert "a tablet (1024 × 768)" in told(draft)
    assert "a laptop (1280 × 720)" in told(draft)
    assert "photographs have fewer pixels" in told(draft)  # those of the tests have eight
    draft.parameters = {"photo_px": 600, "map_px": 600}
    assert "as of none of the usual ones" in told(draft)


def test_larger_sizes_need_larger_windows_and_the_stated_least_is_kept(draft):
    usual = needed(draft)
    draft.parameters = {"photo_px": 240, "map_px": 240}
    assert all(any(large.holds(small) and large != small for small in usual) for large in needed(draft))
    draft.parameters = {"min_width_px": 1500, "min_height_px": 900}
    assert all(window.holds(Window(1500, 900)) for window in needed(draft))


@pytest.mark.parametrize("draft", [name for name in KINDS if name != "label_matching"], indirect=True)
def test_where_a_map_takes_its_photographs_place_it_has_its_size(draft):
    draft.parameters = {"photo_px": 160, "map_px": 120}
    if draft.kind == "forward_simulation":
        assert publishing.problems(draft) == []
        draft.parameters |= {"heatmap_layout": "overlay"}
    [problem] = publishing.problems(draft)
    assert problem.startswith("Parameter “map_px”: expected 160, as `photo_px`, since ")


@pytest.mark.parametrize(("name", "value"), [("photo_px", 20), ("map_px", 9000), ("small_windows", "perhaps")])
def test_a_wrong_size_is_refused_in_words(draft, name, value):
    draft.parameters = {name: value}
    assert any(f"Parameter “{name}”: expected" in problem for problem in publishing.problems(draft))


def test_sizes_reach_the_pages_as_a_style_sheet_that_never_changes(client):
    response = client.get("/sizes/130-150.css")
    assert response.content == b":root { --photo: 130px; --map: 150px; --tile: 150px; }\n"
    assert "immutable" in response["Cache-Control"]
    assert client.get("/sizes/130-9000.css").status_code == 404
    assert kind("clustering").defaults()["photo_px"] == 150
