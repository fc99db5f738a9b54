"""Questionnaires that any kind of study asks come through its export into its report."""

import pytest

from studyapp import publishing
from studyapp.data import exporting
from studyapp.simulation import by_functions, simulate
from tests.studyapp.made.asked import EVERY_TYPE, TRUST
from tests.studyapp.made.every_kind import make_draft

pytest.importorskip("pandas")

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]
KINDS = ("forward_simulation", "label_matching", "clustering")
SURE = {"code": "sure", "type": "slider", "text": "How sure were you?", "low": "Not", "high": "Very"}
EACH_TRIAL = {"name": "effort", "title": "Now", "place": "after_trial", "items": [SURE]}


@pytest.mark.parametrize("name", KINDS)
def test_every_item_reaches_the_report_with_the_app_s_own_scores(name, tmp_path):
    from analysis.reading.exports import read_export
    from analysis.reading.plans import Plan
    from analysis.reading.questionnaires import items
    from analysis.recipes import find

    study = make_draft(name)
    study.questionnaires = [TRUST, EVERY_TYPE, EACH_TRIAL]
    publishing.publish(study)
    list(simulate(study, 4, by_functions.walk, skill="p=0.7"))
    exporting.export(study, tmp_path / "export")
    read = read_export(tmp_path / "export")
    found = {item.column: item for item in items(read)}
    asked = {f"{one['name']}_{item['code']}": item for one in study.questionnaires for item in one["items"]}
    assert set(found) <= set(asked)
    assert all(found[column].text == asked[column]["text"] for column in found)
    assert not [item.remark for item in found.values() if item.remark]
    assert found["effort_sure"].limits == (0, 100)
    score = next(one for one in find(name).measures(read) if one.name == "trust_trust_score")
    stored = read.steps.dropna(subset=["trust_trust_score"]).set_index("participant")["trust_trust_score"]
    assert score.data.set_index("participant")[score.name].dropna().to_dict() == pytest.approx(stored.to_dict())
    steps = dict(find(name).sections(read, Plan()))
    assert {"trust", "trust_trust_score", "effort", "every", "every_view_score"} <= set(steps)
    assert steps["every"]().title == "Questionnaire: Every type of item"
