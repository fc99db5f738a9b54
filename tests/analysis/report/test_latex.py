"""Tables in LaTeX: what stands in them prints as it is, and their columns fit the text."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from analysis.results import latex as module
from analysis.results import tables
from analysis.results.latex import TEXT_WIDTH, escape, latex

HOSTILE = ("a_b", "50 %", "R&D", "#1", "$5$", "{x}", "~", "^2", "\\input{x}", "[1]", "*", "--", "`q'", "Größe", "naïve",
           "β-blocker", "Ω", "x\ny", "<b>", "a|b", "‘s’", "°C", "é\x07")  # fmt: skip
DOCUMENT = (r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}\textwidth=345pt\begin{document}"
            "\n%s\n" r"\end{document}")  # fmt: skip


def paired(rows: int = 3) -> pd.DataFrame:
    """Return a table as wide as the widest of a report, with a text that is long."""
    numbers = {name: np.linspace(-123.456, 1, rows) for name in ("mean_a", "mean_b", "diff", "se", "df", "t", "V", "p",
               "p_adjusted", "ci_low", "ci_high", "effect", "effect_low", "effect_high", "epsilon2", "z")}  # fmt: skip
    return pd.DataFrame({"term": ["a rather long name of a test that somebody chose"] * rows, "a": "none", "b": "lrp",
                         **numbers, "reason": "too few data"})  # fmt: skip


def named(name: str) -> str:
    return latex(tables.readable(pd.DataFrame({"term": [name], "F": [1.5]})), name, f"y.{name}")


def blocks(text: str) -> list[str]:
    return re.findall(r"\\begin\{tabular\}.*?\\end\{tabular\}", text, re.DOTALL)


def test_a_table_has_its_remarks_below_and_no_column_for_them():
    table = pd.DataFrame({"term": ["a", "b"], "p": [0.03, np.nan], "reason": ["", "too few data"]})
    text = latex(tables.readable(table), "A & B", "y.anova")
    assert "Remark" not in text
    assert r"\emph{Note.} too few data." in text
    assert text.count("&") == 4  # the caption's own, and one a row
    wide = pd.DataFrame([range(20)], columns=[f"c{i}" for i in range(20)])
    assert r"\footnotesize" in latex(tables.readable(wide), "c", "c")
    assert r"\footnotesize" not in latex(tables.readable(wide[["c1"]]), "c", "c")


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_latex_reads_is_left_in_a_name(name):
    printed = escape(name)
    bare = re.sub(r"\$[^$]*\$|\\text[a-z]+\{\}|\\[&%_#${}]|\{[\[*]?\}", "", printed)
    assert not re.search(r"[&%_#${}~^\\\[]", bare)
    assert "--" not in printed
    assert "\n" not in printed
    (label,) = re.findall(r"\\label\{(.*)\}", named(name))
    assert re.fullmatch(r"[A-Za-z0-9_.:-]+", label)


def test_labels_of_two_names_stay_apart():
    assert module._label("y.é") != module._label("y.è")


def test_letters_that_pdflatex_lacks_are_told_with_what_they_need():
    assert named("漢字 ok").startswith("% These letters need XeLaTeX or LuaLaTeX")
    assert "漢字\n" in named("漢字 ok")
    assert not any(named(name).startswith("%") for name in HOSTILE)


def test_every_block_fits_and_begins_with_the_rows_names():
    table = paired()
    shown, _ = module._without_remarks(tables.readable(table))
    _, wrapped, found = module._fitted(shown)
    assert len(found) > 1
    assert all(block[:3] == [0, 1, 2] for block in found)
    assert sorted({i for block in found for i in block}) == list(range(len(shown.headings)))
    for block in found:
        widths = [wrapped.get(i, max(len(row[i]) for row in [[h for h, _ in shown.headings], *shown.rows]))
                  for i in block]  # fmt: skip
        assert sum(width * module.SMALL_LETTER + module.SMALL_GAP for width in widths) <= TEXT_WIDTH
    assert len(blocks(latex(tables.readable(table), "c", "c"))) == len(found)


def test_both_limits_of_an_interval_have_the_same_decimals():
    table = pd.DataFrame({"term": ["a"], "eta2p_ci_low": [0.0], "eta2p_ci_high": [0.1154]})
    assert tables.readable(table).rows == [["a", "[0.000, 0.115]"]]


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex isn't installed")
def test_pdflatex_prints_them_without_an_error_or_a_line_too_wide(tmp_path):
    parts = [*map(named, HOSTILE), latex(tables.readable(paired()), "Pairs: c", "y.paired")]
    (tmp_path / "t.tex").write_text(DOCUMENT % "\n\\clearpage\n".join(parts), encoding="utf-8")
    ran = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"], cwd=tmp_path,
                         capture_output=True, timeout=60)  # fmt: skip
    said = ran.stdout.decode("utf-8", "replace")
    assert ran.returncode == 0, said[-1500:]
    assert "Overfull" not in said
    assert "Missing character" not in said
