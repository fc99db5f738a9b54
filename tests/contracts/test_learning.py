"""What a learner does in label matching is what the report's learning curve tells."""

import re

import pytest

from studyapp import models, publishing
from studyapp.data import exporting
from studyapp.simulation import by_functions, simulate
from tests import loaded
from tests.studyapp.made.label_matching import write_bundle

pytest.importorskip("pandas")

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


def test_a_learners_curve_rises_over_the_training_in_the_report(tmp_path):
    from analysis.report.running import analyse

    bundle = loaded.load(write_bundle, "look-alikes")
    study = models.Study.objects.create(slug="pairs", title="Pairs", kind="label_matching", bundle=bundle, seed=1)
    for method in ("cwox_2s", "swox"):
        models.Condition.objects.create(study=study, name=method, factors={"method": method})
    publishing.publish(study)
    list(simulate(study, 16, by_functions.walk, skill="learner", seed=3))
    exporting.export(study, tmp_path / "export")
    figures = [figure for section in analyse(tmp_path / "export").sections for figure in section.figures]
    (curve,) = [figure.alt for figure in figures if figure.title == "Share matched over the training trials"]
    from_to = [(int(first), int(last)) for first, last in re.findall(r"from (\d+)% to (\d+)%", curve)]
    assert len(from_to) == 2
    assert all(last > first + 15 for first, last in from_to)
