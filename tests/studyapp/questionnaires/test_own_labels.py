"""A study's own labels and wordings stand wherever they are told; what was frozen before they could be goes on."""

import csv
import json
from random import Random

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from studyapp import models, publishing
from studyapp.api import tables
from studyapp.coding import passages
from studyapp.core.engine.kinds import kinds
from studyapp.core.engine.questions import wordings
from studyapp.data import exporting, study_files
from studyapp.run import sessions
from studyapp.simulation import by_functions, simulate
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import save, section_of

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]
SEVEN = [f"point {name}" for name in ("one", "two", "three", "four", "five", "six", "seven")]
LEVELS = {str(code): label for code, label in enumerate(SEVEN, start=1)}
FEWER = {"queries_per_class": {"TP": 1, "FN": 0, "FP": 0, "TN": 0}, "attention_checks": 1}


@pytest.fixture
def study():
    """A published forward simulation with seven points of confidence and wordings of its own."""
    found = make_draft("forward_simulation", slug="seven", confidence_labels=SEVEN, **FEWER)
    found.texts = {
        "trial_confidence": "How *sure* are you?\n\nOf your answer",
        "closing_learned": "What did you learn?",
    }
    found.save()
    publishing.publish(found)
    return found


def described(study, folder) -> dict[str, dict]:
    """Return the levels of each column that the export's description gives any."""
    exporting.export(study, folder, wide=True)
    text = (folder / "dataset_description.json").read_text(encoding="utf-8")
    return {entry["name"]: entry["levels"] for entry in json.loads(text)["variableMeasured"] if "levels" in entry}


def test_seven_points_are_told_as_the_studys_own_wherever_levels_are(study, tmp_path):
    (run,) = simulate(study, 1, by_functions.walk)
    levels = described(study, tmp_path / "out")
    assert levels["confidence"] == LEVELS
    assert {name for name in levels if "confidence" in name} == {
        "confidence",
        "trial01_confidence",
        "trial02_confidence",
    }
    assert levels["trial01_confidence"] == levels["attention_choice"] == LEVELS
    (column,) = [field for field in tables.fields(study, "trials") if field.name == "confidence"]
    assert {str(code): label for code, label in column.levels.items()} == LEVELS
    assert {row.answer["confidence"] for row in run.responses.all() if "confidence" in row.answer} <= set(range(1, 8))
    everything = json.dumps(levels)
    assert "extremely" not in everything
    assert "slightly" not in everything


def test_two_versions_that_differ_are_both_told(study, tmp_path):
    first = study.current.label
    study.parameters |= {"confidence_labels": ["no", "yes"]}
    study.save()
    second = publishing.publish(study).label
    levels = described(study, tmp_path / "out")["confidence"]
    assert levels["1"] == f"no ({second}); point one ({first})"
    assert levels["7"] == f"point seven ({first})"
    assert list(levels) == list("1234567")


def test_one_never_published_tells_what_it_says_now(tmp_path):
    draft = make_draft("forward_simulation", slug="draft", confidence_labels=SEVEN)
    assert described(draft, tmp_path / "out")["confidence"] == LEVELS


def test_participants_read_the_studys_words_and_points(study):
    client = Client()
    client.get(reverse("entry", args=["seven"]))
    client.post(reverse("entry", args=["seven"]))
    run = models.Participant.objects.get()
    models.Participant.objects.update(position=[step["page"] for step in run.plan.steps].index("trial"))
    page = client.get(reverse("run", args=["seven"])).content.decode()
    assert "<legend>How sure are you?</legend>" in page
    assert "Of your answer" in page
    assert all(f"<span>{label}</span>" in page for label in SEVEN)
    asked = next(step["data"]["class_name"] for step in run.plan.steps if step["page"] == "trial")
    assert f'<legend>Will the system say “<span translate="no">{asked}</span>”?</legend>' in page


def test_coders_read_how_the_study_asked(study):
    assert passages.question_of(study, "closing_learned").endswith("Asked as “What did you learn?”.")
    study.texts |= {"closing_learned": "What is new?"}
    study.save()
    publishing.publish(study)
    assert passages.question_of(study, "closing_learned").endswith("Asked as “What is new?”, “What did you learn?”.")
    desk = Client()
    desk.force_login(User.objects.create_superuser("ada"))
    overview = desk.get(reverse("admin:coding", args=[study.pk])).content.decode()
    assert "What is new?" in overview


def test_a_questions_wording_is_edited_at_the_desk_and_stands_in_the_file(study):
    desk = Client()
    desk.force_login(User.objects.create_superuser("ada"))
    assert 'name="text__trial_sensitive_to"' in desk.get(section_of(study, "texts")).content.decode()
    response = save(desk, study, "texts", text__trial_sensitive_to="What counts?")
    assert response.status_code == 302, response.context["errors"]
    study.refresh_from_db()
    assert study.texts["trial_sensitive_to"] == "What counts?"
    assert study_files.record(study)["texts"]["trial_sensitive_to"] == "What counts?"
    assert study_files.record(study)["texts"]["trial_ignores"].startswith(
        "Which features do you think the system ignores?"
    )


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"texts": {"trial_response": " "}}, "Text “trial_response” is empty; expected the words of a question."),
        (
            {"parameters": {"confidence_labels": ["sure"]}},
            "Parameter “confidence_labels”: expected at least two answers to choose from, found 1.",
        ),
    ],
)
def test_a_question_that_cannot_be_asked_keeps_a_study_from_being_published(changed, problem):
    draft = make_draft("forward_simulation", slug="draft")
    for name, value in changed.items():
        setattr(draft, name, value)
    assert publishing.problems(draft) == [problem]


def aged(study) -> None:
    """Give a published study, and its runs' plans, the shape that they had before questions were declared."""
    version, study_kind = study.current, kinds()[study.kind]
    for key in {key for page in study_kind.pages for key in wordings(page.name, page.questions)}:
        del version.definition["texts"][key]
    version.definition["parameters"].pop("difficulty_labels", None)
    models.Version.objects.filter(pk=version.pk).update(
        definition=version.definition, content_hash=publishing.content_hash(version.definition)
    )
    publishing.read_version.cache_clear()
    study.refresh_from_db()


@pytest.fixture
def forgetful():
    yield
    publishing.read_version.cache_clear()


ANSWERS = {
    "forward_simulation": {
        "eligibility": {"eligible", "unmet"},
        "consent": {"consent"},
        "screening": {"statement_1", "statement_2"},
        "trial": {"sensitive_to", "ignores", "response", "confidence"},
        "attention": {"choice"},
        "closing": {"useful_outcomes", "useful_heatmaps", "useful_scores", "learned"},
    },
    "label_matching": {"consent": {"consent"}, "group": {"group"}, "choose": {"first"}, "guess": {"response", "moves"}},
    "clustering": {
        "consent": {"consent"},
        "demographics": {"gender", "age", "computing_courses", "ai_courses"},
        "sort": {"placement", "moves"},
        "confidence": {"level"},
        "agents": {"ratings", "thoughts"},
        "closing": {"difficulty", "comments"},
    },
}


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_version_frozen_before_goes_on_and_its_answers_keep_their_shape(name, tmp_path, forgetful):
    study = make_draft(name, slug="old", **(FEWER if name == "forward_simulation" else {}))
    publishing.publish(study)
    aged(study)
    assert not publishing.edited_since(study)
    run = sessions.get(sessions.start(study.pk, None, bot="random").pk)
    for step in run.plan.steps:
        if name == "forward_simulation":
            step.pop("method", None)
        if step["page"] == "attention":
            step["data"]["labels"] = publishing.frozen(study.current)["parameters"]["confidence_labels"]
    run.plan.save()
    by_functions.finish(lambda: run, "random", Random(1))
    assert sessions.get(run.pk).status == "completed"
    for row in run.responses.all():
        page = run.plan.steps[row.position]["page"]
        assert set(row.answer) == ANSWERS[name].get(page, set()), page
    exporting.export(study, tmp_path / "out")
    with next((tmp_path / "out" / "data").glob("*table-trials*")).open(newline="", encoding="utf-8") as file:
        trials = list(csv.DictReader(file))
    factors = run.condition.factors
    expected = {factors.get("heatmap") or factors.get("method")} - {None}
    assert not expected or {row["method"] for row in trials} == expected
