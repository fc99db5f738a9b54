"""The JSON Schema of study files is current, takes what is shipped and written, and refuses what loading refuses."""

import json
from copy import deepcopy

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator

from studyapp.core.engine.kinds import kinds
from studyapp.data import study_files
from studyapp.data.study_files import StudyFileError
from studyapp.data.study_files.schema import schema
from studyapp.management.commands.study_schema import FILE, content
from tests.studyapp.made.every_kind import make_draft

SHIPPED = sorted((settings.BASE_DIR / "fixtures" / "studies").glob("*.json"))
KINDS = sorted(kinds())
CHECK = Draft202012Validator(schema())


def bare(kind: str) -> dict:
    return {"format": "heatwise-study", "format_version": 1, "kind": kind, "slug": "one", "title": "One"}


def cell(kind: str) -> dict:
    return {"name": "only", "factors": {factor.name: factor.levels[0] for factor in kinds()[kind].factors}}


def test_it_is_a_schema_and_the_committed_one_is_current():
    Draft202012Validator.check_schema(schema())
    assert FILE.read_text(encoding="utf-8") == content(), "run: python manage.py study_schema"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_study_fits_and_names_it(path):
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (path.parent / found["$schema"]).resolve() == FILE
    assert [error.message for error in CHECK.iter_errors(found)] == []


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("name", KINDS)
def test_what_dump_study_writes_fits(name, tmp_path):
    study = make_draft(name)
    study.refresh_from_db()
    study_files.dump_study(study, tmp_path / "study.json")
    found = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
    assert [error.message for error in CHECK.iter_errors(found)] == []


WRONG = {
    "another kind": {"kind": "quiz"},
    "an unknown section": {"colour": "red"},
    "no object": {"parameters": []},
    "an unknown parameter": {"parameters": {"colour": "red"}},
    "no number": {"parameters": {"minutes": "long"}},
    "too low a number": {"parameters": {"minutes": 0}},
    "true for a number": {"parameters": {"minutes": True}},
    "a parameter of earlier versions": {"parameters": {"scale": "per_map"}},
    "an unknown field of the display": {"display": {"colour": "Reds"}},
    "another style": {"display": {"style": "best"}},
    "more than opaque": {"display": {"opacity": 1.5}},
    "true for a smoothing": {"display": {"methods": {"lrp": {"smoothing": True}}}},
    "a level in a level": {"display": {"levels": {"a": {"levels": {}}, "b": {}}}},
    "a level with a space": {"display": {"levels": {"my level": {}, "b": {"style": "map"}}}},
    "another way to vary": {"display": {"levels": {"a": {}, "b": {"style": "map"}}, "varies": "always"}},
    "an unknown text": {"texts": {"poem": "Roses"}},
    "no text": {"texts": {"entry": 1}},
    "a slug with spaces": {"slug": "my study"},
    "no title": {"title": ""},
    "less than nothing": {"payment": {"reward_base": -1}},
    "a long currency": {"payment": {"currency": "Pounds"}},
    "half a person": {"conditions": [{"name": "a", "quota": 0.5}]},
    "half a minute": {"recruitment": {"active_minutes": 0.5}},
    "true for a seed": {"seed": True},
    "an unknown factor": {"conditions": [{"name": "a", "factors": {"colour": "red"}}]},
    "an unknown level": {"conditions": [{"name": "a", "factors": {"scores": "some"}}]},
    "conditions by name": {"conditions": {}},
    "an unknown code": {"codes": {"finished": "X"}},
}


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("name", KINDS)
def test_it_takes_what_loading_takes(name):
    for right in ({}, {"$schema": "study.schema.json"}, {"conditions": [cell(name)]}, {"texts": {"entry": "Hello"}}):
        study_files.parse(deepcopy(bare(name) | right))
        assert CHECK.is_valid(bare(name) | right), right


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("what", WRONG)
def test_it_refuses_what_loading_refuses(what):
    for name in KINDS:
        found = bare(name) | deepcopy(WRONG[what])
        for one in found["conditions"] if isinstance(found.get("conditions"), list) else ():
            one["factors"] = cell(name)["factors"] | one.get("factors", {})
        with pytest.raises(StudyFileError):
            study_files.parse(deepcopy(found))
        assert not CHECK.is_valid(found)
