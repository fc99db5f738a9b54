"""The study's file on the page loads, and its conditions fill as the page says."""

import json

import pytest
from django.core.management import call_command

from studyapp import models, publishing
from studyapp.core.engine.kinds import kinds
from studyapp.data import study_files
from studyapp.run import sessions
from tests.docs.pages import DOCS, blocks, commands, write_files

pytestmark = [pytest.mark.django_db, pytest.mark.database]
PAGE = "designing_conditions.md"


@pytest.fixture
def study(settings, tmp_path):
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    (path,) = write_files(PAGE, tmp_path)
    (tmp_path / "fixtures").symlink_to(DOCS.parent / "fixtures")
    load, check = (line.split()[2:] for line in commands(PAGE))
    call_command(load[0], tmp_path / load[1], verbosity=0)
    call_command(*check)
    return models.Study.objects.get(slug=json.loads(path.read_text())["slug"])


def test_open_conditions_fill_up_to_their_quotas_and_closed_ones_stay_empty(study):
    publishing.publish(study)
    for name in ("anna", "bela", "cem", "dora"):
        sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", name))
    counts = {cell.name: cell.participants.count() for cell in study.conditions.all()}
    assert counts == {"scores": 2, "no-scores": 2, "both": 0}
    models.Participant.objects.update(status="completed")
    with pytest.raises(sessions.NotOpen, match="full"):
        sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "emil"))


def test_the_factors_on_the_page_are_those_of_the_kinds():
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    for study_kind in kinds().values():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {study_kind.title} |")]
        assert all(f"`{factor.name}`" in row for factor in study_kind.factors)


def test_the_files_format_is_todays():
    (block,) = (block for block in blocks(PAGE, "json"))
    study_files.parse(json.loads(block.text))
