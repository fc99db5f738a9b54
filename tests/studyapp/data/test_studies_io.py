"""A study goes out as one file and comes back exactly; a wrong file is told by its name and field."""

import json
import zipfile

import pytest

from studyapp import models, publishing
from studyapp.data import study_files
from studyapp.data.study_files import StudyFileError, dump_study, load_study

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def edited(draft):
    """The tiny study with everything edited that can be."""
    draft.parameters = {"n_trials": 3}
    draft.texts = {"entry": "Welcome — „herzlich“ {reward_base}\n\nsecond line"}
    draft.reward_base, draft.currency, draft.code_completed = "9.99", "EUR", "C-ß-1"
    draft.retention_days, draft.require_id, draft.return_url = 30, True, "https://example.org/?cc={code}"
    draft.save()
    draft.conditions.filter(name="small").update(quota=16)
    draft.conditions.filter(name="large").update(open=False)
    draft.refresh_from_db()
    return draft


def forget(study):
    """Remove the study, and its bundle, as if this were another place."""
    bundle = study.bundle
    study.delete()
    bundle.delete()


def test_a_zip_round_trip_is_exact_and_brings_its_bundle(edited, tmp_path):
    before, digest = study_files.record(edited), edited.bundle.sha256
    definition = publishing.content_hash(publishing.definition(edited))
    dump_study(edited, tmp_path / "study.zip")
    forget(edited)
    loaded = load_study(tmp_path / "study.zip")
    assert study_files.record(loaded) == before
    assert loaded.bundle.sha256 == digest
    assert publishing.content_hash(publishing.definition(loaded)) == definition
    assert loaded.status == "draft"


def test_the_file_holds_all_parameters_texts_conditions_and_stimuli(edited, tiny_kind):
    record = study_files.record(edited)
    assert set(record["texts"]) == set(tiny_kind.texts())
    assert record["parameters"] == tiny_kind.defaults() | {"n_trials": 3}
    assert [(cell["name"], cell["quota"], cell["open"]) for cell in record["conditions"]] == [
        ("small", 16, True),
        ("large", None, False),
    ]
    assert record["stimuli"]["images"] == sorted(record["stimuli"]["images"])
    assert record["payment"] == {
        "currency": "EUR",
        "reward_base": "9.99",
        "reward_bonus": "0.50",
        "reward_partial": "0.00",
    }


def test_only_what_differs_from_the_defaults_is_stored(edited, tmp_path):
    dump_study(edited, tmp_path / "study.json")
    edited.delete()
    loaded = load_study(tmp_path / "study.json")
    assert loaded.parameters == {"n_trials": 3}
    assert list(loaded.texts) == ["entry"]
    assert loaded.stimuli is None


def test_stimuli_that_would_be_drawn_differently_here_are_kept(edited, tmp_path):
    record = study_files.record(edited)
    record["stimuli"]["images"] = record["stimuli"]["images"][::-1]
    (tmp_path / "study.json").write_text(json.dumps(record))
    edited.delete()
    loaded = load_study(tmp_path / "study.json")
    assert study_files.record(loaded)["stimuli"] == record["stimuli"]
    assert publishing.freeze(loaded).definition["stimuli"] == record["stimuli"]


def test_a_bare_file_finds_its_bundle_by_relative_path(edited, written, tmp_path):
    record = study_files.record(edited)
    forget(edited)
    (tmp_path / "source").symlink_to(written)
    record["bundle"] = {"name": "made", "path": "source"}
    (tmp_path / "study.json").write_text(json.dumps(record))
    assert load_study(tmp_path / "study.json").bundle.name == "made"


def test_loading_twice_needs_another_slug(edited, tmp_path):
    dump_study(edited, tmp_path / "study.json")
    with pytest.raises(StudyFileError, match=r"study\.json: slug: a study 'tiny' is here already"):
        load_study(tmp_path / "study.json")
    assert load_study(tmp_path / "study.json", slug="again").slug == "again"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "expected the format 'heatwise-study'"),
        ({"format_version": 2}, "format_version: expected 1, found 2"),
        ({"kind": "nonsense"}, "kind: unknown study kind 'nonsense'"),
        ({"surprise": 1}, "unknown 'surprise'"),
        ({"slug": "not a slug"}, "slug: Enter a valid"),
        ({"title": ""}, "title: This field cannot be blank"),
        ({"parameters": {"n_trial": 1}}, "parameters: Unknown parameter “n_trial”"),
        ({"parameters": {"n_trials": "five"}}, "parameters: Parameter “n_trials”: expected a whole number"),
        ({"parameters": []}, r"parameters: expected an object, found \[\]"),
        ({"texts": {"entree": "Hi"}}, "texts: unknown 'entree'"),
        ({"texts": {"entry": 7}}, "texts.entry: expected a text, found 7"),
        ({"payment": {"reward_base": "-1"}}, "payment.reward_base: Ensure this value"),
        ({"payment": {"reward_base": "lots"}}, "payment.reward_base: .lots. value must be a decimal"),
        ({"payment": {"currency": "<b>"}}, "payment.currency: Expected a currency's three capital letters"),
        ({"language": "xx"}, "language: Expected a language's code, such as fr, pt-br or zh-hant; found 'xx'"),
        ({"codes": {"completeds": "C"}}, "codes: unknown 'completeds'"),
        ({"recruitment": {"retention_days": -1}}, "recruitment.retention_days: Ensure this value"),
        ({"conditions": [{"name": "a"}]}, r"conditions\[0\]: expected an object with name and factors"),
        ({"conditions": [{"name": "a", "factors": {"colour": "x"}}]}, r"conditions\[0\].factors: expected size"),
        ({"conditions": [{"name": "a", "factors": {"size": "big"}}]}, r"factors.size: expected one of small, large"),
        ({"conditions": [{"name": "a b", "factors": {"size": "small"}}]}, r"conditions\[0\].name: Enter a valid"),
        (
            {"conditions": [{"name": "a", "factors": {"size": "small"}, "quota": -1}]},
            r"conditions\[0\].quota: Ensure",
        ),
        ({"conditions": [{"name": "a", "factors": {"size": "small"}}] * 2}, "two are named 'a'"),
        ({"bundle": {"sha256": "0" * 64}}, "bundle: no bundle with the hash 000000000000… is loaded"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_created(edited, tmp_path, change, message):
    record = study_files.record(edited)
    edited.delete()
    (tmp_path / "wrong.json").write_text(json.dumps(record | change))
    with pytest.raises(StudyFileError, match=rf"wrong\.json: .*{message}"):
        load_study(tmp_path / "wrong.json")
    assert not models.Study.objects.exists()


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("other.txt", "")
    for name, message in [
        ("missing.json", "found none"),
        ("broken.json", "expected JSON"),
        ("empty.zip", "expected study.json, found none"),
    ]:
        with pytest.raises(StudyFileError, match=rf"{name}: .*{message}"):
            load_study(tmp_path / name)


def test_a_damaged_bundle_in_a_zip_is_refused(edited, tmp_path):
    dump_study(edited, tmp_path / "good.zip")
    forget(edited)
    with zipfile.ZipFile(tmp_path / "good.zip") as good, zipfile.ZipFile(tmp_path / "bad.zip", "w") as bad:
        for name in good.namelist():
            bad.writestr(name, good.read(name) + (b"x" if name.endswith("images.csv") else b""))
    with pytest.raises(StudyFileError, match=r"bad\.zip: .*images\.csv: differs from the manifest"):
        load_study(tmp_path / "bad.zip")
    assert not models.Bundle.objects.exists()


def test_an_unknown_ending_of_the_name_is_refused(edited, tmp_path):
    with pytest.raises(StudyFileError, match=r"\.zip or \.json"):
        dump_study(edited, tmp_path / "study.tar")
