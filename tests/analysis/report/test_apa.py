"""Numbers and sentences in APA style."""

import math
from types import SimpleNamespace

import pytest

from analysis.results import apa, markdown, tables
from analysis.results.latex import latex
from analysis.statistics.factorial.anova import anova
from tests.analysis.reference_data import frame


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "p < .001"), (0.001, "p = .001"), (0.034, "p = .034"), (1.0, "p = 1.000"), (math.nan, "p not defined")],
)
def test_p_values(p, text):
    assert apa.p_value(p) == text


def test_what_cannot_exceed_one_has_no_leading_zero():
    assert apa.bounded(0.234) == ".23"
    assert apa.bounded(-0.234) == "−.23"
    assert apa.bounded(1.0) == "1.00"
    assert apa.number(-0.001) == "0.00"


def test_an_f_test_reads_as_in_the_manual():
    row = SimpleNamespace(df=2, F=13.5499, p=1e-6, eta2p=0.2314, eta2p_ci_low=0.1063, eta2p_ci_high=0.3368)
    assert apa.f_test(row, 90) == "F(2, 90) = 13.55, p < .001, ηp² = .23, 90% CI [.11, .34]"


def test_a_kruskal_wallis_test_reads_as_in_the_manual():
    assert apa.kruskal(SimpleNamespace(df=5, H=3.178, p=0.6727, epsilon2=0.0335)) == "H(5) = 3.18, p = .673, ε² = .03"


def test_tables_in_latex_escape_what_latex_reads():
    table = anova(frame("balanced96"), "fraction_correct", ["heatmap", "score"])
    text = latex(tables.readable(table), "Fraction & more", "t1")
    assert r"\caption{Fraction \& more}" in text
    assert r"heatmap $\times$ score" in text
    rows = [line for line in text.splitlines() if line.endswith(r"\tabularnewline")]
    assert {line.count(" & ") for line in rows} == {rows[0].count(" & ")}


def test_tables_in_markdown_have_equal_rows():
    text = markdown.table(tables.readable(anova(frame("balanced96"), "fraction_correct", ["heatmap", "score"])))
    assert len({line.count("|") for line in text.splitlines()}) == 1
    assert "[0.0" in text  # both limits of an interval in one cell
