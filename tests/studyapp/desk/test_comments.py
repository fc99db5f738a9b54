"""Comments on a study between its researchers: who says what, who takes it back, and who never sees it."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from studyapp import models
from studyapp.data import exporting, study_files
from tests.studyapp.conftest import walk
from tests.studyapp.researcher import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def say(study):
    """Send the comments' page in somebody's name: `say("analyst", add="", text="Why?")`."""
    people = {}

    def send(role, **fields):
        if role not in people:
            user = User.objects.create_user(role, is_staff=True)
            if role != "outsider":
                models.Member.objects.create(study=study, user=user, role=role)
            people[role] = signed_in(user)
        return people[role].post(page_of(study), fields)

    send.by = people
    return send


def page_of(study) -> str:
    return reverse("admin:study_comments", args=[study.pk])


def said(study) -> list[tuple]:
    return [(one.who, one.text, one.answers and one.answers.text) for one in study.comments.order_by("pk")]


def test_every_role_comments_answers_and_resolves_and_each_deed_is_on_record_without_its_words(study, say):
    assert say("analyst", add="", text="Is <b>13</b> enough?").status_code == 302
    first = study.comments.get()
    say("editor", add="", text="Power says 16.", answers=first.pk)
    answer = study.comments.latest("pk")
    say("owner", add="", text="Then 16.", answers=answer.pk)
    assert said(study) == [
        ("analyst", "Is <b>13</b> enough?", None),
        ("editor", "Power says 16.", "Is <b>13</b> enough?"),
        ("owner", "Then 16.", "Is <b>13</b> enough?"),
    ]
    text = say.by["analyst"].get(page_of(study)).content.decode()
    assert "Is &lt;b&gt;13&lt;/b&gt; enough?" in text
    assert text.index("Power says 16.") < text.index("Then 16.")
    assert 'Comments <span class="hw-pill">1' in text
    say("editor", resolve=first.pk)
    first.refresh_from_db()
    assert first.resolved_by == "editor"
    assert "Resolved (1)" in say.by["analyst"].get(page_of(study)).content.decode()
    say("owner", reopen=first.pk)
    assert study.comments.filter(resolved_at=None).count() == 3
    assert list(models.Change.objects.order_by("pk").values_list("who", "action", "details")) == [
        ("analyst", "Commented.", []),
        ("editor", "Answered a comment.", []),
        ("owner", "Answered a comment.", []),
        ("editor", "Resolved a comment.", []),
        ("owner", "Opened a comment again.", []),
    ]


def test_only_ones_own_comment_is_deleted_and_others_answers_stay(study, say):
    say("analyst", add="", text="Wrong of me.")
    first = study.comments.get()
    say("owner", add="", text="Not at all.", answers=first.pk)
    answer = study.comments.latest("pk")
    assert say("owner", delete=first.pk).status_code == 403
    assert say("analyst", delete=first.pk).status_code == 302
    assert said(study) == [("analyst", "", None), ("owner", "Not at all.", "")]
    assert "Deleted by its author." in say.by["owner"].get(page_of(study)).content.decode()
    say("owner", delete=answer.pk)
    say("analyst", delete=first.pk)
    assert said(study) == []


@pytest.mark.parametrize("words", ["", " \n ", "x" * 4001])
def test_an_empty_or_endless_comment_is_refused_in_words(study, say, words):
    response = say("editor", add="", text=words)
    assert response.context["form"].errors["text"][0].startswith(("This field is required", "Ensure this value has at"))
    assert say("editor", add="", text="x", answers="999").status_code == 404
    assert say("editor", resolve="x").status_code == 404
    assert say("editor", other="").status_code == 400
    assert said(study) == []


def test_a_comment_is_of_one_study_and_nobody_without_a_role_in_it_meets_it(study, say, bundle):
    say("owner", add="", text="Secret words.")
    other = models.Study.objects.create(slug="other", title="Another", kind="tiny", bundle=bundle)
    there = models.Comment.objects.create(study=other, who="x", text="There.")
    assert say("owner", resolve=there.pk).status_code == 404
    assert say("outsider", add="", text="Hello").status_code == 404
    assert say.by["outsider"].get(page_of(study)).status_code == 404
    assert said(study) == [("owner", "Secret words.", None)]


@pytest.mark.django_db(transaction=True, databases=["default", "snapshot"])
def test_no_participant_no_export_and_no_study_file_holds_a_comment(study, say, start, client, tmp_path):
    say("owner", add="", text="Secret words.")
    walk(start("anna"))
    exporting.export(study, tmp_path / "data", wide=True)
    study_files.dump_study(study, tmp_path / "study.json")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if b"Secret words" in path.read_bytes()] == []
    assert b"Secret words" not in client.get(reverse("entry", args=[study.slug])).content
