"""Wording by condition in other languages: each condition reads its own words, never the translation of another's."""

from random import Random

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string

from studyapp import models, publishing
from studyapp.run import sessions, showing
from studyapp.simulation.answering import answer
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.run.test_further_languages import FEW, SCALE, into

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study(db):
    found = make_draft("forward_simulation", slug="words", **FEW)
    found.questionnaires, found.translations = [SCALE], {"fr": {}}
    return found


def varied(study: models.Study, *variants: tuple[dict, str]) -> None:
    """Give a study other words of its questionnaire's introduction, each where its conditions hold, and publish it."""
    study.variants = [
        {
            "conditions": where,
            "questionnaires": {"trust": {"intro": intro, "items": {"t1": {"labels": ["No!", "Yes!"]}}}},
        }
        for where, intro in variants
    ]
    study.save()
    publishing.publish(study)


def intro_in(study: models.Study, language: str, **factors: str) -> str:
    """Return the questionnaire's page as a run in that language and condition reads it."""
    cell = next(one for one in study.conditions.all() if factors.items() <= one.factors.items())
    run = sessions.get(sessions.start_preview(publishing.freeze(study, draft=True), cell, language=language).pk)
    while (step := showing.step_of(run)[2])["page"] != "trust":
        data = QueryDict(mutable=True)
        for name, value in answer(run, "oracle", Random(1)):
            data.appendlist(name, value)
        token = sessions.token(run, run.position)
        sessions.submit(run.pk, token, lambda who, step, data=data: showing.validate(data, who, step), {})
        run = sessions.get(run.pk)
    with showing.speaking_as(run):
        _, page, step = showing.step_of(run)
        form = showing.form_of(page, step, run)
        return render_to_string(page.template, showing.step_context(run) | {"form": form})


def test_each_condition_reads_its_own_wording_in_every_language(study):
    lrp, shown, bare = (
        {"heatmap": "lrp"},
        {"heatmap": "none", "scores": "shown"},
        {"heatmap": "none", "scores": "hidden"},
    )
    varied(study, (lrp, "Think of the maps."), (shown, "Think of the scores."))
    study.translations["fr"] |= publishing.accepted(study, into(study, "fr"))["fr"]
    study.save()
    for where, intro in ((lrp, "THINK OF THE MAPS."), (shown, "THINK OF THE SCORES."), (bare, "THINK OF ")):
        page = intro_in(study, "fr", **where)
        assert intro in page
        assert ("NO!" in page) is (where is not bare)
        assert not any(other in page for other in {"THINK OF THE MAPS.", "THINK OF THE SCORES."} - {intro})


def test_a_condition_never_reads_the_translation_of_anothers_wording(study):
    lrp, none = {"heatmap": "lrp"}, {"heatmap": "none"}
    varied(study, (lrp, "Think of the maps."))
    study.translations["fr"] |= publishing.accepted(study, into(study, "fr"))["fr"]
    varied(study, (none, "There were none."), (lrp, "Think of the maps."))  # it comes before what was translated
    assert "THINK OF THE MAPS." in intro_in(study, "fr", **lrp)
    page = intro_in(study, "fr", **none)
    assert "There were none." in page
    assert "MAPS" not in page
    varied(study, (none, "There were none."))
    assert "MAPS" not in intro_in(study, "fr", **none)
