"""Dashboard, export and report of one study agree on everything that they show: failed checks, haste, constancy."""

import json

import pytest

from studyapp import models, publishing
from studyapp.data import exporting
from studyapp.desk.results import dashboard
from studyapp.run.sessions import ending
from studyapp.simulation import by_functions, simulate
from tests import loaded
from tests.bundles import write_bundle

pytest.importorskip("pandas")

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


def make_study(tmp_path, **fields):
    bundle = loaded.load(write_bundle, "made")
    study = models.Study.objects.create(slug="scenes", title="Scenes", kind="forward_simulation", bundle=bundle, seed=1,
                                        **fields)  # fmt: skip
    models.Condition.objects.create(study=study, name="only", factors={"heatmap": "lrp", "scores": "shown"})
    publishing.publish(study)
    return study


STATUSES = ("active", "withdrawn", "expired", "screened_out", "no_consent", "erased", "active", "withdrawn")


def among_bots(study, people: int) -> None:
    """Turn some of a study's bots into people, of whom the last have every way of not completing."""
    runs = list(study.participants.order_by("pk"))
    for run in runs[:people]:
        run.bot = ""
    for run, status in zip(runs[people - len(STATUSES) : people], STATUSES, strict=True):
        run.status = status
    runs[-1].status = "expired"
    for run in runs:
        run.save()


def make_careless(study, runs, change) -> None:
    """Change some runs' answers, and judge them anew as at their end."""
    for run in runs:
        for response in run.responses.all():
            change(response)
            response.save()
        run.quality = ending._quality(run)
        run.save()


def hasty(response) -> None:
    response.rt_ms = 5.0


def constant(response) -> None:
    same = {"response": True, "confidence": 3}
    response.answer |= {name: same[name] for name in same.keys() & response.answer}


@pytest.mark.parametrize(("plan", "flag"), [
    ({}, "Too fast: trials in less than a third of the usual time"),
    ({"min_median_rt_ms": 10}, "Too fast: trials in less than 10 ms"),
])  # fmt: skip
def test_dashboard_export_and_report_name_the_same_people(tmp_path, plan, flag):
    from analysis.reading.exports import read_export
    from analysis.reading.plans import Plan
    from analysis.reading.samples import select

    study = make_study(tmp_path, analysis_plan=plan)
    list(simulate(study, 9, by_functions.walk, skill="p=0.8"))
    runs = list(study.participants.order_by("pk"))
    make_careless(study, runs[:2], hasty)
    make_careless(study, runs[2:5], constant)
    exporting.export(study, tmp_path / "export")
    read = read_export(tmp_path / "export")
    rules = Plan(exclude=(), **(read.plan or {}))
    flags = select(read, rules).flags
    for rule, name, careless in (
        ("too_fast", flag, runs[:2]),
        ("constant", "Constant: the same answers on every trial", runs[2:5]),
        ("failed_checks", "Failed check: screening", None),
    ):
        shown = {run.code for run in dashboard.behind(study, bots=True, flag=name)}
        assert set(flags.loc[flags["flag"] == rule, "participant"]) == shown
        assert careless is None or shown >= {run.code for run in careless}
    exported = read.participants.set_index("participant")
    assert set(exported.index[exported["constant_answers"].astype(bool)]) >= {run.code for run in runs[2:5]}


@pytest.mark.parametrize("policy", ["record", "retry"])
@pytest.mark.parametrize("column", [True, False], ids=["as exported", "without its column"])
def test_dashboard_and_report_count_the_same_people_and_failures(tmp_path, policy, column):
    from analysis.reading.exports import read_export
    from analysis.reading.plans import Plan
    from analysis.reading.samples import select

    study = make_study(tmp_path, parameters={"screening_policy": policy})
    list(simulate(study, 16, by_functions.walk, skill="p=0.8"))
    folder = tmp_path / "export"
    exporting.export(study, folder)
    if not column:
        import pandas

        path = next(folder.rglob("*participants_data.csv"))
        pandas.read_csv(path, dtype=str).drop(columns="failed_checks").to_csv(path, index=False)
    shown = dashboard.figures(study, bots=True)["quality"]
    sample = select(read_export(folder), Plan(exclude=()))
    counted = {rule["rule"]: rule["n"] for rule in sample.rules(Plan(exclude=()))}
    on_dashboard = {row["flag"]: row["n"] for row in shown["quality"]["rows"]}
    assert len(sample.study.participants) == shown["n_completed"]
    assert counted["failed_checks"] == on_dashboard.get("Failed check: screening", 0)
    assert counted["failed_checks"] > 0


EXCLUDED = ((), ("incomplete",), ("too_fast", "failed_checks"), ("constant", "too_fast"))


def test_dashboard_and_report_agree_on_every_number_that_both_show(tmp_path):
    study = make_study(tmp_path)
    models.Condition.objects.create(study=study, name="other", factors={"heatmap": "none", "scores": "shown"})
    list(simulate(study, 40, by_functions.walk, skill="p=0.8"))
    among_bots(study, 34)
    runs = list(study.participants.order_by("pk"))
    make_careless(study, runs[:4], hasty)
    make_careless(study, runs[2:7], constant)
    exporting.export(study, tmp_path / "export")
    for exclude in EXCLUDED:
        check_numbers(tmp_path, dashboard.figures(study), exclude)


def check_numbers(place, shown: dict, exclude: tuple[str, ...]) -> None:
    """Compare what the dashboard shows with the report of a plan that leaves these out."""
    from analysis.reading.plans import Plan
    from analysis.reading.samples import UNFINISHED, in_words
    from analysis.report import folder
    from analysis.report.methods import methods_text
    from analysis.report.running import analyse

    (place / "plan.json").write_text(json.dumps({"exclude": exclude, "hypotheses": []}))
    report = analyse(place / "export", plan_file=place / "plan.json", progress=lambda steps: steps[:1])
    said, told = folder.results(report), methods_text(report)
    numbers = {row["label"]: row["value"] for row in shown["numbers"]["numbers"]}
    flow = {row["reason"]: row["n"] for row in said["sample"]["flow"]}
    unfinished = {words: flow.get(words, 0) for words in UNFINISHED.values()}
    assert flow["started"] == numbers["Started"] == 34
    assert unfinished["still in progress, or gone without a word"] == numbers["Active now"] + numbers["Away"] == 2
    assert unfinished["withdrew"] + unfinished["never came back"] == numbers["Left"] == 3
    assert unfinished["screened out"] + unfinished["did not consent"] == numbers["Turned away"] == 2
    assert unfinished["asked to be erased"] == numbers["Erased"] == 1
    assert flow["started"] - sum(unfinished.values()) == shown["quality"]["n_completed"] == 26
    assert sum(flow.values()) == 2 * flow["started"]
    on_dashboard = {row["flag"]: row["n"] for row in shown["quality"]["quality"]["rows"]}
    counted = {rule["rule"]: rule["n"] for rule in said["sample"]["rules"]}
    assert counted["too_fast"] == on_dashboard["Too fast: trials in less than a third of the usual time"] == 4
    assert counted["constant"] == on_dashboard["Constant: the same answers on every trial"] >= 5
    assert counted["failed_checks"] == on_dashboard.get("Failed check: screening", 0) > 0
    assert f"34 participants started and {said['sample']['n']} were analysed" in told
    assert "6 runs of bots are not counted in this report." in told
    assert "6 runs of bots are not counted in this report." in said["remarks"]
    for rule in exclude:
        assert flow.get(in_words(rule, Plan()), 0) <= counted[rule]
    completed = {row["name"]: row["completed"] for row in shown["balance"]["balance"]["rows"]}
    assert sum(completed.values()) == shown["quality"]["n_completed"]
    if not exclude:
        assert {"none": completed["other"], "lrp": completed["only"]} == dict(folder._cell_sizes(report))
