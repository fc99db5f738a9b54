"""The dashboard and the report of one study agree on everything that both show, screening failures above all."""

import pytest

from studyapp import models, publishing
from studyapp.bundles import stimuli
from studyapp.data import exporting
from studyapp.desk.results import dashboard
from studyapp.simulation import by_functions, simulate
from tests.bundles import write_bundle

pytest.importorskip("pandas")

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


@pytest.mark.parametrize("policy", ["record", "retry"])
@pytest.mark.parametrize("column", [True, False], ids=["as exported", "without its column"])
def test_dashboard_and_report_count_the_same_people_and_failures(tmp_path, policy, column):
    from analysis.reading.exports import read_export
    from analysis.reading.plans import Plan
    from analysis.reading.samples import select

    bundle = stimuli.load_bundle(write_bundle(tmp_path / "source"), "made")
    study = models.Study.objects.create(slug="scenes", title="Scenes", kind="forward_simulation", bundle=bundle, seed=1,
                                        parameters={"screening_policy": policy})  # fmt: skip
    models.Condition.objects.create(study=study, name="only", factors={"heatmap": "lrp", "scores": "shown"})
    publishing.publish(study)
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
