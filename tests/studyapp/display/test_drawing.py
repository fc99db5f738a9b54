"""Pictures of heatmaps: drawn at publishing, all that people can meet, once, under names that tell nothing."""

import re

import numpy as np
import pytest
from PIL import Image

from studyapp import models, publishing
from studyapp.bundles import drawing, stimuli
from studyapp.bundles.drawing import heatmap_url
from studyapp.core.bundles import scales
from studyapp.core.display import Display, picture
from studyapp.core.engine.kinds import kind
from studyapp.core.heatmaps.displays import display_for
from studyapp.run import sessions
from studyapp.simulation import by_functions, simulate
from tests import loaded
from tests.bundles import write_bundle
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.database, pytest.mark.django_db]
KINDS = ("forward_simulation", "label_matching", "clustering")


def pictures(root) -> set[str]:
    return {str(path.relative_to(root)) for path in root.glob("*/*.webp") if len(path.parent.name) == 16}


@pytest.fixture
def unexpected(monkeypatch):
    """Make drawing anything fail: what is shown must be there already."""

    def draw(*arguments):
        raise AssertionError("drawn while somebody waits")

    return lambda: monkeypatch.setattr(drawing, "_drawn", draw)


@pytest.mark.parametrize("name", KINDS)
def test_publishing_draws_all_that_any_page_of_any_run_shows(name, settings, unexpected):
    study = make_draft(name)
    said = []
    n = publishing.draw_heatmaps(study, lambda done, of: said.append((done, of)))
    assert said == [(done, n) for done in range(1, n + 1)]
    assert len(pictures(settings.STIMULI_ROOT)) == n > 0
    publishing.publish(study)
    unexpected()
    from studyapp.run import showing

    for run in simulate(study, 2, by_functions.walk):
        run = sessions.get(run.pk)
        for position in range(len(run.plan.steps)):
            run.position = position
            showing.step_context(run)


def test_a_picture_is_drawn_as_the_display_says_on_the_scale_of_all_maps_of_its_method(settings):
    study = make_draft("forward_simulation")
    bundle = stimuli.reader(study.bundle)
    nodes = [tree[0] for (_, method, _), tree in bundle.nodes.items() if method == "lrp"]
    for shared, end in ((Display(style="map"), None), (Display(style="map", scale="map"), 1)):
        ends = scales.study_scales(bundle, "lrp", shared)
        path = settings.STIMULI_ROOT / heatmap_url(study.bundle, nodes[3], shared).removeprefix("/stimuli/")
        found = np.asarray(Image.open(path).convert("RGB")).astype(int)
        scale = None if end else ends["/0"]
        expected = picture(bundle.photograph(nodes[3].image_id), bundle.saliency(nodes[3]), shared, scale=scale)
        assert np.abs(found - expected).mean() < 6  # WebP's losses


def test_a_map_is_drawn_as_large_as_it_is_shown_where_its_photograph_is_smaller(settings):
    study = make_draft("forward_simulation", photo_px=90, map_px=140)
    definition, bundle = publishing.definition(study), stimuli.reader(study.bundle)
    node = kind(study.kind).part("stimuli:heatmaps")(definition, bundle)[0]
    drawn = publishing.shown(definition, study.bundle, node)
    assert drawn.shape == (140, 140, 3)
    small = publishing.shown(definition | {"display": definition["display"] | {"side_px": 0}}, study.bundle, node)
    assert small.shape == bundle.photograph(node.image_id).shape == (8, 8, 3)
    # Smooth: no step between neighbours as large as those of the small picture.
    steps = [np.abs(np.diff(pixels.astype(int), axis=0)).max() for pixels in (drawn, small)]
    assert steps[0] < steps[1]


def test_where_photographs_are_large_enough_nothing_about_pictures_changes():
    study = make_draft("forward_simulation", photo_px=48, map_px=48)
    study.bundle = loaded.load(write_bundle, "large", size=64)
    definition = publishing.definition(study)
    assert "side_px" not in definition["display"]


def test_what_participants_would_get_can_be_looked_at_before_and_after_it_is_drawn(settings):
    study = make_draft("forward_simulation")
    definition = publishing.definition(study)
    node = kind(study.kind).part("stimuli:heatmaps")(definition, stimuli.reader(study.bundle))[0]
    before = publishing.shown(definition, study.bundle, node)
    assert pictures(settings.STIMULI_ROOT) == set()
    publishing.draw_heatmaps(study)
    assert (publishing.shown(definition, study.bundle, node) == before).all()


def test_another_display_or_another_map_is_another_picture_and_the_same_ones_are_not_drawn_twice(
    tmp_path, settings, unexpected
):
    study = make_draft("forward_simulation")
    first, second, *_ = [tree[0] for tree in stimuli.reader(study.bundle).nodes.values()]
    displays = [Display(), Display(style="map"), Display(smoothing=1), Display(scale="map")]
    addresses = {heatmap_url(study.bundle, node, display) for node in (first, second) for display in displays}
    assert len(addresses) == 8
    unexpected()
    assert {heatmap_url(study.bundle, node, display) for node in (first, second) for display in displays} == addresses


def test_addresses_tell_nothing_and_differ_between_installations(settings):
    study = make_draft("forward_simulation")
    node = next(iter(stimuli.reader(study.bundle).nodes.values()))[0]
    address = heatmap_url(study.bundle, node, Display())
    assert re.fullmatch(r"/stimuli/[0-9a-f]{16}/[0-9a-f]{32}\.webp", address)
    study.bundle.salt = "another"
    assert heatmap_url(study.bundle, node, Display()) != address


def test_the_versions_hash_covers_how_maps_look():
    study = make_draft("forward_simulation")
    first = publishing.freeze(study)
    assert first.definition["display"]["methods"]["lrp"]["scale"] == "study"
    study.parameters, study.display = {"heatmap_layout": "hover"}, {"scale": "map"}
    second = publishing.freeze(study)
    assert second.content_hash != first.content_hash
    assert second.definition["display"]["methods"]["lrp"] == first.definition["display"]["methods"]["lrp"] | {
        "scale": "map",
        "style": "overlay",
    }


def test_pixelwise_methods_are_smoothed_by_default():
    assert display_for({"name": "lrp", "pixelwise": True}).smoothing == 0.8
    assert display_for({"name": "grad_cam", "pixelwise": False}).smoothing == 0
    assert display_for({"name": "from elsewhere"}).smoothing == 0
    assert display_for({"name": "lrp", "pixelwise": True}, {"smoothing": 0}).smoothing == 0


def test_a_preview_draws_only_what_it_shows(settings):
    study = make_draft("forward_simulation")
    version = publishing.freeze(study, draft=True)
    assert pictures(settings.STIMULI_ROOT) == set()
    wanted = kind(study.kind).part("stimuli:heatmaps")(version.definition, stimuli.reader(study.bundle))
    heatmap_url(study.bundle, wanted[0], Display())
    assert len(pictures(settings.STIMULI_ROOT)) == 1


def test_a_bundles_pictures_are_deleted_with_it(settings):
    study = make_draft("forward_simulation")
    publishing.draw_heatmaps(study)
    record = models.Bundle.objects.get()
    drawing.delete_pictures(record)
    stimuli.delete_files(record)
    assert [path for path in settings.STIMULI_ROOT.rglob("*") if path.is_file()] == []
    assert list(settings.BUNDLES_ROOT.with_name("scales").rglob("*.json")) == []


def test_maps_of_a_tree_share_a_scale_with_those_of_their_own_level():
    study = make_draft("label_matching")
    bundle = stimuli.reader(study.bundle)
    ends = scales.study_scales(bundle, "cwox_2s", Display())
    assert set(ends) == {"/0", "/1"}
    tree = next(tree for (_, method, _), tree in bundle.nodes.items() if method == "cwox_2s" and len(tree) == 4)
    peaks = {node.node: scales.peak_of(bundle, node, Display()) for node in tree}
    by_level = {level: [node for node in tree if scales.level_of(bundle, node) == level] for level in (0, 1)}
    for nodes in by_level.values():
        for node in nodes:
            assert scales.scale_of(bundle, node, Display(scale="image")) == max(peaks[one.node] for one in nodes)
