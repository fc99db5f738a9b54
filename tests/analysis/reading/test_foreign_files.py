"""Files as survey tools write them: a proposed map reads them, and says what it left out."""

import pandas as pd
import pytest

from analysis.cli import main
from analysis.errors import AnalysisError
from analysis.reading.foreign.layout import holes
from analysis.reading.foreign.proposals import Proposal, propose
from analysis.reading.foreign.tables import read_foreign
from tests.analysis.analysed import analysed

AGREE = ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
QUALTRICS = (
    "StartDate,Status,Finished,ResponseId,condition,Q1,Q2,Q3\n"
    '"Start Date",Response Type,Finished,Response ID,condition,"How sure, in general?",The system is fair.,Right?\n'
    '"{""ImportId"":""startDate""}","{""ImportId"":""status""}","{""ImportId"":""finished""}",'
    '"{""ImportId"":""_recordId""}","{""ImportId"":""condition""}","{""ImportId"":""QID1""}",'
    '"{""ImportId"":""QID2""}","{""ImportId"":""QID3""}"\n'
    + "".join(
        f"2026-01-0{1 + i % 9},{'Survey Preview' if i == 11 else 'IP Address'},{i != 10},R_{i},"
        f"{('lrp', 'none')[i % 2]},{1 + i % 5},{AGREE[i % 5]},{('Yes', 'No')[i % 3 == 0]}\n"
        for i in range(12)
    )
)
FORMS = "\ufeffTimestamp;Which version did you see?;How fair is it?;Seconds needed\n" + "".join(
    f"2026/01/02 9:0{i % 10};{('Heat map', 'No heat map')[i % 2]};{AGREE[(i * 3) % 5]};{10 + i},{i % 10}5\n"
    for i in range(12)
)
OTREE_HEAD = [
    "participant.code", "participant._is_bot", "session.config.treatment",
    *(f"predict.{r}.player.{column}" for r in (1, 2, 3) for column in ("id_in_group", "method", "is_right", "sure")),
    "end.1.player.comment",
]  # fmt: skip
OTREE = "\n".join(
    [",".join(OTREE_HEAD)]
    + [
        ",".join([
            f"c{i}", str(int(i == 9)), ("gain", "loss")[i % 2],
            *(cell for r in (0, 1, 2) for cell in ("1", ("lrp", "none")[(i + r) % 2], str(int((i + r) % 3 > 0)),
                                                   "" if i == 8 and r == 2 else str(1 + (2 * i + r) % 6))),
            "fine",
        ])
        for i in range(10)
    ]
)  # fmt: skip
JSPSYCH = (
    '"trial_type","trial_index","time_elapsed","subject","task","condition","stimulus","response","rt","correct"\n'
    + (
        "".join(
            f'"html-keyboard-response","{t}","{t * 900}","s{i}","{"instructions" if t == 0 else "predict"}",'
            f'"{("lrp", "none")[i % 2]}","{"" if t == 0 else f"img{t}.png"}","{"fj"[(i + t) % 2]}",'
            f'"{"null" if t == 0 else 500 + 7 * i + t}","{"" if t == 0 else str((i * t) % 3 > 0).lower()}"\n'
            for i in range(8)
            for t in range(5)
        )
    )
)
REVISIT = "participantId,trialId,trialOrder,responseId,condition,answer,correctAnswer,status,duration\n" + "".join(
    f"p{i},t{t},{t},{question},{('lrp', 'none')[i % 2]},{answer},{right},{'rejected' if i == 7 else 'completed'},{t}\n"
    for i in range(8)
    for t in range(4)
    for question, answer, right in (
        ("class", "cat" if (i + t) % 3 else "dog", "cat"),
        ("sure", 1 + (i + 2 * t) % 5, ""),
    )
)


def proposed(tmp_path, content: str):
    """Propose a map for a file, and return the file read by it."""
    (tmp_path / "file.csv").write_text(content, encoding="utf-8")
    text = propose(tmp_path / "file.csv").toml("file.csv")
    (tmp_path / "map.toml").write_text(text, encoding="utf-8")
    return read_foreign(tmp_path / "file.csv", tmp_path / "map.toml"), text


def test_qualtrics_brings_its_labels_and_leaves_out_what_is_no_answer(tmp_path):
    study, text = proposed(tmp_path, QUALTRICS)
    assert len(study.participants) == 10
    assert study.factors == {"condition": ["lrp", "none"]}
    outcomes = {outcome.name: outcome for outcome in study.parameters["outcomes"]}
    assert {name: outcome.kind for name, outcome in outcomes.items()} == {
        "Q1": "ordinal",
        "Q2": "ordinal",
        "Q3": "binary",
    }
    assert outcomes["Q2"].levels == AGREE[:1] + AGREE[1:2] + ("Somewhat disagree",) * 0 + AGREE[2:]
    assert outcomes["Q1"].label == "How sure, in general?"
    assert study.trials["Q2"].tolist()[:5] == [1, 2, 3, 4, 5]
    assert "2 rows under the header describe the columns and were left out." in study.remarks
    assert "1 row was left out by the map: did not finish." in study.remarks
    assert "# Proposed for file.csv: an export of Qualtrics" in text


def test_google_forms_has_a_row_per_participant_semicolons_and_decimal_commas(tmp_path):
    study, _ = proposed(tmp_path, FORMS)
    assert len(study.participants) == 12
    assert study.factors == {"Which version did you see?": ["Heat map", "No heat map"]}
    assert study.trials["seconds_needed"].iloc[1] == 11.15
    assert study.trials["how_fair_is_it"].iloc[1] == 4


def test_questions_of_one_wording_are_stacked(tmp_path):
    head = "Timestamp,Which version?,How sure?,Is it a gull?,How sure?,Is it a gull?,Anything else?"
    rows = [f"2026/01/0{1 + i},{'AB'[i % 2]},{1 + i % 5},{('Yes', 'No')[i % 2]},{1 + (i + 2) % 5},Yes,"
            for i in range(8)]  # fmt: skip
    study, text = proposed(tmp_path, "\n".join([head, *rows]))
    assert 'wide = "{column} ({round})"' in text
    assert "Columns that share a name were numbered in their order: “How sure?”, “Is it a gull?”." in study.remarks
    assert study.factors == {"Which version?": ["A", "B"]}
    assert len(study.participants) == 8
    assert study.trials["how_sure"].tolist()[:4] == [1, 3, 2, 4]


def test_otree_s_rounds_are_stacked(tmp_path):
    study, text = proposed(tmp_path, OTREE)
    assert 'wide = "predict.{round}.player.{column}"' in text
    assert len(study.participants) == 9
    assert study.factors == {"session.config.treatment": ["gain", "loss"]}
    assert study.parameters["within"] == ["method"]
    assert len(study.trials) == 27
    assert study.trials["sure"].isna().sum() == 1
    assert study.trials.loc[study.trials["participant"] == "c1", "is_right"].tolist() == [1, 1, 0]


def test_jspsych_keeps_the_trials_with_their_stimuli(tmp_path):
    study, text = proposed(tmp_path, JSPSYCH)
    assert 'column = "task"\nvalues = ["predict"]' in text
    assert study.factors == {"condition": ["lrp", "none"]}
    assert (len(study.trials), study.parameters["stimulus"]) == (32, "stimulus")
    assert {outcome.name: outcome.kind for outcome in study.parameters["outcomes"]}["correct"] == "binary"
    assert "8 rows were left out by the map: task is not predict." in study.remarks


def test_revisit_has_an_outcome_per_question(tmp_path):
    study, _ = proposed(tmp_path, REVISIT)
    assert len(study.participants) == 7
    outcomes = {outcome.name: outcome for outcome in study.parameters["outcomes"]}
    assert (outcomes["class"].correct, outcomes["sure"].kind) == ("correctAnswer", "ordinal")
    first = study.trials[study.trials["participant"] == "p1"]
    assert first["class"].dropna().tolist() == [1, 1, 0, 1]
    assert first["sure"].dropna().tolist() == [2, 4, 1, 3]


@pytest.mark.parametrize("content", [QUALTRICS, FORMS, OTREE, JSPSYCH, REVISIT])
def test_every_proposal_gives_a_report(tmp_path, content, capsys):
    (tmp_path / "file.csv").write_text(content, encoding="utf-8")
    assert main(["map", str(tmp_path / "file.csv"), "--out", str(tmp_path / "map.toml")]) == 0
    found = analysed(None, csv=tmp_path / "file.csv", map_file=tmp_path / "map.toml")
    assert any(entry["defined"] for entry in found.values())
    assert main(["map", str(tmp_path / "file.csv"), "--out", str(tmp_path / "map.toml")]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_file_without_answers_is_refused(tmp_path):
    (tmp_path / "file.csv").write_text("id,comment\na,this\nb,that\n")
    with pytest.raises(AnalysisError, match="no column looks like an answer"):
        propose(tmp_path / "file.csv")


def map_of(tmp_path, content: str) -> Proposal:
    (tmp_path / "file.csv").write_text(content, encoding="utf-8")
    return propose(tmp_path / "file.csv")


@pytest.mark.parametrize(
    ("given", "levels"),
    [
        (AGREE[:3] + AGREE[4:], AGREE),  # a point that nobody chose has its place
        (("Strongly disagree", "Somewhat agree", "Neither agree nor disagree"),
         ("Strongly disagree", "Somewhat disagree", "Neither agree nor disagree", "Somewhat agree", "Strongly agree")),
        (("Agree", "Strongly agree", "Strongly disagree", "Disagree"), (*AGREE[:2], *AGREE[3:])),
        (("Strongly disagree", "Strongly agree"), None),  # of how many points, they don't say
        (("Never", "Always"), None),
        (("Not at all", "Very", "Slightly"), ("Not at all", "Slightly", "Moderately", "Very", "Extremely")),
    ],
)  # fmt: skip
def test_words_are_points_of_the_shortest_scale_that_has_them_or_of_none(tmp_path, given, levels):
    rows = [f"{i},{given[i % len(given)]},{i % 7}" for i in range(12)]
    found = map_of(tmp_path, "\n".join(["id,agree,n", *rows]))
    own = [outcome for outcome in found.outcomes if outcome["column"] == "agree"]
    assert (tuple(own[0]["levels"]) if own else None) == levels


def test_what_qualtrics_adds_of_itself_is_no_answer(tmp_path):
    own = ("Q_RecaptchaScore", "Q3_First Click", "Q3_Page Submit", "Q3_Click Count", "age")
    rows = [f"R_{i},{i > 0},0.{i},{i}.5,{i}.7,{i % 3},{20 + i},{i % 5}" for i in range(12)]
    found = map_of(tmp_path, "\n".join([f"ResponseId,Finished,{','.join(own)},Q_1", *rows]))
    assert [outcome["column"] for outcome in found.outcomes] == ["Q_1"]
    assert set(found.aside) == set(own)


def test_otree_s_participant_fields_may_be_the_condition(tmp_path):
    head = ["participant.code", "participant.condition", "participant.visited", "t.1.player.ok", "t.2.player.ok",
            "end.1.player.age"]  # fmt: skip
    rows = [f"c{i},{'ab'[i % 2]},1,{i % 2},{(i + 1) % 2},{30 + i}" for i in range(8)]
    found = map_of(tmp_path, "\n".join([",".join(head), *rows]))
    assert (found.between, found.aside) == (["participant.condition"], ["end.…"])


JSPSYCH_HEAD = "trial_type,trial_index,time_elapsed,response,correct,rt"


def test_jspsych_s_key_is_no_factor_and_a_file_that_names_nobody_is_refused(tmp_path):
    rows = [f"keyboard,{i % 6},{900 * i},{'fj'[i % 2]},{'true' if i % 3 else 'false'},{300 + i}" for i in range(24)]
    with pytest.raises(AnalysisError, match=r"file\.csv: is a file of jsPsych with no column"):
        map_of(tmp_path, "\n".join([JSPSYCH_HEAD, *rows]))
    named = [f"{row},r{i // 6}" for i, row in enumerate(rows)]
    found = map_of(tmp_path, "\n".join([f"{JSPSYCH_HEAD},run_id", *named]))
    assert (found.participant, found.between, found.within) == ("run_id", [], [])
    assert [outcome["column"] for outcome in found.outcomes] == ["correct", "rt"]


LONG = [(f"p{i}", heat, score, (3 * i + 5 * h + 2 * s) % 7) for i in range(4) for h, heat in enumerate(("no", "lrp"))
        for s, score in enumerate(("off", "on"))]  # fmt: skip
PLAN = 'participant = "p"\nwithin = ["heat", "score"]\n{}[[outcomes]]\ncolumn = "y"\nkind = "ratio"\n'


@pytest.mark.parametrize(
    "template", ["{column}_{heat}_{score}", "{heat}.{column}.{score}", "{column} [{heat}/{score}]"]
)
def test_a_wide_file_says_what_the_long_one_says(tmp_path, template):
    long = pd.DataFrame(LONG, columns=["p", "heat", "score", "y"])
    names = [template.format(column="y", heat=row.heat, score=row.score) for row in long.itertuples()]
    wide = long.assign(name=names).pivot_table(index="p", columns="name", values="y").reset_index()
    long.to_csv(tmp_path / "long.csv", index=False)
    wide.to_csv(tmp_path / "wide.csv", index=False)
    (tmp_path / "long.toml").write_text(PLAN.format(""))
    (tmp_path / "wide.toml").write_text(PLAN.format(f'wide = "{template}"\n'))
    keys = ["participant", "heat", "score"]
    found = [read_foreign(tmp_path / f"{name}.csv", tmp_path / f"{name}.toml").trials for name in ("long", "wide")]
    found = [trials.astype(dict.fromkeys(keys, str)).sort_values(keys).reset_index(drop=True) for trials in found]
    pd.testing.assert_frame_equal(*found)
    assert holes(template).count("column") == 1


def refused(tmp_path, rows: str, text: str) -> str:
    (tmp_path / "t.csv").write_text(rows)
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(AnalysisError) as error:
        read_foreign(tmp_path / "t.csv", tmp_path / "m.toml")
    return str(error.value)


@pytest.mark.parametrize(
    ("rows", "text", "said"),
    [
        ("p,y_a_b_c\nx,1\n", PLAN.format('wide = "{column}_{heat}_{score}"\n'), "y_a_b_c can be read by"),
        ("p,z_a_b\nx,1\n", PLAN.format('wide = "{column}_{heat}_{score}"\n'), "no column is called as"),
        ("p,y\nx,1\n", PLAN.format('wide = "{heat}"\n'), "wide: found '{heat}', expected a text as"),
        ("p,heat,score,y\nx,a,b,1\n", PLAN.format('[[keep]]\ncolumn = "heat"\n'), "keep 1: found"),
        ("p,heat,score,y\nx,a,b,1\n", PLAN.format('[[keep]]\ncolumn = "heat"\nvalues = ["z"]\n'), "leave out every"),
        ("p,heat,score,y\nx,a,b,1\n", PLAN.format('[[exclude]]\ncolumn = "heat"\nbelow = 3\nreason = "r"\n'),
         "column heat, row 2: found 'a', expected a number"),
        ("p,heat,score,y\nx,a,b,1\n", PLAN.format("") + 'where = {score = "c"}\n', "no row has score = c"),
        ("p,heat,score,y\nx,a,b,1\n", PLAN.format("") + 'correct = "heat"\n', "expected binary: right or not"),
    ],
)  # fmt: skip
def test_a_map_that_does_not_fit_is_refused_in_words(tmp_path, rows, text, said):
    assert said in refused(tmp_path, rows, text)


def test_rules_reach_numbers_and_whole_participants(tmp_path):
    (tmp_path / "t.csv").write_text("p,g,y,rt\na,x,1,90\na,x,2,900\nb,z,3,800\nc,z,4,700\n")
    rule = '[[exclude]]\ncolumn = "rt"\nbelow = 100\nreason = "too fast"\n'
    text = 'participant = "p"\nbetween = ["g"]\n{}{}[[outcomes]]\ncolumn = "y"\nkind = "ratio"\n'
    for whole, people, said in (
        ("", ["a", "b", "c"], "1 row was"),
        ("everybody = true\n", ["b", "c"], "2 rows of 1 participant were"),
    ):
        (tmp_path / "m.toml").write_text(text.format(rule, whole))
        study = read_foreign(tmp_path / "t.csv", tmp_path / "m.toml")
        assert study.participants["participant"].tolist() == people
        assert study.remarks == [f"{said} left out by the map: too fast."]
