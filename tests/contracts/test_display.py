"""A display that varies within people is exported with its trials, and the recipe compares its levels within people."""

import pytest

from studyapp import publishing
from studyapp.data import exporting
from studyapp.simulation import by_functions, simulate
from tests.studyapp.made.every_kind import make_draft

pytest.importorskip("pandas")

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]
MEASURES = {"forward_simulation": "fraction_correct", "label_matching": "fraction_correct", "clustering": "purity"}


@pytest.mark.parametrize("name", MEASURES)
def test_levels_met_by_the_same_people_are_compared_within_them(name, tmp_path):
    from analysis.reading.exports import read_export
    from analysis.reading.plans import Plan
    from analysis.recipes import find

    study = make_draft(name)
    study.display = {"levels": {"red": {}, "lines": {"style": "contours"}}, "varies": "within"}
    study.save()
    publishing.publish(study)
    list(simulate(study, 6, by_functions.walk, skill="p=0.7"))
    exporting.export(study, tmp_path / "export")
    read = read_export(tmp_path / "export")
    assert read.within == {"display": ["lines", "red"]}
    assert list(read.trials["display"].cat.categories) == ["lines", "red"]
    own = f"{MEASURES[name]}_by_display"
    found = next(one for one in find(name).measures(read) if one.name == own)
    assert found.within == ["display"]
    section = next(make for title, make in find(name).sections(read, Plan()) if title == own)()
    assert f"{own}.paired.lines-red" in [one.id for one in section.records]
