"""From nothing to a running study: all stimuli to look at, texts as they will read, bots from the desk."""

import json

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from studyapp import jobs, models, publishing
from studyapp.bundles.stimuli import reader, stimulus_url
from studyapp.core.engine.kinds import kinds
from studyapp.desk.stimuli import drawn
from studyapp.jobs import worker
from studyapp.run import sessions
from tests.studyapp.conftest import do_jobs, walk
from tests.studyapp.made.every_kind import make_draft
from tests.studyapp.researcher import save, section_of, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]
worked = pytest.mark.django_db(transaction=True)  # a job's signs of life come by a connection of their own


@pytest.fixture
def desk():
    return signed_in(User.objects.create_superuser("ada"))


@pytest.fixture
def editor(draft):
    bob = User.objects.create_user("bob", is_staff=True)
    models.Member.objects.create(study=draft, user=bob, role="editor")
    return signed_in(bob)


@pytest.fixture
def analyst(draft):
    carl = User.objects.create_user("carl", is_staff=True)
    models.Member.objects.create(study=draft, user=carl, role="analyst")
    return signed_in(carl)


@pytest.fixture
def forward(bundle):
    study = models.Study.objects.create(slug="fs", title="FS", kind="forward_simulation", bundle=bundle, seed=1)
    models.Condition.objects.create(study=study, name="only", factors={"heatmap": "lrp", "scores": "shown"})
    return study


def address(study, name):
    return reverse(f"admin:study_{name}", args=[study.pk])


# Stimuli


def ids_in(value, known) -> set:
    if isinstance(value, dict):
        return {key for key in value if key in known}.union(*(ids_in(item, known) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(ids_in(item, known) for item in value))
    return {value} if isinstance(value, str) and value in known else set()


@pytest.mark.parametrize("name", kinds())
def test_every_picture_that_any_kind_draws_is_on_the_page(desk, name):
    study = make_draft(name)
    known = reader(study.bundle).images
    wanted = ids_in(publishing.definition(study)["stimuli"], known)
    text = desk.get(address(study, "stimuli")).content.decode()
    assert len(wanted) > 20
    for image_id in wanted:
        assert stimulus_url(study.bundle, known[image_id]["file"]) in text


def test_whatever_a_kind_draws_becomes_headings_pictures_and_facts():
    pair = {"name": "a / b", "training": ["x", "y"], "worked": "z"}
    stages = [{"name": "A", "method": "lrp"}, {"name": "B", "method": "none"}]
    stimuli = {"pairs": [pair], "n": 2, "by": {"x": ["y"]}, "facts": {"w": {"score": 0.5}}, "stages": stages}
    group = drawn.grouped("", stimuli, {"w": {}, "x": {}, "y": {}, "z": {}})
    pairs, by, facts = group.parts
    assert group.facts == [("N", ["2"]), ("Stages", ["Name: A; Method: lrp", "Name: B; Method: none"])]
    assert facts.images == [("w", "", "Score: 0.5")]
    (pair,) = pairs.parts
    assert (pair.heading, pair.facts) == ("a / b", [])
    assert pair.images == [("z", "Worked", "")]
    assert pair.parts[0].images == [("x", "", ""), ("y", "", "")]
    assert (by.parts[0].anchor, by.parts[0].images) == ("x", [("y", "", "")])


def test_what_is_told_of_a_picture_stands_at_it_and_an_order_shows_no_picture_again():
    facts = {"x": {"score": 0.5, "answer": True}, "y": {"score": 0.25, "answer": False}}
    stimuli = {"cat": {"queries": ["x", "y"], "facts": facts, "examples": {"x": ["z"], "y": ["w"]}}}
    (cat,) = drawn.grouped("", stimuli, {key: {} for key in "wxyz"}).parts
    (examples,) = cat.parts
    assert [(part.anchor, part.note) for part in examples.parts] == [
        ("x", "Score: 0.5; Answer: yes"),
        ("y", "Score: 0.25; Answer: no"),
    ]
    assert cat.n_images == 4
    batches = {"batches": [["x", "y"], ["z"]], "prediction": {"x": "gull", "y": "tern", "z": "gull"}}
    (drawn_batches,) = drawn.grouped("", batches, {key: {} for key in "xyz"}).parts
    assert [part.heading for part in drawn_batches.parts] == ["1 of 2", "2 of 2"]
    assert drawn_batches.parts[0].images == [("x", "", "Prediction: gull"), ("y", "", "Prediction: tern")]


@pytest.mark.parametrize("name", kinds())
def test_no_picture_stands_in_two_lists_of_the_same_part(desk, name):
    def check(group):
        ids = [picture["id"] for picture in group.images] + [part.anchor["id"] for part in group.parts if part.anchor]
        assert len(ids) == len(set(ids)), group.heading
        for part in group.parts:
            check(part)
        within = [picture["id"] for part in group.parts if not part.anchor for picture in part.images]
        assert len(within) == len(set(within)), group.heading

    check(desk.get(address(make_draft(name), "stimuli")).context["group"])


def test_an_unready_study_says_what_to_mend_instead(desk, forward):
    forward.bundle = None
    forward.save()
    assert "Load one, then choose it under “Bundle”." in desk.get(address(forward, "stimuli")).content.decode()


def test_others_are_drawn_on_request_by_editors_and_it_is_on_record(editor, analyst, draft):
    assert analyst.post(address(draft, "stimuli")).status_code == 403
    seed = draft.seed
    editor.post(address(draft, "stimuli"))
    draft.refresh_from_db()
    assert draft.seed != seed
    change = models.Change.objects.get()
    assert (change.action, change.details) == ("Drew other stimuli.", [["Seed", str(seed), str(draft.seed)]])


def test_classes_are_ticked_from_those_that_the_bundles_images_show(desk, forward):
    forward.parameters = {"classes": ["horse", "zebra"]}
    forward.save()
    field = desk.get(section_of(forward, "parameters")).context["adminform"].form.fields["parameter__classes"]
    shown = reader(forward.bundle).offered("classes")
    assert [name for name, _ in field.choices] == ["horse", "zebra", "cat"]
    assert dict(field.choices) == {
        "horse": f"horse ({shown['horse']} images: 12 TP, 8 FN, 8 FP)",
        "zebra": "zebra (not in this bundle)",
        "cat": f"cat ({shown['cat']} images: 12 TP, 8 FN, 8 FP)",
    }
    save(desk, forward, "parameters", parameter__classes=["horse", "cat"])
    forward.refresh_from_db()
    assert forward.parameters["classes"] == ["horse", "cat"]


def test_without_a_bundle_classes_are_typed_and_the_page_says_how_to_come_to_a_choice(desk, forward):
    forward.bundle = None
    forward.save()
    page = desk.get(section_of(forward, "parameters")).content.decode()
    assert "Choose a bundle and save: then its classes can be ticked here." in page


# Texts


def test_a_text_is_shown_as_participants_will_read_it(editor, draft):
    text = "# Hello\n\nYou get **{reward_base}** for {n_trials} trials, {name}.<script>alert(1)</script>"
    shown = json.loads(editor.post(address(draft, "wording"), {"text": text}).content)
    assert "<h1>Hello</h1>" in shown["html"]
    assert "<strong>8.00</strong> for 5 trials, {name}." in shown["html"]
    assert "script" not in shown["html"]
    assert shown["later"] == ["name"]
    assert editor.get(address(draft, "wording")).status_code == 405


# Bots


def order_of(study, n_bots, skill) -> models.Job:
    return jobs.ask("bots", study=study, parameters={"n_bots": n_bots, "skill": skill})


@worked
def test_bots_walk_a_draft_through_each_condition_in_turn_and_are_never_counted(draft):
    order = order_of(draft, 4, "oracle")
    do_jobs()
    order.refresh_from_db()
    assert (order.outcome, order.done, order.result, order.error) == ("done", 4, {"n_completed": 4}, "")
    assert order.ended_at is not None
    runs = models.Participant.objects.filter(preview=True, bot="oracle", status="completed")
    assert sorted(run.condition.name for run in runs) == ["large", "large", "small", "small"]
    assert not draft.participants.filter(preview=False).exists()


@worked
def test_bots_walk_a_published_study_as_participants_do(study):
    order_of(study, 2, "random")
    do_jobs()
    assert study.participants.filter(bot="random", preview=False).count() == 2
    do_jobs()
    assert study.participants.count() == 2


@worked
def test_a_bot_that_is_not_let_in_says_why(study):
    publishing.set_status(study, "paused")
    order = order_of(study, 2, "random")
    do_jobs()
    order.refresh_from_db()
    assert order.error == "bot 1 of 2 was not let in: the study is paused"


def progress_of(editor, study) -> dict:
    return json.loads(editor.get(address(study, "bots_progress")).content)


def test_an_order_starts_a_worker_and_is_on_record(editor, draft, monkeypatch, django_capture_on_commit_callbacks):
    started = []
    monkeypatch.setattr(worker, "ensure", lambda: started.append("worker"))
    with django_capture_on_commit_callbacks(execute=True):
        editor.post(address(draft, "bots"), {"n_bots": 5, "skill": "p=0.7"})
    assert started == ["worker"]
    assert models.Job.objects.get().parameters == {"n_bots": 5, "skill": "p=0.7"}
    assert models.Change.objects.get().action == "Sent 5 bots (p=0.7)."
    progress = progress_of(editor, draft)
    assert progress["under_way"]
    assert "waiting to start" in progress["html"]
    assert "<td>5</td><td>p=0.7</td>" in progress["html"]


def test_wrong_orders_are_refused_with_a_reason(editor, analyst, draft):
    assert analyst.post(address(draft, "bots"), {"n_bots": 5, "skill": "random"}).status_code == 403
    response = editor.post(address(draft, "bots"), {"n_bots": 5, "skill": "clever"})
    assert "expected random, oracle" in response.content.decode()
    assert (
        "less than or equal to 500"
        in editor.post(address(draft, "bots"), {"n_bots": 501, "skill": "random"}).content.decode()
    )
    draft.conditions.all().delete()
    assert "There is no condition." in editor.get(address(draft, "bots")).content.decode()
    assert not models.Job.objects.exists()


def test_bots_for_a_full_study_are_refused_with_which_to_delete(editor, analyst, study):
    study.conditions.update(quota=2)
    for name in ("oracle", "random", "oracle"):
        walk(sessions.start(study.pk, None, bot=name))
    page = address(study, "bots")
    refused = editor.post(page, {"n_bots": 2, "skill": "random"}).content.decode()
    assert "The quotas have room for 1 more. Ask for so many, delete bots that have walked" in refused
    walk(sessions.start(study.pk, None, bot="random"))
    assert "Delete bots" not in analyst.get(page).content.decode()
    full = editor.get(page).content.decode()
    assert "No open condition has room for another bot." in full
    assert reverse("admin:study_section", args=[study.pk, "conditions"]) in full
    assert [full.index(f'href="?discard={name}"') > 0 for name in ("oracle", "random")] == [True, True]
    asked = editor.get(f"{page}?discard=oracle").content.decode()
    assert "All 2 of them go for good" in asked
    editor.post(f"{page}?discard=oracle", {"discard": "oracle"})
    assert set(study.participants.values_list("bot", flat=True)) == {"random"}
    assert models.Change.objects.get().action == "Deleted all bots (oracle)."
    assert "No open condition" not in editor.get(page).content.decode()


def test_quotas_without_a_limit_take_any_number_of_bots(editor, study):
    study.conditions.update(quota=1)
    study.conditions.filter(name="small").update(quota=None)
    assert editor.post(address(study, "bots"), {"n_bots": 50, "skill": "random"}).status_code == 302


def test_an_order_whose_process_died_says_so_and_keeps_what_was_done(editor, draft):
    order = order_of(draft, 5, "random")
    models.Job.objects.filter(pk=order.pk).update(
        outcome="running", seen_at="2020-01-01T00:00:00Z", done=2, total=5, result={"n_completed": 2}
    )
    progress = progress_of(editor, draft)
    assert not progress["under_way"]
    assert "No sign of life any more" in progress["html"]
    assert "2 of 5" in progress["html"]


@worked
def test_an_order_is_cancelled_by_whoever_may_send_bots_and_that_is_on_record(editor, analyst, draft):
    order = order_of(draft, 5, "random")
    cancel = address(draft, "bots").replace("/bots/", f"/jobs/{order.pk}/cancel/")
    assert cancel in progress_of(editor, draft)["html"]
    assert cancel not in analyst.get(address(draft, "bots_progress")).json()["html"]
    assert analyst.post(cancel).status_code == 403
    assert editor.get(cancel).status_code == 405
    assert editor.post(cancel)["Location"] == address(draft, "bots")
    editor.post(cancel)
    assert "Ended before it was done." in progress_of(editor, draft)["html"]
    assert [change.action for change in models.Change.objects.all()] == [f"Cancelled bots (job {order.pk})."]
    do_jobs()
    assert not draft.participants.exists()


def test_previews_and_bots_are_deleted_once_asked_but_no_person(editor, study):
    sessions.start(study.pk, None, bot="random")
    sessions.start_preview(study.current, study.conditions.first())
    anna = sessions.start(study.pk, sessions.Visitor("PROLIFIC_PID", "anna"))
    asked = editor.get(f"{address(study, 'bots')}?discard").content.decode()
    assert "All 2 of them go for good" in asked
    assert 'name="discard"' in asked
    assert models.Participant.objects.count() == 3
    editor.post(f"{address(study, 'bots')}?discard", {"discard": ""})
    assert list(models.Participant.objects.all()) == [anna]
    assert models.Change.objects.get().action == "Deleted all previews and bots."
