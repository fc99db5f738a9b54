"""Whatever JSON a browser sends, the answer and the events that it came with are stored."""

import math

import pytest

from studyapp.core.storable import DEEPEST, storable
from studyapp.run import sessions
from tests.studyapp.conftest import submit

BROKEN = {"lone": "a\ud800b", "nul": "a\0b", "numbers": [math.nan, math.inf, 1.5], "k\0": {"deep": "\udfff"}}


def test_only_what_a_database_refuses_is_replaced():
    replaced = storable(BROKEN)
    assert replaced["nul"] == "a�b"
    assert "\ud800" not in replaced["lone"]
    assert replaced["lone"].startswith("a")
    assert replaced["numbers"] == [None, None, 1.5]
    kept = {"text": "naïve 😀 \n", "list": [1, True, None, {"a": -0.5}]}
    assert storable(kept) == kept


def test_what_lies_too_deep_is_cut_off():
    nested = []
    for _ in range(DEEPEST):
        nested = [nested]
    assert storable(nested) == nested
    assert storable([nested]) != [nested]
    assert str(storable([nested])).count("[") == DEEPEST + 1


@pytest.mark.django_db
@pytest.mark.database
def test_broken_json_costs_neither_answer_nor_events(start):
    anna = start("anna")
    assert submit(anna, "yes", timing={"rt_ms": 5, "shown_at": BROKEN, "screen": BROKEN}).status == "accepted"
    event = {"name": "a\ud800\0", "t_ms": math.nan, "input_mode": "\0", "data": BROKEN, "uid": "\ud800"}
    sessions.record_events(anna.pk, sessions.token(anna, 0), [event, {"name": "fine", "t_ms": 1}])
    assert anna.events.exclude(name="started").count() == 2
