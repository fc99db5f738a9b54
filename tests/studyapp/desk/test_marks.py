"""The desk's page on which a study's places on heatmaps are drawn: what it shows, stores, and refuses."""

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from studyapp import models, publishing
from studyapp.bundles.stimuli import reader
from studyapp.core.heatmaps.marks import Frame, Marking, read_frame, rows_of
from studyapp.studies.forward_simulation.marking import markings
from tests.studyapp.made.every_kind import make_draft

percent = st.integers(0, 99)
frames = st.builds(
    lambda left, top, width, height: Frame(left, top, max(1, min(width, 100 - left)), max(1, min(height, 100 - top))),
    percent,
    percent,
    percent,
    percent,
)


@pytest.fixture
def draft(db, settings, tmp_path):
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    return make_draft("forward_simulation", screening_policy="retry", screening_attempts=2)


@pytest.fixture
def ada(client, draft):
    client.force_login(User.objects.create_superuser("ada"))
    return client


def address(draft, name="screening_frames"):
    return f"/admin/studyapp/study/{draft.pk}/marks/{name}/"


def fields(page) -> dict:
    """Return what the page's form would send if nothing were drawn."""
    places = [place["form"] for marking in page.context["markings"] for place in marking["places"]]
    shown = {form.add_prefix(side): form[side].value() for form in places for side in Frame._fields}
    return shown | {"seen": page.context["seen"]}


@given(frames)
def test_a_frame_is_read_as_it_was_written(frame):
    assert read_frame(frame.written()) == frame


@given(frames, frames)
def test_frames_overlap_where_they_share_a_percent_of_the_picture(one, other):
    def cells(frame):
        left, top, width, height = map(int, frame)
        return {(x, y) for x in range(left, left + width) for y in range(top, top + height)}

    assert one.overlaps(other) is other.overlaps(one) is bool(cells(one) & cells(other))


def test_rows_of_other_heatmaps_stay_and_what_the_map_tells_takes_none():
    usual = {"inside": Frame(0, 0, 33.3, 33.3), "outside": Frame(66.7, 66.7, 33.3, 33.3)}
    one, two = (Marking((method, "1"), method, None, {}, (), usual, None) for method in ("lrp", "rise"))
    rows = [["gone", "1", "1 1 5 5", "9 9 5 5"], ["rise", "1", "1 1 5 5", "9 9 5 5"]]
    drawn = [{"inside": "10 10 20 20", "outside": "70 70 20 20"}, {"inside": "0 0 33 33", "outside": "67 67 33 33"}]
    assert rows_of(rows, [one, two], drawn) == [rows[0], ["lrp", "1", "10 10 20 20", "70 70 20 20"]]


def test_every_method_and_attempt_has_its_heatmap_with_the_maps_own_frames(draft):
    record = publishing.definition(draft)
    found = markings(record, reader(draft.bundle))
    methods = {cell["factors"]["heatmap"] for cell in record["conditions"]} - {"none"}
    assert {one.keys for one in found} == {(method, attempt) for method in methods for attempt in "12"}
    assert all(one.own is None and one.places == one.usual for one in found)
    assert {right for one in found for _, right in one.asked} == {True, False}


def test_what_is_drawn_is_stored_put_on_record_and_met(ada, draft):
    page = ada.get(address(draft))
    first = page.context["markings"][0]
    keys = markings(publishing.definition(draft), reader(draft.bundle))[0].keys
    sent = fields(page)
    assert ada.post(address(draft), sent).status_code == 302
    draft.refresh_from_db()
    assert "screening_frames" not in draft.parameters  # nothing was drawn
    prefix = first["places"][0]["form"].prefix
    sent |= {f"{prefix}-left": 5, f"{prefix}-top": 6, f"{prefix}-width": 40, f"{prefix}-height": 30}
    assert ada.post(address(draft), sent).status_code == 302
    draft.refresh_from_db()
    [row] = draft.parameters["screening_frames"]
    assert (*row[:3],) == (*keys, "5 6 40 30")
    assert publishing.problems(draft) == []
    assert models.Change.objects.latest("pk").details[0][0] == "Parameter “Screening frames”"
    assert ada.get(address(draft)).context["markings"][0]["own"]


def test_places_outside_the_picture_and_edits_meanwhile_are_refused_in_words(ada, draft):
    sent = fields(ada.get(address(draft)))
    name = next(name for name in sent if name.endswith("-left"))
    for wrong, said in ((90, "lies in the picture"), (-1, "greater than or equal to 0"), ("", "required")):
        refused = ada.post(address(draft), sent | {name: wrong})
        assert refused.status_code == 200
        assert said in refused.content.decode()
    assert ada.post(address(draft), sent | {name: 1}).status_code == 302
    late = ada.post(address(draft), sent | {name: 2})
    assert "Since this page was opened, ada changed" in late.content.decode()
    assert ada.post(address(draft), {}).status_code == 200


def test_without_stimuli_or_heatmaps_the_page_says_what_is_missing_and_other_parameters_have_none(ada, draft):
    draft.conditions.exclude(factors__heatmap="none").delete()
    assert "No condition shows a heatmap" in ada.get(address(draft)).content.decode()
    models.Study.objects.update(parameters={"classes": ["cat", "unicorn"]})
    assert "unicorn" in ada.get(address(draft)).content.decode()
    assert ada.get(address(draft, "classes")).status_code == 404
