"""Files nobody would wish for: read as they are meant, refused by name, and never a wrong number quietly."""

import json
import re
from collections import Counter
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from analysis.cli import main
from analysis.errors import AnalysisError
from analysis.reading.exports import read_export
from analysis.reading.foreign.tables import read_foreign
from tests.analysis import factory
from tests.analysis.analysed import analysed

MAP = 'participant = "pid"\nbetween = ["g"]\n[[outcomes]]\ncolumn = "y"\nname = "score"\nkind = "{}"\n'
HOSTILE = ["<script>alert(1)</script>", "=cmd|'/C calc'!A0", "$\\frac$ x$", "a|b\n#c % & _ ^ ~ {", "../../etc/x", "+1",
           "*b* `c` [x](y)"]  # fmt: skip


def table(levels="xy", n=8, cell=lambda i: f"{(i * 37 % 11) / 10:.1f}") -> str:
    """Return a CSV of n participants per level; `cell` gives the outcome of the i-th."""
    rows = [f'p{k}_{i},"{level}",{cell(i + k)}' for k, level in enumerate(levels) for i in range(n)]
    return "pid,g,y\n" + "\n".join(rows) + "\n"


def files(tmp_path, content: str | bytes, kind="ratio", layout=None) -> tuple:
    csv, layout_file = tmp_path / "data.csv", tmp_path / "map.toml"
    csv.write_bytes(content if isinstance(content, bytes) else content.encode())
    layout_file.write_text(layout or MAP.format(kind))
    return csv, layout_file


def found(tmp_path, content, kind="ratio") -> dict:
    csv, layout = files(tmp_path, content, kind)
    return analysed(None, csv=csv, map_file=layout)


def refused(tmp_path, capsys, content, kind="ratio") -> str:
    csv, layout = files(tmp_path, content, kind)
    assert main(["report", "--csv", str(csv), "--map", str(layout), "--out", str(tmp_path / "report")]) == 2
    assert not (tmp_path / "report").exists()
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "same",
    [
        table().replace("\n", "\r\n"),
        "\ufeff" + table(),
        ("\ufeff" + table()).replace("\n", "\r\n"),
        table().replace(",", ";"),
        table().replace(",", "\t"),
        table().replace(",", "\t").encode("utf-16"),
        b"\xfe\xff" + table().encode("utf-16-be"),
        table() + "\n\n",
        table().replace("\n", "\n\n") + ",,\n",
        "sep=;\n" + table().replace(",", ";"),
        '"sep=|"\r\n' + table().replace(",", "|"),
        table().replace("\n", ",,\n"),
        table().replace("pid,g,y", " pid , g,y "),
        pd.read_csv(StringIO(table()), dtype=str).assign(text='ä, "“;”"\n…').to_csv(index=False),
    ],
    ids=[
        "crlf",
        "bom",
        "bom and crlf",
        "semicolons",
        "tabs",
        "tabs in UTF-16",
        "UTF-16, big end first",
        "empty lines",
        "empty lines everywhere",
        "Excel's own first line",
        "Excel's own first line for bars",
        "columns without a name or a cell",
        "blanks around names",
        "text with commas and line ends",
    ],
)
def test_the_same_table_in_other_clothes_gives_the_same_numbers(tmp_path, same):
    expected = found(tmp_path, table())
    assert found(tmp_path, same)["score.anova"]["terms"] == expected["score.anova"]["terms"]


WESTERN = ("trifft überhaupt nicht zu", "plutôt d’accord – “oui”", "ni de acuerdo, ¿no?", "hyvää", "ærlig 5 €", "não…")


@pytest.mark.parametrize("words", [*WESTERN, "Œuvre n° 3"])
def test_excel_s_western_files_are_read_and_said_to_be(tmp_path, words):
    csv, layout = files(tmp_path, table([words, "y"]).encode("cp1252"))
    study = read_foreign(csv, layout)
    assert study.factors["g"] == [words, "y"]
    assert "its letters were read as Windows-1252" in study.remarks[0]
    assert read_foreign(*files(tmp_path, table([words, "y"]))).remarks == []


OTHERS = {
    "mac-roman": (*WESTERN[:2], "más de acuerdo"),
    "cp1250": ("Rozhodně souhlasím, spíše nesouhlasím", "zdecydowanie się nie zgadzam, całkowicie"),
    "cp1251": ("Совершенно согласен", "да"),
    "cp1253": ("Συμφωνώ", "ναι"),
    "cp1254": ("Kesinlikle katılmıyorum, şart değil",),
    "cp1255": ("מסכים",),
    "cp1256": ("موافق",),
    "shift-jis": ("そう思う",),
    "gbk": ("非常同意", "不"),
    "euc-kr": ("매우 그렇다", "아니오"),
}


@pytest.mark.parametrize(("encoding", "words"), [(name, words) for name, some in OTHERS.items() for words in some])
def test_files_of_other_code_pages_are_refused_and_not_guessed(tmp_path, encoding, words):
    csv, layout = files(tmp_path, table([words, "y"]).encode(encoding, errors="replace"))
    with pytest.raises(AnalysisError, match=r"its bytes don't tell in what else .* save it as CSV in UTF"):
        read_foreign(csv, layout)


def test_an_export_whose_rows_are_longer_than_its_header_is_refused(tmp_path):
    export = factory.forward_simulation(tmp_path / "export", n=8, codes=False)
    path = next(export.rglob("*table-participants*.csv"))
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *(f"{row},1" for row in rows)]))
    with pytest.raises(AnalysisError, match="every row holds more cells than the header"):
        read_export(export)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("sep=;\npid;g;y\na;x;1\n\nb;y;?\n", "column y, row 5: found '?'"),
        ('pid,g,y\n"a\na",x,1\nb,y,?\n', "column y, row 3: found '?'"),
        ('pid,g,y\nId,Group,How?\n"{""ImportId"":""1""}","{""ImportId"":""2""}","{""ImportId"":""3""}"\na,x,1\nb,y,?\n',
         "column y, row 5: found '?'"),
    ],
)  # fmt: skip
def test_a_row_is_called_by_its_place_in_the_file(tmp_path, content, said):
    with pytest.raises(AnalysisError) as refusal:
        read_foreign(*files(tmp_path, content))
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("pid,g,y\na,x,1\n", "only one participant is left"),
        ("pid,g,y\n", "holds no row"),
        ("", "is empty"),
        (table(["St\u00e4rke", "y"]).encode("mac-roman"), "its bytes don't tell in what else it was written"),
        (table(["да", "нет"]).encode("cp1251"), "its bytes don't tell in what else it was written"),
        (table().encode("utf-16-le"), "it holds a zero byte"),
        (table().encode("utf-16")[:-1], "is no CSV in UTF-8"),
        (b"pid,g,y\na,x\x00,1\nb,y,2\n", "it holds a zero byte"),
        ("pid,g,y\na,x,1\nb,y,2,9,9\n", "line 3: holds 5 cells, expected the 3 of the header"),
        ('pid,g,y\na,"x,1\nb,y,2\n', "line 2: opens a quotation mark that nothing closes"),
        (table().replace(",", "|"), "lacks the column pid, g, y; found pid|g|y"),
        ("pid,g,y,y\na,x,1,2\nb,y,2,3\n", "lacks the column y; found pid, g, y (1), y (2)"),
        (b"PK\x03\x04" + table().encode(), "is an Excel workbook or another archive, expected a CSV"),
        ('[{"trial_type": "image"}]', "is JSON, expected a CSV (jsPsych"),
        ("<!DOCTYPE html><p>Sign in</p>", "is a web page, expected a CSV"),
        ("a,b,c\n" + table().split("\n", 1)[1].replace("\n", ",\n"), "line 2: holds 4 cells, expected the 3"),
        ("pid,g,y\n,x,1\nb,y,2\n", "column pid, row 2: is empty, expected a participant"),
        (table(cell=lambda i: "inf"), "column y, row 2: found 'inf', expected a number up to 1e+100"),
        (table(cell=lambda i: "-1e308"), "found '-1e308', expected a number up to"),
        (table(cell=lambda i: "nan"), "found 'nan', expected a number"),
        (table(cell=lambda i: "1,5" if i else '"1,5"'), "line 3: holds 4 cells, expected the 3"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, str) else None,
)
def test_a_broken_table_is_refused_by_name(tmp_path, capsys, content, message):
    said = refused(tmp_path, capsys, content)
    assert message in said
    assert "data.csv" in said or "left to analyse" in said


@pytest.mark.parametrize("field", ["chance = 2", 'chance = "half"', "groups = 1", "label = 3", "name = []"])
def test_a_setting_of_an_outcome_is_refused_by_name(tmp_path, capsys, field):
    layout = MAP.format("ratio").replace('name = "score"\n', "") + field + "\n"
    csv, layout_file = files(tmp_path, table(), layout=layout)
    assert main(["report", "--csv", str(csv), "--map", str(layout_file), "--out", str(tmp_path / "report")]) == 2
    assert f"outcomes 1, {field.split()[0]}: found" in capsys.readouterr().err


def test_percentages_are_no_fractions(tmp_path, capsys):
    said = refused(tmp_path, capsys, table(cell=lambda i: 10 * i), "fraction")
    assert "row 3: found '10', expected a fraction between 0 and 1 (percentages divided by 100)" in said


def test_more_groups_than_there_were_are_refused(tmp_path, capsys):
    text = "pid,g,y,model_class\n" + "".join(f"p{i // 4},x,{i % 4},{i % 2}\n" for i in range(12))
    csv, layout = files(tmp_path, text, layout=MAP.format("cluster") + "groups = 3\n")
    assert main(["report", "--csv", str(csv), "--map", str(layout), "--out", str(tmp_path / "report")]) == 2
    assert "column y: found 4 groups in one sorting, expected at most 3" in capsys.readouterr().err


NO_ANSWER = {
    "no value at all": (table(cell=lambda i: ""), "no participant has a value"),
    "one condition": (table("x"), "no factor has two observed levels"),
    "one per cell": (table("xyzw", n=1), "one participant per cell leaves nothing to estimate the error from"),
    "constant": (table(cell=lambda i: 3), "every value is 3: there is no variation"),
    "constant but for rounding": (table(cell=lambda i: f"{0.1 + 0.2:.17g}" if i % 2 else "0.3"), "no variation"),
    "constant in every cell": (
        "pid,g,y\n" + "".join(f"p{i},{'xy'[i % 2]},{i % 2}\n" for i in range(12)),
        "nothing varies inside any cell, so the error variance is zero",
    ),
}


@pytest.mark.parametrize("case", NO_ANSWER)
def test_what_the_data_do_not_define_is_said_in_words_everywhere(tmp_path, case):
    content, words = NO_ANSWER[case]
    csv, layout = files(tmp_path, content)
    assert main(["report", "--csv", str(csv), "--map", str(layout), "--out", str(tmp_path / "report")]) == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    anova = next(one for one in results["analyses"] if one["id"] == "score.anova")
    assert not anova["defined"]
    assert words in anova["reason"]
    assert all(row[name] is None for row in anova["terms"] for name in ("F", "p", "eta2p"))
    for name in ("report.html", "report.md", "methods.txt"):
        assert words in (tmp_path / "report" / name).read_text(), name
    assert "nan" not in re.sub(r"base64,\S+", "", (tmp_path / "report" / "report.html").read_text()).lower()


def test_a_condition_without_values_is_counted_and_left_out(tmp_path):
    content = table("xyz").replace('"z",', '"z",#')
    content = re.sub(r"#\S+", "", content)
    anova = found(tmp_path, content)["score.anova"]
    assert (anova["n"], anova["n_excluded"]) == (16, 8)
    assert [row["df"] for row in anova["terms"]] == [1, 14]


def test_copies_of_rows_are_kept_and_said(tmp_path):
    from analysis.report.running import analyse

    csv, layout = files(tmp_path, table() + "".join(table().splitlines(keepends=True)[1:4]))
    assert analyse(None, csv=csv, map_file=layout).remarks == [
        "3 of 19 rows are exact copies of an earlier row; they were kept."
    ]


def test_a_hundred_thousand_columns_of_text_do_no_harm(tmp_path):
    width = 100_000
    header = "pid,g,y," + ",".join(f"c{i}" for i in range(width))
    rows = [f"p{i},{'xy'[i % 2]},{i * i}" + ",text" * width for i in range(6)]
    assert found(tmp_path, "\n".join([header, *rows]) + "\n")["score.anova"]["defined"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The report on a table whose columns, levels and title try to be something else."""
    folder = tmp_path_factory.mktemp("hostile")
    quoted = [level.replace('"', '""') for level in HOSTILE]
    text = table(quoted).replace("pid,g,y", "pid,<i>g$_/,y", 1)
    layout = (
        'participant = "pid"\nbetween = ["<i>g$_/"]\ntitle = "<script>x</script> $\\\\frac$ =1"\n[[outcomes]]\n'
        'column = "y"\nname = "../<b>$x_{"\nlabel = "<img src=x onerror=alert(1)> $\\\\frac{ % &"\nkind = "ratio"\n'
    )
    csv, layout_file = files(folder, text, layout=layout)
    assert main(["report", "--csv", str(csv), "--map", str(layout_file), "--out", str(folder / "report")]) == 0
    return folder / "report"


def test_hostile_names_stay_text_in_markdown(hostile):
    tokens = MarkdownIt("commonmark").enable("table").parse((hostile / "report.md").read_text())
    kinds = Counter(part.type for token in tokens for part in [token, *(token.children or ())])
    assert not {"link_open", "html_inline", "html_block"} & {*kinds}
    assert kinds["em_open"] == kinds["image"] == len([*(hostile / "figures").glob("*.png")])
    shown = {"".join(part.content for part in token.children) for token in tokens if token.type == "inline"}
    assert shown >= {"*b* `c` [x](y)", "../../etc/x"}


def test_hostile_names_stay_text_in_the_page(hostile):
    html = (hostile / "report.html").read_text()
    for tag in ("<script", "<img src=x", "<i>g", "<b>$"):
        assert tag not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    markdown = (hostile / "report.md").read_text()
    assert not re.search(r"(?<!\\)<[A-Za-z/]", markdown)


def test_hostile_names_stay_inside_the_folder(hostile):
    names = [path.name for path in (hostile / "tables").iterdir()]
    assert len(names) == 3 * len({name.split("_")[0] for name in names})
    assert all(re.fullmatch(r"[\w.-]{1,120}", name) for name in names)
    assert sorted(path.name for path in hostile.parent.iterdir()) == ["data.csv", "map.toml", "report"]


def test_no_cell_of_a_table_is_a_formula(hostile):
    paths = sorted((hostile / "tables").glob("*.csv"))
    assert paths
    for path in paths:
        cells = pd.read_csv(path, dtype=str).to_numpy().ravel()
        starts = {cell[:2] for cell in cells if isinstance(cell, str) and cell[0] in "=+@-"}
        assert all(re.fullmatch(r"-[\d.]", start) for start in starts), path.name


def test_latex_tables_hold_nothing_that_latex_would_run(hostile):
    paths = sorted((hostile / "tables").glob("*.tex"))
    assert paths
    for path in paths:
        bodies = re.findall(r"\\midrule\n(.*?)\\bottomrule", path.read_text(), re.DOTALL)
        assert bodies
        rows = [line for body in bodies for line in body.splitlines()]
        assert all(line.endswith(r" \tabularnewline") for line in rows)
        text = "\n".join(line.removesuffix(r" \tabularnewline") for line in rows).replace(r"\raggedright ", "")
        plain = re.sub(
            r"\\(textbackslash|textbar|textasciitilde|textasciicircum|textasciigrave|ldots)\{\}"
            r"|\$[^$]*\$|\\[&%_#${}]|\{[\[*]?\}",
            "",
            text,
        )
        assert not re.search(r"[\\%#$^~{}_]", plain), path.name


def test_a_letter_that_the_figures_lack_is_said(tmp_path):
    csv, layout = files(tmp_path, table(["日本", "y"]))
    assert main(["report", "--csv", str(csv), "--map", str(layout), "--out", str(tmp_path / "report")]) == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert any("missing from font" in text for figure in results["figures"] for text in figure["warnings"])
    assert "missing from font" in (tmp_path / "report" / "report.html").read_text()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("participants", lambda rows: [*rows, rows[0]], r"participants_data\.csv, row 14: participant p00000 stands"),
        ("trials", lambda rows: [*rows, rows[3]], r"row 170: participant p00000, trial_index 3 stands there again"),
        ("trials", lambda rows: [*rows, rows[3] | {"participant": "nobody"}], "row 170: found nobody, expected one of"),
        ("trials", lambda rows: [*rows, rows[3] | {"participant": ""}], "row 170: is empty, expected one of"),
    ],
)
def test_rows_that_stand_twice_or_belong_to_nobody_are_refused(tmp_path, name, change, message):
    export = factory.forward_simulation(tmp_path / "export", n=12, codes=False)
    factory.rewrite(export, name, change)
    with pytest.raises(AnalysisError, match=message):
        read_export(export)


def test_what_a_participant_typed_cannot_break_the_report(tmp_path):
    export = factory.forward_simulation(tmp_path / "export", n=12, codes=False)
    factory.rewrite(export, "trials", lambda rows: [row | {"ignores": "1e999", "note": "inf"} for row in rows])
    assert set(read_export(export).trials["note"]) == {"inf"}
    assert np.isfinite(analysed(export)["fraction_correct.anova"]["terms"][0]["F"])
