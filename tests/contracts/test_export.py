"""What the app exports, `analysis` reads: the same rows, types and levels, and a whole report comes out."""

import json

import pytest

from studyapp import models, publishing
from studyapp.core.engine.kinds import kind
from studyapp.data import exporting
from studyapp.simulation import by_functions, simulate
from tests import loaded
from tests.bundles import write_bundle

pytest.importorskip("pandas")

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]
TEXTS = ["=SUM(A1)", "'=quoted", "-5 legs", "'quoted'", "''", 'two\nlines, "and" more', "ears"]


@pytest.fixture
def study(tmp_path):
    """A forward simulation with all six conditions, published."""
    bundle = loaded.load(write_bundle, "made")
    study = models.Study.objects.create(slug="scenes", title="Scenes", kind="forward_simulation", bundle=bundle, seed=1)
    for heatmap in ("none", "lrp", "multiscale_occlusion"):
        for scores in ("shown", "hidden"):
            factors = {"heatmap": heatmap, "scores": scores}
            models.Condition.objects.create(study=study, name=f"{heatmap}-{scores}", factors=factors)
    publishing.publish(study)
    return study


@pytest.fixture
def folder(study, tmp_path):
    """The export of twelve bots' runs, some of whose answers are hard to keep as they are."""
    list(simulate(study, 12, by_functions.walk, skill="p=0.7"))
    trials = models.Response.objects.filter(answer__has_key="sensitive_to").order_by("participant", "position")
    for response, text in zip(trials, TEXTS, strict=False):
        response.answer["sensitive_to"] = text
        response.save()
    exporting.export(study, tmp_path / "export")
    return tmp_path / "export"


def test_analysis_reads_every_row_with_its_types_and_levels(study, folder):
    from analysis.reading.exports import read_export

    read = read_export(folder)
    assert (read.kind, read.version) == ("forward_simulation", study.current.label)
    assert read.factors == {"heatmap": ["none", "lrp", "multiscale_occlusion"], "scores": ["shown", "hidden"]}
    assert read.parameters == publishing.frozen(study.current)["parameters"]
    assert len(read.participants) == 12
    assert len(read.trials) == 12 * 14
    assert len(read.steps) == models.Response.objects.count()
    assert set(read.trials["correct"].map(type)) == {bool}
    assert set(read.trials["confidence"]) <= {1, 2, 3, 4}
    assert read.participants["n_correct"].sum() == read.trials["correct"].sum()


def test_free_text_comes_back_exactly(folder):
    from analysis.reading.exports import read_export

    assert list(read_export(folder).trials["sensitive_to"][: len(TEXTS)]) == TEXTS


def test_every_declared_field_of_a_trial_reaches_the_analysis(folder):
    from analysis.reading.exports import read_export

    declared = {field.name for field in kind("forward_simulation").page("trial").fields}
    assert declared <= set(read_export(folder).trials.columns)


def test_a_report_comes_out_of_the_export(folder, tmp_path):
    from analysis.cli import main

    assert main(["report", str(folder), "--out", str(tmp_path / "report")]) == 0
    results = json.loads((tmp_path / "report" / "results.json").read_text(encoding="utf-8"))
    assert "fraction_correct.anova" in [analysis["id"] for analysis in results["analyses"]]
    assert (tmp_path / "report" / "report.html").is_file()


def test_the_plan_frozen_with_the_study_decides_what_is_primary(study, tmp_path):
    from analysis.cli import main
    from analysis.reading.exports import read_export

    assert main(["plan", "forward_simulation", "--out", str(tmp_path / "plan")]) == 0
    plan = json.loads((tmp_path / "plan" / "analysis_plan.json").read_text())
    study.analysis_plan = plan | {"alpha": 0.01}
    publishing.publish(study)
    study.analysis_plan = plan | {"alpha": 0.2}  # an edit that was never published
    study.save()
    list(simulate(study, 2, by_functions.walk))
    exporting.export(study, tmp_path / "export")
    assert read_export(tmp_path / "export").plan["alpha"] == 0.01


def test_codes_come_with_who_gave_them_and_what_was_agreed_on_counts(study, tmp_path):
    from django.contrib.auth.models import User

    from analysis.reading.exports import read_export
    from analysis.sections.coding import independent, read_codes, saliency_ratio, settled
    from studyapp.coding import passages, readings

    list(simulate(study, 2, by_functions.walk))
    passages.gather(study)
    ears, light = (
        models.Code.objects.create(study=study, name=name, kind=kind)
        for name, kind in (("ears", "saliency_feature"), ("=light", "general_attribute"))
    )
    anna, ben = (User.objects.create_user(name) for name in ("anna", "ben"))
    same, empty, disputed = list(passages.passages(study, "sensitive_to"))[:3]
    for coder, found in ((anna, [ears]), (ben, [light])):
        readings.save(study, same.pk, coder, [ears.pk], done=True)
        readings.save(study, empty.pk, coder, [], done=True)
        readings.save(study, disputed.pk, coder, [code.pk for code in found], done=True)
    readings.resolve(study, disputed.pk, anna, [light.pk])
    exporting.export(study, tmp_path / "export")
    read = read_export(tmp_path / "export")
    codes = read_codes(read, "sensitive_to")
    assert sorted(independent(codes)["coder"]) == ["anna"] * 3 + ["ben"] * 3
    counted = settled(codes)
    assert sorted(counted["code"].dropna()) == ["=light", "ears", "ears"]
    assert counted["code"].isna().sum() == 2
    assert set(counted["class_name"]) <= {"cat", "horse"}
    ratio = saliency_ratio(read, "sensitive_to").data.set_index("participant")["saliency_ratio"]
    by_person = {}
    for passage, share in ((same, 1.0), (disputed, 0.0)):
        by_person.setdefault(passage.response.participant.code, []).append(share)
    for code, shares in by_person.items():
        if len(shares) == 1:
            assert ratio[code] == shares[0]
