"""What a completed run's answers and times tell of the care that was taken, worked by hand."""

from dataclasses import replace

import pytest

from studyapp import publishing
from studyapp.core.engine.kinds import Field, Page, kind
from studyapp.core.engine.quality import Answer, failed_checks, flags, measures
from studyapp.core.engine.questions import Scale
from studyapp.simulation import by_functions, simulate
from tests.studyapp.conftest import submit, walk
from tests.studyapp.made.every_kind import make_draft

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
        "constant": False,
        "straight": [],
        "habits": [],
        "failed": {"attention": 1},
    }


def test_the_entrance_is_no_check_and_few_trials_are_no_constant():
    kept = measures([check("consent", False), check("eligibility", False), *[trial()] * 4], KIND)
    assert (kept["same"], kept["failed"]) == ([], {})


def test_five_trials_with_one_answer_are_constant_and_questions_left_open_are_not_counted():
    assert measures([trial(n % 2 == 0, 2) for n in range(5)], KIND)["same"] == ["confidence"]
    left_open = [trial(n % 2 == 0, None if n == 4 else 2) for n in range(5)]
    assert measures(left_open, KIND)["same"] == []
    assert measures([trial(True, n) for n in range(5)], KIND)["same"] == ["response"]


def test_times_are_rounded_and_a_row_without_one_counts_as_no_time():
    rows = [trial(rt_ms=1000.04, hidden_ms=100), trial(rt_ms=2000.26, hidden_ms=None), trial(rt_ms=None, hidden_ms=200)]
    kept = measures(rows, KIND)
    assert kept["trial_ms"] == 1500.2  # 1500.15
    assert kept["hidden"] == 0.1  # 300 / 3000.3 = 0.09999


def test_a_time_that_is_missing_adds_nothing_and_no_time_at_all_is_one():
    rows = [trial(rt_ms=2, hidden_ms=1), trial(rt_ms=2, hidden_ms=None), trial(rt_ms=None, hidden_ms=0)]
    assert measures(rows, KIND)["hidden"] == 0.25
    assert measures([trial(rt_ms=0), trial(rt_ms=0), trial(rt_ms=6)], KIND)["trial_ms"] == 0
    assert flags({"trial_ms": 0}, None) == []


def test_what_is_asked_after_every_trial_can_stay_the_same_and_what_is_asked_once_cannot():
    page = Page("trust", "trust.html", questions=(Scale("mood", "", "", labels=("no", "yes")),), scoring="by its own")
    study_kind = replace(KIND, pages=(page,))

    def kept(*moods, **where):
        rows = [Answer({"page": "trust", **where}, {"mood": mood}, {}, 1000, 0) for mood in moods]
        found = measures(rows, study_kind)
        return found["same"], found["constant"]

    assert kept(2, 2, 2, 2, 2, trial_index=1) == (["mood"], False)
    assert kept(2, 2, 2, 2, 1, trial_index=1) == kept(2, 2, 2, 2, trial_index=1) == ([], False)
    assert kept(2, 2, 2, 2, 2) == kept(2, 2, 2, 2, 2, trial_index=None) == ([], False)


def test_a_check_that_was_tried_again_and_the_checks_of_a_questionnaire_count_as_at_their_last_attempt():
    def answered(page, step, **scores):
        return Answer({"page": page, **step}, {}, scores, 1000, 0)

    first = [answered("screening", {"key": str(n)}, passed=n == 2, attempt=n, about="task") for n in (1, 2)]
    other = [answered("screening", {"key": str(n)}, passed=n == 1, attempt=n, about="scores") for n in (1, 2)]
    assert failed_checks([*first, *other], KIND) == {"screening": 1}
    two = answered("attention", {"key": "a"}, passed=False, failed_items="x | y")
    assert failed_checks([two], KIND) == {"attention": 2}
    assert failed_checks([two, answered("attention", {"key": "a"}, passed=True, failed_items="")], KIND) == {}
    assert failed_checks([two, answered("attention", {"key": "b"}, passed=False)], KIND) == {"attention": 3}


def asked(*given):
    """Return the straight-lining told of a questionnaire of `given`: two sets of labels, a set's answers a string."""
    questions = tuple(
        Scale(f"{place}-{number}", "", "", labels=(f"no {place}", f"yes {place}"))
        for place, values in enumerate(given)
        for number in range(len(values))
    )
    page = Page("trust", "trust.html", questions=questions, scoring="by its own")
    answer = {
        f"{place}-{number}": None if value == "-" else int(value)
        for place, values in enumerate(given)
        for number, value in enumerate(values)
    }
    return measures([Answer({"page": "trust"}, answer, {}, 1000, 0)], replace(KIND, pages=(page,)))["straight"]


def test_a_questionnaire_is_straight_lined_where_five_items_with_the_same_labels_are_answered_alike():
    assert asked("22222") == asked("22222", "12") == asked("12", "22222") == asked("222-22") == ["trust"]
    assert asked("2222") == asked("222", "222") == asked("22221") == asked("222-2") == asked("") == []


def test_checks_count_where_they_were_failed_and_only_there():
    kept = measures([check("attention", False), check("screening", False), check("attention", False)], KIND)
    assert kept["failed"] == {"attention": 2, "screening": 1}
    assert measures([check("attention", True), trial()], KIND)["failed"] == {}


def test_half_the_time_elsewhere_and_a_run_without_comparison_are_not_flagged():
    assert flags({"hidden": 0.5}, None) == []
    assert flags({"hidden": 0.501}, None) == ["Elsewhere: the page was hidden for more than half the time"]
    assert flags({"trial_ms": 1}, None) == flags({"trial_ms": None}, 20_000) == flags({}, 20_000) == []
    assert flags({"trial_ms": 0}, 20_000) == ["Too fast: trials in less than a third of the usual time"]
    assert flags({"failed": {"attention": 1}, "same": ["sensitive_to"]}, None) == [
        "The same “sensitive to” on every trial",
        "Failed check: attention",
    ]


def test_a_column_is_closed_where_it_is_yes_or_no_or_has_levels_and_else_says_nothing():
    page = Page("trial", "trial.html", trial=True, fields=(
        Field("moved", "boolean", ""), Field("side", "text", "", levels={"l": "left"}), Field("note", "text", ""),
    ))  # fmt: skip
    rows = [Answer({"page": "trial"}, {"moved": False, "side": "l", "note": "x"}, {}, 1000, 0)] * 5
    assert measures(rows, replace(KIND, pages=(page,)))["same"] == ["moved", "side"]


def test_constant_is_who_answered_every_closed_question_alike():
    assert measures([trial(True, 2)] * 5, KIND)["constant"]
    assert not measures([trial(True, n) for n in range(5)], KIND)["constant"]
    assert not measures([trial(True, 2)] * 4, KIND)["constant"]
    assert flags({"same": ["response", "confidence"], "constant": True}, None) == [
        "Constant: the same answers on every trial"
    ]


def test_a_time_that_the_plan_states_takes_the_place_of_the_usual_one():
    assert flags({"trial_ms": 999}, 20_000, 1000) == ["Too fast: trials in less than 1000 ms"]
    assert flags({"trial_ms": 1000}, 20_000, 1000) == []


def test_free_text_is_never_called_constant():
    assert measures([trial(n % 2 == 0, n) for n in range(6)], KIND)["same"] == []


def test_without_times_nothing_is_said_of_them():
    kept = measures([trial(rt_ms=None, hidden_ms=None)], KIND)
    assert (kept["trial_ms"], kept["hidden"]) == (None, None)
    assert flags(kept, 20_000) == []


def test_too_fast_is_less_than_a_third_of_the_usual_trial():
    assert flags({"trial_ms": 6_666}, 20_000) == ["Too fast: trials in less than a third of the usual time"]
    assert flags({"trial_ms": 6_667}, 20_000) == flags({"trial_ms": 6_000}, 18_000) == []


def test_every_flag_is_said_in_words():
    kept = {"trial_ms": 20_000, "hidden": 0.6, "same": ["response"], "failed": {"attention": 2}}
    kept |= {"habits": ["Placement: all pictures in one group"], "straight": ["trust"]}
    assert flags(kept, 20_000) == [
        "The same “response” on every trial",
        "Straight-lining: the same answer to all items of “trust”",
        "Placement: all pictures in one group",
        "Failed check: attention",
        "Elsewhere: the page was hidden for more than half the time",
    ]


def sorted_as(groups: str):
    """Return an answered batch whose pictures went into these groups, in the order of display."""
    images = [f"image-{number}" for number in range(len(groups))]
    answer = {"placement": dict(zip(images, groups, strict=True)), "moves": len(groups)}
    return Answer({"page": "sort", "data": {"images": images}}, answer, {}, 20_000, 0)


@pytest.mark.parametrize(
    ("batches", "habit"),
    [
        (["AAAAAAAAAA", "BBBBBBBBBB", "ABCADBACDA"], "all pictures in one group"),
        (["AAABBBCCDD", "DDDDDDDDDA", "ABCADBACDA"], "groups in the order of display"),
        (["ABCDABCDAB", "ABABABABAB", "ABCADBACDA"], "groups in the order of display"),
        (["AAAAAAAAAA", "AAABBBCCDD", "ABCADBACDA"], None),
        (["ABCADBACDA", "AABBAACCDD"], None),
    ],
)
def test_placements_are_conspicuous_where_more_than_half_the_batches_are_alike(batches, habit):
    found = measures([sorted_as(groups) for groups in batches], kind("clustering"))["habits"]
    assert found == ([f"Placement: {habit}"] if habit else [])


def matched(pair: str, response: str, tray: str):
    data = {"pair": pair, "tray_order": list(tray)}
    return Answer({"page": "guess", "data": data}, {"response": list(response)}, {}, 20_000, 0)


def test_labels_are_conspicuous_where_they_stay_in_the_trays_order_or_in_one_of_their_own():
    label_matching, trays = kind("label_matching"), ["ab", "ba"] * 4
    as_they_lay = [matched("a / b", tray, tray) for tray in trays]
    always_alike = [matched("a / b", "ba", tray) for tray in trays] + [matched("c / d", "cd", "dc")]
    assert measures(as_they_lay, label_matching)["habits"] == ["Placement: labels as they lay in the tray, every time"]
    assert measures(always_alike, label_matching)["habits"] == [
        "Placement: each pair's labels in the same order every time"
    ]
    assert measures([*as_they_lay, matched("a / b", "ab", "ba")], label_matching)["habits"] == []
    one_pair_alike = [*always_alike, matched("c / d", "dc", "cd")]
    assert measures(one_pair_alike, label_matching)["habits"] == []
    assert measures(as_they_lay[:7], label_matching)["habits"] == []


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("name", ["clustering", "label_matching"])
def test_careless_bots_have_habits_and_attentive_ones_none(name):
    study = make_draft(name)
    publishing.publish(study)
    for skill, has_habits in (("careless", True), ("oracle", False)):
        (run,) = simulate(study, 1, by_functions.walk, skill=skill)
        run.refresh_from_db()
        assert bool(run.quality["habits"]) == has_habits


@pytest.mark.django_db
@pytest.mark.database
def test_measures_are_kept_when_a_run_completes_and_not_before(start):
    anna, bela = start("anna"), start("bela")
    submit(walk(anna, upto=1), 7, timing={"rt_ms": 500})
    bela = walk(bela)
    assert walk(anna, upto=4).quality == {}
    assert walk(anna).quality["failed"] == {"check": 1}
    none = {"trial_ms": None, "hidden": None, "same": [], "constant": False, "straight": [], "habits": [], "failed": {}}
    assert bela.quality == none
