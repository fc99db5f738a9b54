"""Coding of free text: blind, in random order, saved at once, taken back, resolved; and nothing outlives its answer."""

import json

import pytest
from django import forms
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.sql import compiler
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from studyapp import models, publishing
from studyapp.coding import codebook, passages, readings, results
from studyapp.core.engine.kinds import kinds, load
from studyapp.run import sessions
from studyapp.simulation import by_functions, simulate
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
COLUMN = "sensitive_to"


@pytest.fixture
def study():
    """A forward simulation that three people have finished; all their texts are gathered."""
    study = make_draft("forward_simulation", slug="scenes")
    publishing.publish(study)
    list(simulate(study, 3, by_functions.walk))
    models.Participant.objects.update(bot="")
    passages.gather(study)
    return study


@pytest.fixture
def ears(study):
    return models.Code.objects.create(study=study, name="ears", kind="saliency_feature", key="1")


@pytest.fixture
def light(study):
    return models.Code.objects.create(study=study, name="light", kind="general_attribute", key="2")


def person(name, study, role="analyst") -> User:
    user = User.objects.create_user(name, is_staff=True)
    models.Member.objects.create(user=user, study=study, role=role)
    return user


@pytest.fixture
def anna(study):
    return person("anna", study)


@pytest.fixture
def ben(study):
    return person("ben", study)


@pytest.mark.parametrize("name", sorted(kinds()))
def test_whatever_a_kind_lets_people_type_can_be_coded_but_for_what_is_declared_not_to_be(name):
    study = make_draft(name, slug="scenes")
    publishing.publish(study)
    (run,) = simulate(study, 1, by_functions.walk)
    definition, typed = publishing.frozen(study.current), set()
    for step in run.plan.steps:
        page = kinds()[name].page(step["page"])
        fields = load(page.form)(step=step, definition=definition).fields if page.form else {}
        own = "" if page.trial else f"{page.name}_"
        asked = {key for key, field in fields.items() if isinstance(field.widget, forms.Textarea)}
        left = tuple(one.name for one in page.questions if not getattr(one, "coded", True))
        several = {f"{one.name}_{number}": one.name for one in page.questions for number in range(1, 9)}
        typed |= {f"{own}{several.get(key, key)}" for key in asked if not key.startswith(left)}
    assert set(passages.free_fields(study)) == typed
    always = typed - {"agents_thoughts"}  # of which bots write now and then
    assert passages.gather(study) >= len(always)
    anna = person("anna", study)
    for column in typed:
        assert browser(anna).get(reverse("admin:coding_read", args=[study.pk, column])).status_code == 200


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client, study, what, body, column=COLUMN):
    address = reverse(f"admin:coding_{what}", args=[study.pk, column])
    return client.post(address, json.dumps(body), content_type="application/json")


def first(study, n=1):
    return list(passages.passages(study, COLUMN).select_related("response")[:n])


def forget_passages() -> None:
    """Let all answers be new to whoever gathers."""
    models.Passage.objects.all().delete()
    models.Gathering.objects.all().delete()


# What there is to read


def test_every_text_in_peoples_own_words_becomes_a_passage_once(study):
    columns = passages.free_fields(study)
    assert set(columns) == {"sensitive_to", "ignores", "closing_learned"}
    for name, (page, field) in columns.items():
        texts = [
            row.answer[field.name]
            for row in models.Response.objects.all()
            if row.participant.plan.steps[row.position]["page"] == page.name and row.answer.get(field.name)
        ]
        found = [passages.text_of(row, columns) for row in passages.passages(study, name).select_related("response")]
        assert sorted(found) == sorted(texts)
    assert passages.gather(study) == 0


def test_an_empty_answer_is_not_to_be_read(study):
    forget_passages()
    response = models.Response.objects.filter(answer__has_key=COLUMN).first()
    response.answer[COLUMN] = ""
    response.save()
    passages.gather(study)
    assert not response.passages.filter(field=COLUMN).exists()


def test_previews_are_never_read_and_bots_only_while_there_is_nobody_else(study):
    assert not passages.simulated(study)
    list(simulate(study, 1, by_functions.walk))
    before = passages.passages(study, COLUMN).count()
    passages.gather(study)
    assert passages.passages(study, COLUMN).count() == before
    models.Participant.objects.update(bot="oracle")
    assert passages.simulated(study)
    assert passages.passages(study, COLUMN).count() == before + 14
    forget_passages()
    models.Participant.objects.update(preview=True)
    assert passages.gather(study) == 0


def test_the_order_is_the_same_for_all_and_not_that_of_the_answers(study, anna, ben):
    order = [row.response_id for row in passages.unread(study, COLUMN, anna)]
    assert order == [row.response_id for row in passages.unread(study, COLUMN, ben)]
    assert order != sorted(order)


def test_a_coder_is_told_nothing_of_person_condition_or_score(study, anna, ears):
    state = readings.state(study, COLUMN, anna)
    assert set(state["passage"]) == {"id", "text", "question", "about"}
    page = browser(anna).get(reverse("admin:coding_read", args=[study.pk, COLUMN]))
    told = json.dumps(page.context["start"])
    for run in models.Participant.objects.all():
        for secret in (run.code, run.condition.name):
            assert secret not in told
            assert secret not in page.content.decode()
    for scored in ("correct", "outcome", "model_answer", "score"):
        assert scored not in state["passage"]


# Coding


def test_what_is_chosen_is_saved_at_once_and_done_leads_on(study, anna, ears, light):
    client, one = browser(anna), first(study)[0]
    answer = post(client, study, "save", {"passage": one.pk, "codes": [ears.pk], "done": False})
    assert answer.json() == {"saved": one.pk}
    assert readings.state(study, COLUMN, anna)["chosen"] == [ears.pk]
    following = post(client, study, "save", {"passage": one.pk, "codes": [light.pk], "done": True}).json()
    assert following["passage"]["id"] == first(study, 2)[1].pk
    assert (following["done"], following["chosen"]) == (1, [])
    assert [code.name for code in models.Reading.objects.get().codes.all()] == ["light"]


def test_going_back_opens_the_last_passage_with_its_codes(study, anna, ears):
    client, (one, two) = browser(anna), first(study, 2)
    for passage in (one, two):
        post(client, study, "save", {"passage": passage.pk, "codes": [ears.pk], "done": True})
    back = post(client, study, "back", {}).json()
    assert (back["passage"]["id"], back["chosen"], back["done"]) == (two.pk, [ears.pk], 1)
    assert post(client, study, "back", {}).json()["passage"]["id"] == one.pk
    assert post(client, study, "back", {}).json()["passage"]["id"] == one.pk  # nothing is before the first


def test_codes_of_another_codebook_are_left_out(study, anna, ears):
    other = models.Study.objects.create(slug="other", title="Other", kind="forward_simulation")
    foreign = models.Code.objects.create(study=other, name="wings")
    reading = readings.save(study, first(study)[0].pk, anna, [ears.pk, foreign.pk], done=True)
    assert list(reading.codes.all()) == [ears]


@pytest.mark.parametrize(
    "body", ["no json", {}, {"passage": "x", "codes": [], "done": True}, {"passage": 1, "codes": 2}]
)
def test_a_wrong_request_is_refused_in_words(study, anna, body):
    assert post(browser(anna), study, "save", body).status_code == 400


def test_suggestions_come_from_the_coders_own_readings_alone(study, anna, ben, ears):
    one, two = first(study, 2)
    for passage in (one, two):
        passage.response.answer[COLUMN] = "something pointy"
        passage.response.save()
    readings.save(study, one.pk, anna, [ears.pk], done=True)
    assert readings.state(study, COLUMN, anna)["suggested"] == []  # one of one: no more often than texts in general
    others = passages.unread(study, COLUMN, anna).exclude(pk=two.pk)[:4]
    for passage in others:
        readings.save(study, passage.pk, anna, [], done=True)
    assert readings.state(study, COLUMN, anna, two)["suggested"] == [ears.pk]
    assert readings.state(study, COLUMN, ben, two)["suggested"] == []


def test_whoever_is_erased_leaves_no_passage_and_no_reading(study, anna, ears):
    one = first(study)[0]
    readings.save(study, one.pk, anna, [ears.pk], done=True)
    run = one.response.participant
    sessions.erase(run.pk)
    assert not models.Passage.objects.filter(response__participant=run).exists()
    assert not models.Reading.objects.exists()
    answer = post(browser(anna), study, "save", {"passage": one.pk, "codes": [ears.pk], "done": True})
    assert answer.status_code == 410
    assert answer.json()["passage"]["id"] != one.pk


# Codebook


def test_codes_get_free_keys_and_no_two_the_same(study, anna, ears):
    client = browser(anna)
    assert codebook.free_key(study) == "2"
    address = reverse("admin:coding_add_code", args=[study.pk])
    taken = client.post(address, {"name": "tail", "kind": "saliency_feature", "key": "1"})
    assert "This key gives “ears” already." in taken.content.decode()
    twice = client.post(address, {"name": " ears ", "kind": "saliency_feature"})
    assert "The codebook has a code of this name" in twice.content.decode()
    reserved = client.post(address, {"name": "tail", "kind": "saliency_feature", "key": "U"})
    assert "other than n, s and u" in reserved.content.decode()
    client.post(address, {"name": "tail", "kind": "saliency_feature", "key": "T"})
    assert study.codes.get(name="tail").key == "t"


def test_the_coding_page_adds_a_code_without_leaving(study, anna):
    address = reverse("admin:coding_add_code", args=[study.pk])
    new = {"name": "whiskers", "kind": "saliency_feature"}
    answer = browser(anna).post(address, new, headers={"Accept": "application/json"}).json()
    assert [(code["name"], code["key"]) for code in answer["codes"]] == [("whiskers", "1")]
    again = browser(anna).post(address, new, headers={"Accept": "application/json"})
    assert (again.status_code, list(again.json()["errors"])) == (422, ["name"])


def test_merging_gives_the_other_code_and_loses_nothing(study, anna, ears, light):
    one, two = first(study, 2)
    readings.save(study, one.pk, anna, [ears.pk], done=True)
    readings.save(study, two.pk, anna, [ears.pk, light.pk], done=True)
    address = reverse("admin:coding_edit_code", args=[study.pk, ears.pk])
    assert browser(anna).post(address, {"delete": ""}).status_code == 403
    browser(anna).post(address, {"merge": "", "into": light.pk})
    assert [[code.name for code in row.codes.all()] for row in models.Reading.objects.all()] == [["light"], ["light"]]
    assert list(study.codes.all()) == [light]
    assert models.Change.objects.first().action == "Merged the code “ears” into “light”."


def test_an_unused_code_is_deleted_and_a_used_one_renamed(study, anna, ears, light):
    readings.save(study, first(study)[0].pk, anna, [ears.pk], done=True)
    browser(anna).post(reverse("admin:coding_edit_code", args=[study.pk, light.pk]), {"delete": ""})
    changed = {"save": "", "name": "the ears", "kind": ears.kind, "key": "1", "description": "outer ear"}
    browser(anna).post(reverse("admin:coding_edit_code", args=[study.pk, ears.pk]), changed)
    assert [(code.name, code.description) for code in study.codes.all()] == [("the ears", "outer ear")]
    assert models.Change.objects.first().action == "Renamed “ears” “the ears”."


# Agreement, disagreement


@pytest.fixture
def differing(study, anna, ben, ears, light):
    """Four passages read by both; they differ on the last."""
    found = first(study, 4)
    for passage, by_anna, by_ben in zip(
        found, ([ears], [], [ears], [ears]), ([ears], [], [ears], [light]), strict=True
    ):
        readings.save(study, passage.pk, anna, [code.pk for code in by_anna], done=True)
        readings.save(study, passage.pk, ben, [code.pk for code in by_ben], done=True)
    return found[-1]


def test_agreement_is_computed_from_what_both_have_finished(study, differing, anna, ears):
    readings.save(study, first(study, 5)[-1].pk, anna, [ears.pk], done=True)
    readings.save(study, first(study, 6)[-1].pk, anna, [ears.pk], done=False)
    found = results.agreement(study, results.read(study, COLUMN))
    assert (found["coders"], found["n_passages"], found["n_double"]) == (["anna", "ben"], 5, 4)
    by_code = {row["code"]: row for row in found["codes"]}
    # ears: anna 1 0 1 1, ben 1 0 1 0: observed 3/4, expected 1/2
    assert by_code["ears"]["pairs"] == [{"coders": "anna – ben", "kappa": pytest.approx(0.5)}]
    assert by_code["ears"]["n"] == 6
    assert by_code["light"]["pairs"][0]["kappa"] == pytest.approx(0.0)


def disputed(study) -> list[int]:
    return results.disagreements(study, COLUMN, results.read(study, COLUMN))


def test_the_overview_shows_agreement_and_everybodys_progress(study, differing, anna):
    text = browser(anna).get(reverse("admin:coding", args=[study.pk])).content.decode()
    for shown in ("4 of 42 read by you", "anna 4 · ben 4", "0.50", "Resolve 1 answer where coders differ"):
        assert shown in text
    part = browser(anna).get(reverse("admin:coding_agreement", args=[study.pk, COLUMN])).content.decode()
    assert "0.50" in part
    assert "<html" not in part


def test_a_resolution_stands_until_a_coder_changes_their_mind(study, differing, anna, ben, ears, light):
    assert disputed(study) == [differing.pk]
    address = reverse("admin:coding_resolve", args=[study.pk, COLUMN])
    page = browser(ben).get(address).content.decode()
    assert "anna" in page
    assert "Take ben's" in page
    browser(ben).post(address, {"passage": differing.pk, "codes": [ears.pk, light.pk]})
    assert disputed(study) == []
    assert {code.name for code in models.Resolution.objects.get().codes.all()} == {"ears", "light"}
    assert [row.codes.count() for row in differing.readings.order_by("pk")] == [1, 1]
    readings.save(study, differing.pk, anna, [], done=True)
    assert disputed(study) == [differing.pk]


def test_where_two_differ_nothing_is_ticked_and_of_three_what_most_gave(study, differing, anna, ben, ears, light):
    address = reverse("admin:coding_resolve", args=[study.pk, COLUMN])
    (shown,) = browser(ben).get(address).context["found"]
    assert shown["proposed"] == set()
    carl = User.objects.create_superuser("carl")
    readings.save(study, differing.pk, carl, [ears.pk], done=True)
    given = [{code.pk for code in reading.codes.all()} for reading in differing.readings.all()]
    (shown,) = browser(ben).get(address).context["found"]
    assert shown["proposed"] == {code for code in (ears.pk, light.pk) if sum(code in codes for codes in given) > 1}
    assert shown["proposed"]


def test_nothing_is_resolved_unless_somebody_decided(study, differing, ben, ears):
    address = reverse("admin:coding_resolve", args=[study.pk, COLUMN])
    for undecided in ({}, {"codes": [ears.pk], "nothing": "on"}):
        page = browser(ben).post(address, {"passage": differing.pk} | undecided, follow=True)
        assert "Nothing was resolved" in page.content.decode()
        assert not models.Resolution.objects.exists()
    browser(ben).post(address, {"passage": differing.pk, "nothing": "on"})
    assert not models.Resolution.objects.get().codes.exists()
    assert disputed(study) == []


def test_rows_are_one_per_code_and_an_empty_one_where_nothing_was_found(study, differing, ben, ears):
    readings.resolve(study, differing.pk, ben, [ears.pk])
    rows = list(results.rows(study))
    assert len(rows) == 9
    empty = [row for row in rows if "code" not in row]
    assert {row["coder"] for row in empty} == {"anna", "ben"}
    response = differing.response
    assert [row for row in rows if row["stage"] == "resolved"] == [
        {
            "participant": response.participant.code,
            "trial_index": response.participant.plan.steps[response.position]["trial_index"],
            "step_index": response.position,
            "class_name": response.scores["class_name"],
            "field": COLUMN,
            "coder": "",
            "stage": "resolved",
            "code": "ears",
            "kind": "saliency_feature",
        }
    ]


# Who may


def test_only_those_with_a_role_code_and_a_wrong_column_is_not_found(study, anna):
    stranger = User.objects.create_user("eve", is_staff=True)
    for name, arguments in (("coding", []), ("coding_read", [COLUMN]), ("coding_resolve", [COLUMN])):
        address = reverse(f"admin:{name}", args=[study.pk, *arguments])
        assert browser(stranger).get(address).status_code == 404
        assert browser(anna).get(address).status_code == 200
        assert Client().get(address).status_code == 302
    assert browser(anna).get(reverse("admin:coding_read", args=[study.pk, "response"])).status_code == 404
    assert post(browser(stranger), study, "save", {}).status_code == 404


def test_a_kind_without_free_text_says_so(tiny_kind, db, anna):
    tiny = models.Study.objects.create(slug="tiny", title="Tiny", kind="tiny")
    models.Member.objects.create(user=anna, study=tiny, role="analyst")
    text = browser(anna).get(reverse("admin:coding", args=[tiny.pk])).content.decode()
    assert "there is nothing to code" in text


def test_words_on_several_things_are_one_passage_and_none_where_nothing_was_written():
    study = make_draft("clustering", slug="boards")
    publishing.publish(study)
    first, second = simulate(study, 2, by_functions.walk)
    for run, words in ((first, {"1-Heatmap": "Clear.", "XNN": "Odd."}), (second, {})):
        row = next(row for row in run.responses.all() if "thoughts" in row.answer)
        row.answer["thoughts"] = words
        row.save()
    passages.gather(study)
    (found,) = study.passages.filter(field="agents_thoughts").select_related("response")
    assert passages.text_of(found, passages.free_fields(study)) == "1-Heatmap: Clear.\n\nXNN: Odd."


def test_what_the_pages_ask_and_fetch_does_not_grow_with_the_number_of_runs(study, differing, ben, monkeypatch):
    fetched, iterate = [], compiler.cursor_iter

    def counted(*arguments):
        for rows in iterate(*arguments):
            fetched.append(len(rows))
            yield rows

    def asked(name: str, *more) -> tuple[int, int]:
        client.get(address := reverse(f"admin:{name}", args=[study.pk, *more]))  # what is new is gathered
        fetched.clear()
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries), sum(fetched)

    client = browser(ben)
    pages = [("coding",), ("coding_read", COLUMN), ("coding_resolve", COLUMN), ("coding_agreement", COLUMN)]
    monkeypatch.setattr(compiler, "cursor_iter", counted)
    before = [asked(*page) for page in pages]
    list(simulate(study, 9, by_functions.walk))
    models.Participant.objects.update(bot="")
    assert [asked(*page) for page in pages] == before
    assert passages.passages(study, COLUMN).count() == 12 * 14
