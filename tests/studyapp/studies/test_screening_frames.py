"""The screening asks what a heatmap shows: which of two framed places holds the evidence."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studyapp.core.heatmaps.marks import Frame, read_frame
from studyapp.studies.forward_simulation.frames import frame_problems, frames_of
from tests.studyapp.made.forward_simulation import KIND, make_bundle, make_definition, make_plan

HEATMAP = {"heatmap": "lrp", "scores": "hidden"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("frames") / "bundle")


def within(frame: Frame, side: int) -> tuple[slice, slice]:
    left, top, width, height = (round(value * side / 100) for value in frame)
    return slice(top, top + height), slice(left, left + width)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 8), st.integers(0, 8), st.sampled_from([12, 48, 240]))
def test_the_frame_finds_evidence_wherever_it_lies_and_the_other_lies_apart(row, column, side):
    saliency = np.zeros((side, side))
    saliency[within(Frame(column * 100 / 12, row * 100 / 12, 100 / 3, 100 / 3), side)] = 1.0
    inside, outside = frames_of(saliency - 2.0, reference=-2.0)
    assert saliency[within(inside, side)].sum() == saliency.sum()
    assert saliency[within(outside, side)].sum() == 0
    assert not inside.overlaps(outside)


def test_what_spoke_against_the_class_is_no_evidence():
    saliency = np.zeros((24, 24))
    saliency[:8, :8], saliency[16:, 16:] = -5.0, 1.0
    inside, outside = frames_of(saliency)
    assert saliency[within(inside, 24)].sum() == 64
    assert saliency[within(outside, 24)].sum() <= 0


@pytest.mark.parametrize("text", ["30 40 25", "30 40 25 90", "a b c d", "30 40 0 20", "-1 0 5 5", ""])
def test_a_frame_that_cant_be_drawn_is_named(text):
    assert read_frame(text) is None
    rows = [["lrp", "1", "10 10 20 20", text]]
    assert f"found “{text}”" in frame_problems({"screening_frames": rows})[0]


@pytest.mark.parametrize("order", [0, 1])
def test_the_statement_about_a_comes_first_and_either_letter_is_the_right_one_for_half(bundle, order):
    definition = make_definition(bundle)
    plan = KIND.part("plan:build")(definition, HEATMAP, order, Random(1))
    data = next(step["data"] for step in plan if step["data"].get("about") == "heatmap")
    assert [statement["text"].rstrip(".")[-1] for statement in data["statements"]] == ["A", "B"]
    assert [statement["right"] for statement in data["statements"]] == [order == 0, order == 1]
    assert data["frames"]["inside"] == "AB"[order]


def test_sentences_of_the_researchers_own_need_no_frames(bundle):
    definition = make_definition(bundle)
    definition["texts"] = definition["texts"] | {
        "screening_heatmap": "- [x] The red lies on the legs.\n- [ ] On the sky."
    }
    data = next(step["data"] for step in make_plan(definition, HEATMAP) if step["data"].get("about") == "heatmap")
    assert "frames" not in data
    assert [statement["right"] for statement in data["statements"]] == [True, False]
