"""Placeholders of a study's texts: what pages fill in is known, and what nothing fills in is refused."""

import pytest
from django.contrib.auth.models import User

from studyapp import models, publishing
from studyapp.core.engine import fillings
from studyapp.core.engine.kinds import kinds
from studyapp.core.texts import placeholders
from studyapp.data import study_files
from studyapp.run import contents, endings, sessions
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import save, signed_in

each_kind = pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)


@each_kind
@pytest.mark.parametrize("language", ["en", "de"])
def test_default_texts_have_what_is_filled_in_alone(kind, language):
    assert fillings.problems(kind, kind.texts(language)) == {}


def test_a_placeholder_that_nothing_fills_in_is_refused_with_the_one_that_was_meant():
    found = fillings.problems(
        kinds()["forward_simulation"], {"information": "About {minuts} minutes.", "entry": "{base}"}
    )
    assert found["information"].startswith(
        "Nothing fills in {minuts}. Did you mean {minutes}? This text can have {attention_checks},"
    )
    assert "Nothing fills in {base}." in found["entry"]  # the door knows parameters and payment alone
    assert set(found) == {"information", "entry"}
    assert fillings.problems(kinds()["forward_simulation"], {"information": "A set {a, b}, {}, { minutes }"}) == {}


@pytest.mark.django_db
@each_kind
def test_pages_fill_in_all_that_their_texts_can_have(kind):
    """Each text asks for everything that it may have; nothing of it is left on any page."""
    study, can = make_draft(kind.name), fillings.known(kind)
    wanted = {key: " ".join(f"{{{name}}}" for name in names) for key, names in can.items()}
    study.texts = {key: f"{text}\n\n{wanted[key]}" for key, text in kind.texts().items()}
    publishing.publish(study)
    left, names = set(), {name for one in can.values() for name in one}
    for number in range(2):
        participant = sessions.start(study.pk, sessions.Visitor("", str(number)))
        for step in participant.plan.steps:
            page = kind.page(step["page"])
            if page.context and not page.name.startswith("verify"):  # needs an answer
                shown = contents.of_step(participant, step).context
                left |= {f"{page.name}: {name}" for name in _in(shown) & names}
        ending = endings.context(participant)["text"]
        left |= {f"ending: {name}" for name in placeholders(ending)}
    assert left == set()


def _in(value) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(_in, value.values()))
    if isinstance(value, list | tuple):
        return set().union(*map(_in, value))
    return placeholders(value) if isinstance(value, str) else set()


@pytest.mark.django_db
def test_saving_a_text_with_an_unknown_placeholder_is_refused_beside_it():
    desk, study = signed_in(User.objects.create_superuser("ada")), make_draft("forward_simulation")
    answer = save(desk, study, "texts", text__information="It takes {minuts} minutes.")
    assert "Did you mean {minutes}?" in answer.content.decode()
    study.refresh_from_db()
    assert study.texts == {}
    save(desk, study, "texts", text__information="It takes {minutes} minutes.")
    study.refresh_from_db()
    assert study.texts == {"information": "It takes {minutes} minutes."}


@pytest.mark.django_db
def test_a_study_file_and_the_checklist_refuse_it_too():
    study = make_draft("forward_simulation")
    with pytest.raises(study_files.StudyFileError, match=r"texts.entry: Nothing fills in \{minuts\}"):
        study_files.parse(study_files.record(study) | {"slug": "new", "texts": {"entry": "{minuts}"}})
    study.texts = {"entry": "{minuts}"}
    (problem,) = publishing.problems(study)
    assert problem.startswith("Text “Entry”: Nothing fills in {minuts}.")
    assert models.Study.objects.count() == 1
