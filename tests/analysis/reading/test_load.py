"""Reading an export folder, and refusing a broken one by name."""

import json

import pytest

from analysis.errors import AnalysisError
from analysis.reading.exports import read_export
from tests.analysis import factory


@pytest.fixture
def export(tmp_path):
    return factory.forward_simulation(tmp_path / "export", n=12)


def test_reads_tables_factors_and_hashes(export):
    study = read_export(export)
    assert (study.name, study.kind, study.version) == ("Demo study", "forward_simulation", "1")
    assert study.factors == {"heatmap": list(factory.HEATMAPS), "scores": list(factory.SCORES)}
    assert len(study.participants) == 12
    assert len(study.trials) == 12 * 14
    assert study.trials["heatmap"].cat.categories.tolist() == list(factory.HEATMAPS)
    assert set(study.files) == {path.name for path in export.iterdir()}


def test_tables_may_lie_in_a_data_folder(export):
    (export / "data").mkdir()
    for path in export.glob("*.csv"):
        path.rename(export / "data" / path.name)
    assert len(read_export(export).trials) == 12 * 14


def test_a_level_called_none_is_no_missing_value(export):
    assert (read_export(export).participants["heatmap"] == "none").sum() == 4


def test_booleans_and_numbers_get_their_types(export):
    trials = read_export(export).trials
    assert trials["correct"].dtype == "boolean"
    assert trials["rt_ms"].dtype.kind == "f"


@pytest.mark.parametrize(
    ("stored", "meant"), [("'=1+1", "=1+1"), ("'- ears", "- ears"), ("''quoted", "'quoted"), ("'tis", "'tis")]
)
def test_guarded_free_text_is_restored(export, stored, meant):
    factory.rewrite(export, "trials", lambda rows: [row | {"sensitive_to": stored} for row in rows])
    assert set(read_export(export).trials["sensitive_to"]) == {meant}


def test_free_text_keeps_newlines_and_commas(export):
    factory.rewrite(export, "trials", lambda rows: [row | {"ignores": 'the "sky",\nor grass'} for row in rows])
    assert read_export(export).trials["ignores"].iloc[0] == 'the "sky",\nor grass'


def test_what_the_description_calls_text_stays_text(export):
    factory.rewrite(export, "trials", lambda rows: [row | {"ignores": "12", "sensitive_to": "12"} for row in rows])
    path = export / "dataset_description.json"
    content = json.loads(path.read_text())
    content["variableMeasured"].append({"name": "ignores", "valueType": "text"})
    path.write_text(json.dumps(content))
    trials = read_export(export).trials
    assert (trials["ignores"].iloc[0], trials["sensitive_to"].iloc[0]) == ("12", 12)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(AnalysisError, match="nowhere: no such folder"):
        read_export(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["participants", "trials"])
def test_a_missing_table_is_named(export, name):
    (export / f"study-demo_table-{name}_data.csv").unlink()
    with pytest.raises(AnalysisError, match=f"found no study-<slug>_table-{name}_data.csv"):
        read_export(export)


def test_a_missing_column_is_named_with_what_is_there(export):
    factory.rewrite(
        export, "participants", lambda rows: [{k: v for k, v in row.items() if k != "status"} for row in rows]
    )
    with pytest.raises(AnalysisError, match=r"participants_data\.csv: lacks the column status; found study"):
        read_export(export)


def test_an_unknown_level_is_named_with_the_expected_ones(export):
    factory.rewrite(export, "participants", lambda rows: [rows[0] | {"factor_heatmap": "grad_cam"}, *rows[1:]])
    with pytest.raises(AnalysisError, match="factor_heatmap: found the level grad_cam, expected one of none, lrp"):
        read_export(export)


def test_an_export_without_participants_is_refused(export):
    factory.rewrite(export, "participants", lambda rows: [])
    with pytest.raises(AnalysisError, match="holds no participant"):
        read_export(export)


def test_an_empty_file_and_a_broken_description_are_named(export):
    (export / "dataset_description.json").write_text("{", encoding="utf-8")
    with pytest.raises(AnalysisError, match=r"dataset_description\.json: is no JSON"):
        read_export(export)


def test_two_studies_in_one_folder_are_refused(export):
    (export / "study-other_table-trials_data.csv").write_text("participant\n", encoding="utf-8")
    with pytest.raises(AnalysisError, match="holds 2 trials tables"):
        read_export(export)
