"""A study of any kind goes out as one file and comes back the same, whatever was written into it."""

import json
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studyapp import models, publishing
from studyapp.core.engine.kinds import Kind, Parameter, kind, kinds
from studyapp.data import study_files
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.django_db, pytest.mark.database]
# What a database can hold: no NUL, no lone surrogates.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
WORDS = TEXT.map(str.strip).filter(bool)
MONEY = st.decimals(0, 999, places=2)


def value_of(parameter: Parameter):
    """Return a strategy for values that the parameter takes."""
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    low, high = parameter.minimum, parameter.maximum
    match parameter.type:
        case "integer":
            return st.integers(int(low or 0), int(high if high is not None else 10_000))
        case "number":
            return st.floats(low or 0, high if high is not None else 1e6, allow_nan=False)
        case "boolean":
            return st.booleans()
        case "text":
            return TEXT
        case "object":
            return st.fixed_dictionaries({name: st.integers(0, 50) for name in parameter.default})
        case "list" if width := len(parameter.columns):
            return st.lists(st.lists(WORDS, min_size=width, max_size=width), max_size=4)
        case "list":
            return st.lists(WORDS, max_size=4)
    raise AssertionError(f"parameters of type {parameter.type} are never tried")


def edits(study_kind: Kind):
    """Return a strategy for all that researchers can write into a study of a kind."""
    return st.fixed_dictionaries(
        {
            "title": WORDS,
            "parameters": st.fixed_dictionaries(
                {}, optional={row.name: value_of(row) for row in study_kind.parameters}
            ),
            "texts": st.fixed_dictionaries({}, optional=dict.fromkeys(study_kind.texts(), TEXT)),
            "seed": st.integers(0, 2**31 - 1),
            "reward_base": MONEY,
            "reward_bonus": MONEY,
            "reward_partial": MONEY,
            "currency": st.sampled_from(["GBP", "EUR", "USD"]),
            "code_completed": WORDS,
            "code_withdrawn": WORDS,
            "require_id": st.booleans(),
            "active_minutes": st.integers(1, 600),
            "expire_hours": st.none() | st.integers(1, 600),
            "retention_days": st.none() | st.integers(1, 600),
            "analysis_plan": st.dictionaries(WORDS, st.integers() | TEXT | st.lists(TEXT, max_size=2), max_size=2),
        }
    )


@pytest.mark.parametrize("name", kinds())
def test_whatever_is_written_into_a_study_comes_back(name, tmp_path):
    study = make_draft(name)
    defaults, texts = kind(name).defaults(), kind(name).texts()

    @given(edits(kind(name)), st.lists(st.tuples(st.none() | st.integers(0, 99), st.booleans()), max_size=4))
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    def check(fields, cells):
        fields["parameters"] = {key: value for key, value in fields["parameters"].items() if value != defaults[key]}
        fields["texts"] = {key: text for key, text in fields["texts"].items() if text != texts[key]}
        for field, value in fields.items():
            setattr(study, field, value)
        study.save()
        study.refresh_from_db()
        for cell, (quota, is_open) in zip(study.conditions.all(), cells, strict=False):
            models.Condition.objects.filter(pk=cell.pk).update(quota=quota, open=is_open)
        before = study_files.record(study)
        with TemporaryDirectory(dir=tmp_path) as folder:
            study_files.dump_study(study, f"{folder}/study.json")
            loaded = study_files.load_study(f"{folder}/study.json", slug="copy")
        try:
            assert study_files.record(loaded) == before | {"slug": "copy"}
            assert (loaded.parameters, loaded.texts) == (study.parameters, study.texts)
        finally:
            loaded.delete()

    check()


@pytest.mark.parametrize("name", kinds())
def test_a_zip_brings_every_file_of_the_bundle_and_publishes_the_same(name, tmp_path):
    study = make_draft(name)
    before = publishing.definition(study)
    study_files.dump_study(study, tmp_path / "study.zip")
    bundle = study.bundle
    study.delete()
    bundle.delete()
    loaded = study_files.load_study(tmp_path / "study.zip")
    after = publishing.definition(loaded)
    assert json.loads(json.dumps(after)) == json.loads(json.dumps(before))
    assert publishing.problems(loaded) == []
