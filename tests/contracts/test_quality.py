"""Dashboard, export and report of one study agree on everything that they show: failed checks, haste, constancy."""

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
