"""The participants' pages by HTTP: who gets in, who comes back, and what they are shown."""

import json
from pathlib import Path

import pytest
from django.test import Client

from studyapp import models
from studyapp.bundles import stimuli
from studyapp.core.engine import flow
from studyapp.core.storable import DEEPEST
from studyapp.run import contents, sessions, showing, visitors
from studyapp.run.keeping import Kept
from tests.studyapp.conftest import submit, walk
from tests.studyapp.made.tiny import PROLIFIC

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def enter(study):
    """Open a link in a new browser and click: `client, run = enter(link)`."""

    def enter(link=PROLIFIC):
        client = Client()
        client.get(link)
        client.post(link)
        return client, visitors_run(client)

    return enter


def visitors_run(client):
    page = client.get("/s/tiny/run/")
    ticket = client.cookies["heatwise-run-tiny"].value.split(":")[0].split(".")[0].removesuffix("*")
    return page.context and models.Participant.objects.filter(ticket=ticket).first()


def answer(client, run, value, position=None):
    position = sessions.get(run.pk).position if position is None else position
    form = {"token": sessions.token(run, position), "agree" if position == 0 else "number": value}
    return client.post("/s/tiny/run/", form, headers={"Accept": "application/json"})


def test_looking_at_the_entry_page_starts_nothing(study):
    page = Client().get(PROLIFIC)
    assert page.status_code == 200
    assert not models.Participant.objects.exists()


def test_a_click_starts_a_run_with_the_recruiters_three_parameters(enter):
    _, run = enter()
    identity = models.Identity.objects.get(participant=run)
    assert (identity.source, identity.external_id) == ("PROLIFIC_PID", "5f1")
    assert identity.details == {"STUDY_ID": "s1", "SESSION_ID": "x1"}


def test_the_same_recruitment_id_comes_back_to_the_same_step_on_another_device(enter):
    client, run = enter()
    answer(client, run, "yes")
    other, same = enter()
    assert same == run
    assert b"Page 2 of" in other.get("/s/tiny/run/").content


def test_an_open_link_remembers_its_browser(enter):
    client, run = enter("/s/tiny/")
    client.post("/s/tiny/")
    assert visitors_run(client) == run
    assert enter("/s/tiny/")[1] != run


def test_a_browser_without_cookies_is_told_so(study):
    page = Client().post("/s/tiny/")
    assert page.status_code == 400
    assert not models.Participant.objects.exists()


def test_a_personal_link_is_one_persons_and_carries_the_group(study, enter):
    invitation = models.Invitation.objects.create(study=study, group="expert")
    _, run = enter(f"/s/tiny/?link={invitation.token}")
    assert run.group == "expert"
    assert enter(f"/s/tiny/?link={invitation.token}")[1] == run


def test_an_unknown_personal_link_is_refused(study):
    assert Client().get("/s/tiny/?link=nobody").status_code == 403


def test_a_study_that_wants_an_id_refuses_a_link_without(study):
    study.require_id = True
    study.save()
    assert Client().get("/s/tiny/").status_code == 403
    assert Client().get(PROLIFIC).status_code == 200


@pytest.mark.parametrize("status", ["draft", "paused", "closed"])
def test_a_study_that_is_not_open_takes_nobody_new_but_keeps_those_under_way(study, enter, status):
    client, run = enter()
    models.Study.objects.update(status=status)
    assert Client().get("/s/tiny/?PROLIFIC_PID=new").status_code == 403
    assert Client().post("/s/tiny/?PROLIFIC_PID=new").status_code == 403
    assert answer(client, run, "yes").json()["status"] == "accepted"


def test_a_full_study_says_so(study, enter):
    study.conditions.update(quota=1)
    for name in "ab":
        answer(*enter(f"/s/tiny/?PROLIFIC_PID={name}"), "yes")
    assert Client().post("/s/tiny/?PROLIFIC_PID=c").status_code == 403
    assert models.Participant.objects.count() == 2


def test_an_id_full_of_hostile_text_is_only_an_id(enter):
    hostile = "<script>alert(1)</script>'; DROP TABLE --"
    client, run = enter(f"/s/tiny/?PROLIFIC_PID={hostile}")
    assert models.Identity.objects.get(participant=run).external_id == hostile
    assert b"<script>alert" not in client.get("/s/tiny/run/").content


@pytest.mark.parametrize("query", ["PROLIFIC_PID=a%00b", "PROLIFIC_PID=a&x%00=y%00", "group=a%00b&PROLIFIC_PID=a"])
def test_null_characters_in_a_link_are_replaced(enter, query):
    _, run = enter(f"/s/tiny/?{query}")
    identity = models.Identity.objects.get(participant=run)
    assert "\0" not in f"{identity.external_id} {identity.details} {run.group}"
    assert enter(f"/s/tiny/?{query}")[1] == run
    assert Client().get("/s/tiny/?link=%00").status_code == 403


def test_pages_are_never_stored_by_the_browser(enter):
    client, _ = enter()
    for address in ("", "run/", "run/state/", "run/guide/", "run/leave/"):
        assert "no-store" in client.get(f"/s/tiny/{address}")["Cache-Control"], address


def test_a_forged_cookie_is_nobody(enter):
    _, run = enter()
    stranger = Client()
    stranger.cookies["heatwise-run-tiny"] = run.ticket
    assert stranger.get("/s/tiny/run/").status_code == 302
    assert stranger.get("/s/tiny/run/state/").status_code == 404
    assert answer(stranger, run, "yes").status_code == 302
    assert not models.Response.objects.exists()


def test_a_cookie_of_one_study_opens_no_other(study, enter, bundle):
    client, _ = enter()
    other = models.Study.objects.create(slug="other", title="Other", kind="tiny", bundle=bundle)
    client.cookies["heatwise-run-other"] = client.cookies["heatwise-run-tiny"].value
    assert client.get("/s/other/run/").status_code == 302
    assert other.participants.count() == 0


def test_nobody_else_answers_records_or_ends_a_run(enter):
    _, anna = enter("/s/tiny/?PROLIFIC_PID=anna")
    hers = sessions.token(anna, 0)
    batch = json.dumps({"token": hers, "events": [{"name": "hover", "t_ms": 1}]})
    for client in (Client(), enter("/s/tiny/?PROLIFIC_PID=ben")[0]):
        client.post("/s/tiny/run/", {"token": hers, "agree": "yes"})
        client.post("/s/tiny/run/events/", batch, content_type="application/json")
        client.post("/s/tiny/run/leave/", {"choice": "erase"})
        client.post("/s/tiny/run/", {"token": hers, "agree": "yes"})
    assert sessions.get(anna.pk).status == flow.ACTIVE
    assert list(anna.events.values_list("name", flat=True)) == ["started"]
    assert not models.Response.objects.exists()


def test_an_answer_without_scripts_moves_on_too(enter):
    client, run = enter()
    form = {"token": sessions.token(run, 0), "agree": "yes"}
    assert client.post("/s/tiny/run/", form)["Location"] == f"/s/tiny/run/?of={sessions.browser_key(run)}"
    refused = client.post("/s/tiny/run/", {"token": sessions.token(run, 1), "number": ""})
    assert refused.status_code == 422
    assert b"required" in refused.content


def test_a_csrf_token_is_wanted_and_the_state_gives_a_fresh_one(enter):
    client, run = enter()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    form = {"token": sessions.token(run, 0), "agree": "yes"}
    assert strict.post("/s/tiny/run/", form).status_code == 403
    fresh = strict.get("/s/tiny/run/state/").json()
    assert fresh["token"] == form["token"]
    accepted = strict.post(
        "/s/tiny/run/", form | {"csrfmiddlewaretoken": fresh["csrf"]}, headers={"Accept": "application/json"}
    )
    assert accepted.json()["status"] == "accepted"


DEEP = "[" * 90_000 + "]" * 90_000


@pytest.mark.parametrize("timing", ["", "not json", "[]", '{"rt_ms": "x"}', '{"rt_ms": 1e400}', "null", DEEP])
def test_a_damaged_time_never_costs_the_answer(enter, timing):
    client, run = enter()
    form = {"token": sessions.token(run, 0), "agree": "yes", "timing": timing}
    assert client.post("/s/tiny/run/", form, headers={"Accept": "application/json"}).json()["status"] == "accepted"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"token": 1, "events": [3]}', b"\xff", b'{"events": []}', DEEP.encode()]
)
def test_damaged_events_are_refused_in_words(enter, body):
    client, _ = enter()
    assert client.post("/s/tiny/run/events/", body, content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    "sent_as", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/plain", ""]
)
def test_events_that_are_sent_as_a_form_are_refused(enter, sent_as):
    client, _ = enter()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    token = strict.get("/s/tiny/run/state/").json()["csrf"]
    sent = strict.post("/s/tiny/run/events/", "a=b", content_type=sent_as, headers={"X-CSRFToken": token})
    assert sent.status_code == 400


def test_events_are_taken(enter):
    client, run = enter()
    batch = {"token": sessions.token(run, 0), "events": [{"name": "hover", "t_ms": 3.5, "input_mode": "mouse"}]}
    assert client.post("/s/tiny/run/events/", json.dumps(batch), content_type="application/json").status_code == 204
    assert run.events.get(name="hover").t_ms == 3.5


@pytest.mark.parametrize("depth", [40, 400, 700])  # what nests deeper than Python reads is refused, as DEEP is above
def test_events_nested_however_deep_are_stored_cut_and_can_be_read_again(enter, admin_client, depth):
    client, run = enter()
    nested = "[" * depth + "]" * depth
    body = (
        f'{{"token": "{sessions.token(run, 0)}", "events": [{{"name": "odd", "t_ms": 1, "data": {{"a": {nested}}}}}]}}'
    )
    assert client.post("/s/tiny/run/events/", body, content_type="application/json").status_code == 204
    kept = json.dumps(run.events.get(name="odd").data)
    assert kept.count("[") == min(depth, DEEPEST - 1)
    assert admin_client.get(f"/admin/studyapp/participant/{run.pk}/replay/0/").status_code == 200


def test_a_token_that_no_page_ever_held_is_taken_for_none(enter):
    client, run = enter()
    for token in ("0-\ud800", "0-é", "²-", "9" * 5000, ""):
        batch = {"token": token, "events": [{"name": "hover", "t_ms": 1}]}
        sent = client.post("/s/tiny/run/events/", json.dumps(batch), content_type="application/json")
        assert (sent.status_code, sent.json()) == (409, {"status": "foreign"})
    assert not run.events.filter(name="hover").exists()


def ending(client, run):
    page = client.get("/s/tiny/run/")
    assert sessions.get(run.pk).status != flow.ACTIVE
    return page.content.decode()


def test_each_outcome_has_its_own_code(study, enter):
    codes = {"completed": "C-DONE", "screened_out": "C-OUT", "no_consent": "C-NO", "withdrawn": "C-PART"}
    models.Study.objects.update(
        return_url="https://example.org/?cc={code}", **{f"code_{name}": code for name, code in codes.items()}
    )
    ends = {}
    client, run = enter("/s/tiny/?PROLIFIC_PID=a")
    walk(run)
    ends["completed"] = ending(client, run)
    client, run = enter("/s/tiny/?PROLIFIC_PID=b")
    walk(run, upto=1)
    submit(run, 7)
    submit(run, 7)
    ends["screened_out"] = ending(client, run)
    client, run = enter("/s/tiny/?PROLIFIC_PID=c")
    answer(client, run, "no")
    ends["no_consent"] = ending(client, run)
    client, run = enter("/s/tiny/?PROLIFIC_PID=d")
    client.post("/s/tiny/run/leave/", {"choice": "keep"})
    ends["withdrawn"] = ending(client, run)
    for name, html in ends.items():
        assert [other for other, code in codes.items() if code in html] == [name]
        assert f"https://example.org/?cc={codes[name]}" in html


def test_no_code_is_shown_while_the_run_goes_on(study, enter):
    models.Study.objects.update(code_completed="C-DONE")
    client, run = enter()
    while sessions.get(run.pk).status == flow.ACTIVE:
        assert b"C-DONE" not in client.get("/s/tiny/run/").content
        walk(run, upto=sessions.get(run.pk).position + 1) if run.position else walk(run, upto=1)
        run = sessions.get(run.pk)
    assert b"C-DONE" in client.get("/s/tiny/run/").content


def test_leaving_wants_a_choice_and_happens_once(enter):
    client, run = enter()
    walk(run, upto=5)
    assert client.post("/s/tiny/run/leave/", {"choice": "maybe"}).status_code == 200
    assert sessions.get(run.pk).status == flow.ACTIVE
    client.post("/s/tiny/run/leave/", {"choice": "keep"})
    client.post("/s/tiny/run/leave/", {"choice": "erase"})
    assert sessions.get(run.pk).status == flow.WITHDRAWN
    assert run.responses.count() == 4


def test_a_bot_walks_in_only_by_a_link_the_server_signed(study):
    client = Client()
    client.post(f"/s/tiny/?bot={visitors.bot_link('oracle')}")
    assert models.Participant.objects.get().bot == "oracle"
    stranger = Client()
    stranger.get("/s/tiny/?bot=oracle")
    stranger.post("/s/tiny/?bot=oracle")
    assert models.Participant.objects.filter(bot="").count() == 1


def test_bots_take_no_persons_place(study, enter):
    study.conditions.update(quota=1)
    for _ in range(2):
        Client().post(f"/s/tiny/?bot={visitors.bot_link('random')}")
    assert models.Participant.objects.filter(bot="random").count() == 2
    assert {enter(f"/s/tiny/?PROLIFIC_PID={name}")[1].condition.name for name in "ab"} == {"small", "large"}


def test_stimuli_are_served_for_good_and_nothing_else_is(study, enter):
    client, run = enter()
    walk(run, upto=3)
    address = client.get("/s/tiny/run/").context["stimulus"]["url"]
    response = client.get(address)
    assert b"".join(response.streaming_content)
    assert "immutable" in response["Cache-Control"]
    long, climbing = [f"/stimuli/aa/{'a' * 300}", f"/stimuli/{'a' * 300}/a"], "/stimuli/aa/..%2f..%2fsecret_key"
    for bad in ("/stimuli/aa/none.webp", climbing, "/stimuli/../secret_key", "/stimuli/aa/..", "/stimuli/a/%00", *long):
        assert client.get(bad).status_code == 404


def test_a_pictures_address_names_nothing_and_cannot_be_worked_out_from_the_bundle(study):
    (name, *_) = [image["file"] for image in stimuli.reader(study.bundle).images.values()]
    here = stimuli.stimulus_url(study.bundle, name)
    assert Path(name).stem not in here
    study.bundle.salt = "another server's"
    assert stimuli.stimulus_url(study.bundle, name) != here


def test_the_next_steps_images_are_announced_and_only_those(enter):
    client, run = enter()
    walk(run, upto=4)
    page = client.get("/s/tiny/run/").context
    walk(run, upto=5)
    following = client.get("/s/tiny/run/").context
    assert page["next_images"] == [following["stimulus"]["url"]]


def test_words_that_look_like_an_address_are_not_fetched_and_a_picture_of_any_address_is(enter, monkeypatch):
    _client, run = enter()
    walk(run, upto=4)
    monkeypatch.setattr(contents, "_kept", Kept(contents.PAGES))
    monkeypatch.setattr(contents, "stimulus_url", lambda record, name: f"https://pictures.example/{name}")
    monkeypatch.setattr(
        contents, "context_of", lambda *page: lambda step, run: {"a": run.stimulus_url("a"), "b": "/stimuli/b"}
    )
    assert showing.step_context(sessions.get(run.pk))["next_images"] == ["https://pictures.example/a"]


def test_the_name_of_a_browsers_outbox_is_one_runs_and_tells_nothing_of_its_tokens(enter):
    runs = [enter(f"/s/tiny/?PROLIFIC_PID={name}")[1] for name in "ab"]
    keys = [sessions.browser_key(run) for run in runs]
    assert len(set(keys)) == 2
    assert sessions.browser_key(sessions.get(runs[0].pk)) == keys[0]
    assert not [position for position in range(100) if keys[0] in sessions.token(runs[0], position)]


def test_a_preview_is_for_staff_and_shows_no_code(draft, admin_client):
    models.Study.objects.update(code_completed="C-DONE")
    assert Client().post("/s/tiny/preview/small/").status_code == 302
    assert not models.Participant.objects.exists()
    admin_client.post("/s/tiny/preview/small/")
    preview = models.Participant.objects.get()
    assert (preview.preview, preview.condition.name) == (True, "small")
    walk(preview)
    assert b"C-DONE" not in admin_client.get("/s/tiny/run/").content


def test_health_tells_that_the_database_answers(db):
    assert Client().get("/health/").json() == {"status": "ok", "late": []}


def test_every_page_forbids_foreign_and_inline_scripts(enter):
    client, _ = enter()
    for address in ("/s/tiny/", "/s/tiny/run/", "/s/tiny/run/leave/"):
        page = client.get(address)
        policy = page["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert b" style=" not in page.content
        assert b" onclick=" not in page.content
