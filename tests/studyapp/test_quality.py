"""What a completed run's answers and times tell of the care that was taken, worked by hand."""

import pytest

from studyapp.core.kinds import kind
from studyapp.core.quality import Answer, flags, measures
from tests.studyapp.conftest import submit, walk

KIND = kind("forward_simulation")


def trial(response=True, confidence=1, rt_ms=20_000, hidden_ms=0):
    answer = {"response": response, "confidence": confidence, "sensitive_to": "ears"}
    return Answer({"page": "trial"}, answer, {"correct": response}, rt_ms, hidden_ms)


def check(page, passed):
    return Answer({"page": page}, {"choice": 1}, {"passed": passed}, 1000, 0)


def test_measures_are_the_median_time_the_hidden_share_and_what_never_changed():
    times = [10_000, 30_000, 20_000, 40_000, 50_000]
    rows = [trial(number % 2 == 0, 3, rt_ms, hidden_ms=3_000) for number, rt_ms in enumerate(times)]
    kept = measures([*rows, check("attention", False), check("attention", True)], KIND)
    assert kept == {
        "trial_ms": 30_000,
        "hidden": round(15 / 152, 3),
        "same": ["confidence"],
        "failed": {"attention": 1},
    }


def test_the_entrance_is_no_check_and_few_trials_are_no_constant():
    kept = measures([check("consent", False), check("eligibility", False), *[trial()] * 4], KIND)
    assert (kept["same"], kept["failed"]) == ([], {})


def test_free_text_is_never_called_constant():
    assert measures([trial(n % 2 == 0, n) for n in range(6)], KIND)["same"] == []


def test_without_times_nothing_is_said_of_them():
    kept = measures([trial(rt_ms=None, hidden_ms=None)], KIND)
    assert (kept["trial_ms"], kept["hidden"]) == (None, None)
    assert flags(kept, 20_000) == []


def test_too_fast_is_less_than_a_third_of_the_usual_trial():
    assert flags({"trial_ms": 6_666}, 20_000) == ["Too fast: trials in less than a third of the usual time"]
    assert flags({"trial_ms": 6_667}, 20_000) == []


def test_every_flag_is_said_in_words():
    kept = {"trial_ms": 20_000, "hidden": 0.6, "same": ["response"], "failed": {"attention": 2}}
    assert flags(kept, 20_000) == [
        "Constant: the same “response” on every trial",
        "Failed check: attention",
        "Elsewhere: the page was hidden for more than half the time",
    ]


@pytest.mark.django_db
@pytest.mark.database
def test_measures_are_kept_when_a_run_completes_and_not_before(start):
    anna, bela = start("anna"), start("bela")
    submit(walk(anna, upto=1), 7, timing={"rt_ms": 500})
    bela = walk(bela)
    assert walk(anna, upto=4).quality == {}
    assert walk(anna).quality["failed"] == {"check": 1}
    assert bela.quality == {"trial_ms": None, "hidden": None, "same": [], "failed": {}}
