"""The command line: exit codes, messages, and nothing half-written."""

import json

import pytest

from analysis.cli import main
from tests.analysis import factory


def refused(capsys, *arguments) -> str:
    assert main(["report", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def test_a_missing_export_ends_with_code_two(tmp_path, capsys):
    assert "no such folder" in refused(capsys, tmp_path / "none", "--out", tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_a_single_condition_is_described_and_not_tested(tmp_path):
    folder = factory.forward_simulation(tmp_path / "export", n=12, codes=False)
    factory.rewrite(
        folder,
        "participants",
        lambda rows: [row | {"status": "completed" if i in (0, 6) else "active"} for i, row in enumerate(rows)],
    )
    assert main(["report", str(folder), "--out", str(tmp_path / "report")]) == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    by_id = {found["id"]: found for found in results["analyses"]}
    assert by_id["fraction_correct.descriptives"]["terms"][0]["n"] == 2
    assert by_id["fraction_correct.anova"]["reason"] == "no factor has two observed levels"


def test_nobody_left_ends_with_code_two_and_leaves_nothing(tmp_path, capsys):
    folder = factory.forward_simulation(tmp_path / "export", n=6)
    factory.rewrite(folder, "participants", lambda rows: [row | {"status": "active"} for row in rows])
    assert "no participant is left" in refused(capsys, folder, "--out", tmp_path / "report")
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_an_unknown_kind_names_the_known_ones(tmp_path, capsys):
    folder = factory.forward_simulation(tmp_path / "export", n=6)
    factory.describe(folder, "telepathy", {"heatmap": factory.HEATMAPS, "scores": factory.SCORES})
    assert "found 'telepathy', expected one of" in refused(capsys, folder, "--out", tmp_path / "report")


def test_a_folder_that_is_no_report_is_not_replaced(tmp_path, capsys):
    folder = factory.forward_simulation(tmp_path / "export", n=6)
    assert "holds no report" in refused(capsys, folder, "--out", folder)
    assert (folder / "dataset_description.json").exists()


def test_an_older_report_is_replaced(tmp_path):
    folder = factory.label_matching(tmp_path / "export", n=4)
    for _ in range(2):
        assert main(["report", str(folder), "--out", str(tmp_path / "report")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "report"]


def test_export_and_csv_exclude_each_other(tmp_path, capsys):
    assert "either" in refused(capsys, "--out", tmp_path / "report")
    assert "--map" in refused(capsys, "--csv", tmp_path / "a.csv", "--out", tmp_path / "report")


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"primry": []}, "unknown field primry"),
        ({"alpha": 5}, "alpha: found 5, expected a number between 0 and 1"),
        ({"alpha": "x"}, "alpha: found 'x', expected a float"),
        ({"ss_type": 1}, r"ss_type: found 1, expected one of (2, 3)"),
        ({"exclude": ["ugly"]}, "exclude: found ugly"),
    ],
)
def test_a_mistake_in_the_plan_names_its_field(tmp_path, capsys, plan, message):
    folder = factory.forward_simulation(tmp_path / "export", n=6)
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    said = refused(capsys, folder, "--out", tmp_path / "report", "--plan", tmp_path / "plan.json")
    assert message in said
