"""Foreign files made by a grammar: each is read as it was meant, or refused in words that name file and column."""

import csv
import io
from dataclasses import dataclass

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.reading.foreign.proposals import propose
from analysis.reading.foreign.tables import read_foreign

WORDS = ("not at all", "hardly", "neutral, more or less", "rather", "very; indeed", "much", "extremely", "ja", "x", "y")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be")
THOUSANDS = {".": {}, ",": str.maketrans(",.", ".,")}
MAP = (
    'participant = "{}"\nbetween = ["cond, both"]\n{}[[outcomes]]\ncolumn = "Q1; how sure?"\nname = "y"\nkind = "{}"\n'
)


@dataclass(frozen=True)
class Style:
    """How one kind of answer is written: its cells from the true value, and the kind that a map declares."""

    name: str
    kind: str
    write: object
    means: object = staticmethod(lambda value: value)


def styles(mark: str) -> list[Style]:
    """Return every spelling of whole numbers from 0 to 10, decimals with this mark; `means` is what they stand for."""

    def decimal(value, digits=2):
        return f"{value:.{digits}f}".replace(".", mark)

    return [
        Style("whole", "ordinal", str),
        Style("decimal", "ratio", lambda v: decimal(v / 3), lambda v: round(v / 3, 2)),
        Style("share", "fraction", lambda v: decimal(v / 10), lambda v: v / 10),
        Style("percent", "fraction", lambda v: f"{10 * v} %", lambda v: v / 10),
        Style("percent of a number", "ratio", lambda v: f"{decimal(10 * v, 1)}%", lambda v: 10 * v),
        Style(
            "thousands",
            "ratio",
            lambda v: f"{1000 * v + 1234.5:,.1f}".translate(THOUSANDS[mark]),
            lambda v: 1000 * v + 1234.5,
        ),
        Style("thousands apart", "ratio", lambda v: f"{1000 * v + 7:,}".replace(",", "\u202f"), lambda v: 1000 * v + 7),
        Style("out of", "ratio", lambda v: f"{v} / 10"),
        Style("share out of", "fraction", lambda v: f"{v}/10", lambda v: v / 10),
        Style("von", "ordinal", lambda v: f"{v} von 10"),
        Style("label after a dash", "ordinal", lambda v: f"{v} - {WORDS[v % 10]}" if v else "0"),
        Style("label after a colon", "ordinal", lambda v: f"{v}: {WORDS[v % 10]}" if v < 10 else "10"),
        Style("label in brackets", "ordinal", lambda v: f"{v} ({WORDS[v % 10]})" if v < 10 else "10"),
        Style("number in brackets", "ordinal", lambda v: f"{WORDS[v]} ({v})" if v < 10 else "10"),
        Style("ends alone", "ordinal", lambda v: {0: "0 = never", 10: "10 = always"}.get(v, str(v))),
    ]


def written(seed: int, tmp_path):
    """Write a file and its map; return both, the style, and the true values by participant."""
    rng = np.random.default_rng(seed)
    separator, mark = (",", ";", "\t")[rng.integers(3)], ".,"[rng.integers(2)]
    style = styles(mark)[seed % 15]
    values = rng.permutation([*range(11), *rng.integers(0, 11, 9)])
    lost = set(rng.choice(20, 3, replace=False)) if rng.random() < 0.5 else set()
    word = ("", "NA", "n/a", "-", "99999")[rng.integers(5)]
    rows = [[f"R_{i}", "ab"[i % 2], word if i in lost else style.write(int(v)), "a text, with; marks\tand\n“lines”"]
            for i, v in enumerate(values)]  # fmt: skip
    head = ["ResponseId", "cond, both", "Q1; how sure?", "why"]
    described = [
        ["Response ID", "Condition", "How sure, really?", "Why?"],
        [f'{{"ImportId":"QID{i}"}}' for i in range(4)],
    ]
    qualtrics = rng.random() < 0.4
    text = io.StringIO()
    quoting = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)[rng.integers(2)]
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=("\n", "\r\n")[rng.integers(2)]).writerows(
        [head, *(described if qualtrics else []), *rows]
    )
    encoding = str(rng.choice(ENCODINGS))
    content = text.getvalue().encode(encoding)
    file = tmp_path / "answers.csv"
    file.write_bytes(b"\xfe\xff" + content if encoding == "utf-16-be" else content)
    layout = tmp_path / "map.toml"
    missing = f'missing = ["{word}"]\n' if word and lost else ""
    layout.write_text(MAP.format("ResponseId", missing, style.kind))
    means = {f"R_{i}": np.nan if i in lost else style.means(int(v)) for i, v in enumerate(values)}
    return file, layout, style, means


@pytest.mark.parametrize("seed", range(300))
def test_a_foreign_file_is_read_as_it_was_meant(seed, tmp_path):
    file, layout, style, means = written(seed, tmp_path)
    trials = read_foreign(file, layout).trials.set_index("participant")
    expected = [means[name] for name in trials.index]
    assert len(trials) == 20
    np.testing.assert_allclose(trials["y"].to_numpy(float), expected, atol=1e-12, err_msg=style.name)
    assert trials["cond, both"].astype(str).tolist() == ["ab"[i % 2] for i in range(20)]


@pytest.mark.parametrize("seed", range(60))
def test_the_proposed_map_reads_the_same(seed, tmp_path):
    file, _, style, means = written(seed, tmp_path)
    if 99999 in means.values() or "99999" in file.read_bytes().decode(errors="ignore").replace("\0", ""):
        return
    proposed = propose(file)
    assert proposed.participant == "ResponseId"
    assert proposed.between == ["cond, both"]
    layout = tmp_path / "proposed.toml"
    layout.write_text(proposed.toml("answers.csv"))
    own = [outcome for outcome in proposed.outcomes if outcome["column"] == "Q1; how sure?"]
    assert [outcome["column"] for outcome in proposed.outcomes] == ["Q1; how sure?"], style.name
    trials = read_foreign(file, layout).trials.set_index("participant")
    found = trials[str(own[0].get("name", own[0]["column"]))].to_numpy(float)
    known = np.array([means[name] for name in trials.index])
    factor = {"percent": 100, "share out of": 10}.get(style.name, 1)
    np.testing.assert_allclose(found, known * factor, atol=1e-9, err_msg=style.name)


REFUSED = {
    "thousands or decimals": (["1,234", "2,500", "3,750"], "ratio", "which may be 1234 or 1.234"),
    "marks mixed": (["1.234,5", "2.5", "3"], "ratio", "found '1.234,5', expected a number"),
    "percent and none": (["80 %", "0.8", "1"], "fraction", "found '80 %' beside '0.8', expected all cells with %"),
    "two scales": (["8/10", "4/5", "3/5"], "ordinal", "which are no points of one scale"),
    "more than there was": (["8/10", "11/10", "3/10"], "fraction", "found '11/10', expected no more than"),
    "one number, two words": (["1 - low", "1 - high", "2 - mid"], "ordinal", "expected one wording for each number"),
    "one word, two numbers": (["1 - low", "2 - low", "3 - mid"], "ordinal", "expected one wording for each number"),
    "ranges": (["1 - 3", "3 - 5", "5 - 7"], "ordinal", "found '1 - 3', expected a number"),
    "ordinals in words": (["1st", "2nd", "3rd"], "ordinal", "found '1st', expected a number"),
    "a word among numbers": (["1", "2", "three"], "ordinal", "found 'three', expected a number"),
    "nothing in a word": (["1", "NA", "3"], "ordinal", "found 'NA', expected a number"),
    "percentages as fractions": (["80", "70", "60"], "fraction", "expected a fraction between 0 and 1"),
    "dates": (["8. Okt", "3-Mar", "9. Nov."], "ordinal", "found '8. Okt', expected a number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_be_meant_in_two_ways_is_refused_by_file_and_column(case, tmp_path):
    cells, kind, said = REFUSED[case]
    rows = [["ResponseId", "cond, both", "Q1; how sure?"], *([f"R_{i}", "ab"[i % 2], c] for i, c in enumerate(cells))]
    with (tmp_path / "answers.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    (tmp_path / "map.toml").write_text(MAP.format("ResponseId", "", kind))
    with pytest.raises(AnalysisError) as refusal:
        read_foreign(tmp_path / "answers.csv", tmp_path / "map.toml")
    assert said in str(refusal.value)
    assert "answers.csv, column Q1; how sure?" in str(refusal.value)
