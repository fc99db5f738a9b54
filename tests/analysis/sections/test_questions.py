"""What participants were asked beside the trials."""

import json

import pytest
from scipy import stats

from analysis.reading.exports import read_export
from analysis.reading.plans import Plan
from analysis.sections.asked.questions import questions, section
from tests.analysis import factory
from tests.analysis.analysed import analysed

HELPED = {"none": "", "lrp": "true", "multiscale_occlusion": "false"}
COUNTRIES = ("Chile", "Ghana", "Japan")


@pytest.fixture
def export(tmp_path):
    """An export with closing questions, a rating, free text, a country, and a check that some pass at a second try."""
    folder = factory.forward_simulation(tmp_path / "export", n=36, codes=False)
    steps = []
    for i in range(36):
        base = {"participant": f"p{i:05d}", "page": "", "step_index": 0, "check_passed": "", "closing_helped": "",
                "closing_difficulty": "", "closing_country": "", "closing_learned": "",
                "consent_consent": ""}  # fmt: skip
        heatmap = factory.HEATMAPS[i % 3]
        steps += [base | {"page": "consent", "step_index": 1, "consent_consent": "true"},
                  base | {"page": "check", "step_index": 2, "check_passed": factory.truth(i % 2)},
                  base | {"page": "check", "step_index": 3, "check_passed": factory.truth(i % 4 != 2)},
                  base | {"page": "closing", "step_index": 20, "closing_helped": HELPED[heatmap],
                          "closing_difficulty": i % 8, "closing_country": COUNTRIES[i % 5 % 3],
                          "closing_learned": f"It looks at part {i}."}]  # fmt: skip
    factory.write(folder, "steps", steps)
    path = folder / "dataset_description.json"
    described = [{"name": "closing_helped", "description": "Whether the heatmaps helped; empty where none were shown."}]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"variableMeasured": described}))
    return folder


def test_questions_are_told_from_checks_ratings_and_free_text(export):
    found = {question.column: question.scale for question in questions(read_export(export))}
    assert found == {"check_passed": "choice", "closing_helped": "choice", "closing_difficulty": "rating",
                     "closing_country": "choice", "closing_learned": "text"}  # fmt: skip


def test_shares_count_only_who_was_asked_and_checks_as_at_the_last_attempt(export):
    found = analysed(export, "questions")
    helped = found["questions.closing_helped"]
    assert helped["title"] == "The heatmaps helped"
    assert (helped["n"], helped["n_excluded"]) == (24, 12)
    rows = {(term["term"], term["level"]): term for term in helped["terms"]}
    assert ("heatmap", "none") not in rows
    assert [rows["heatmap", level]["share"] for level in ("lrp", "multiscale_occlusion")] == [1, 0]
    assert rows["all", "all"]["count"] == 12
    everybody = found["questions.check_passed"]["terms"][0]
    assert (everybody["n"], everybody["count"]) == (36, 27)


def test_limits_are_wilson_s(export):
    row = analysed(export, "questions")["questions.closing_helped"]["terms"][0]
    expected = stats.binomtest(12, 24).proportion_ci(method="wilson")
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((expected.low, expected.high))


def test_answers_are_tested_by_condition_and_adjusted_over_all_questions(export):
    found = analysed(export, "questions")["questions.association"]
    assert len(found["terms"]) == 3 * 2
    helped = next(term for term in found["terms"] if term["term"] == "The heatmaps helped by heatmap")
    assert helped["chi2"] == pytest.approx(24)
    assert helped["cramers_v"] == pytest.approx(1)
    assert helped["p_adjusted"] == pytest.approx(6 * helped["p"])
    assert found["method"]["family"] == "3 questions by heatmap and scores"


def test_a_rating_is_described_and_compared_as_ratings_are(export):
    found = analysed(export, "questions")
    assert found["closing_difficulty.descriptives"]["terms"][0]["median"] == 3
    assert found["closing_difficulty.kruskal"]["defined"]


def test_free_text_is_counted_and_never_printed(export):
    shown = section(read_export(export), Plan())
    assert "36 answers in free text" in shown.intro
    assert "It looks at part" not in json.dumps(analysed(export))


def test_a_study_that_asked_nothing_has_no_such_section(tmp_path):
    folder = factory.forward_simulation(tmp_path / "export", n=12, codes=False)
    assert section(read_export(folder), Plan()) is None
