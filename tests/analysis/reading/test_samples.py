"""Who is analysed, by which rule."""

import pytest

from analysis.errors import AnalysisError
from analysis.reading.exports import read_export
from analysis.reading.plans import Plan
from analysis.reading.samples import select
from tests.analysis import factory


def study(tmp_path, n=12, change=None, trials=None, **options):
    folder = factory.forward_simulation(tmp_path / "export", n=n, **options)
    if change:
        factory.rewrite(folder, "participants", change)
    if trials:
        factory.rewrite(folder, "trials", trials)
    return read_export(folder)


def mark(index, **changes):
    return lambda rows: [row | (changes if i == index else {}) for i, row in enumerate(rows)]


def of(participant, change):
    return lambda rows: [change(row) if row["participant"] == participant else row for row in rows]


def test_everybody_who_finished_is_analysed(tmp_path):
    sample = select(study(tmp_path), Plan())
    assert sample.flow.to_dict("records") == [{"reason": "started", "n": 12}, {"reason": "analysed", "n": 12}]
    assert not sample.simulated


@pytest.mark.parametrize("status", ["active", "screened_out", "no_consent", "withdrawn", "expired", "erased"])
def test_unfinished_runs_are_left_out_with_a_reason(tmp_path, status):
    sample = select(study(tmp_path, change=mark(0, status=status)), Plan())
    assert sample.excluded["participant"].tolist() == ["p00000"]
    assert "p00000" not in set(sample.study.trials["participant"])
    assert sample.flow["n"].tolist() == [12, 1, 11]


def test_an_unknown_status_is_named(tmp_path):
    with pytest.raises(AnalysisError, match="column status: found 'done', expected one of completed"):
        select(study(tmp_path, change=mark(0, status="done")), Plan())


def test_bots_are_left_out_beside_people(tmp_path):
    sample = select(study(tmp_path, change=mark(3, bot="true")), Plan())
    assert sample.excluded.to_dict("records") == [{"participant": "p00003", "reason": "a bot"}]


def test_a_study_of_bots_alone_is_analysed_and_said_to_be_simulated(tmp_path):
    sample = select(study(tmp_path, bots=True), Plan())
    assert sample.simulated
    assert len(sample.study.participants) == 12


def test_incomplete_runs_are_left_out_by_default(tmp_path):
    dropped = study(
        tmp_path, trials=lambda rows: [r for r in rows if (r["participant"], r["trial_index"]) != ("p00001", "13")]
    )
    assert select(dropped, Plan()).excluded["reason"].tolist() == ["fewer trials than the study has"]


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"rt_ms": "200"}, "too_fast"),
        ({"response": "true", "confidence": "4"}, "constant"),
    ],
)
def test_careless_answers_are_marked_and_only_the_plan_removes_them(tmp_path, change, flag):
    careless = study(tmp_path, trials=of("p00002", lambda row: row | change))
    marked = select(careless, Plan())
    assert marked.flags.to_dict("records") == [{"participant": "p00002", "flag": flag}]
    assert "p00002" in set(marked.study.participants["participant"])
    assert "p00002" not in marked.unflagged
    removed = select(careless, Plan(exclude=("incomplete", flag)))
    assert removed.excluded["participant"].tolist() == ["p00002"]


def test_a_failed_comprehension_check_is_marked(tmp_path):
    folder = factory.forward_simulation(tmp_path / "export", n=12)
    steps = [{"participant": f"p{i:05d}", "step_index": k, "screening_passed": factory.truth(i or k)}
             for i in range(12) for k in range(2)]  # fmt: skip
    factory.write(
        folder,
        "steps",
        [row | {"screening_passed": "false"} if row["participant"] == "p00004" else row for row in steps],
    )
    sample = select(read_export(folder), Plan())
    assert sample.flags.to_dict("records") == [{"participant": "p00004", "flag": "failed_checks"}]


def test_one_participant_is_too_few(tmp_path):
    with pytest.raises(AnalysisError, match="only one participant is left to analyse; statistics need at least two"):
        select(study(tmp_path, n=1), Plan())


def test_nobody_left_is_said_in_words(tmp_path):
    with pytest.raises(AnalysisError, match=r"no participant is left to analyse \(12 withdrew\)"):
        select(study(tmp_path, change=lambda rows: [row | {"status": "withdrawn"} for row in rows]), Plan())
