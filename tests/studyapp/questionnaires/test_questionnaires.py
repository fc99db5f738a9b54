"""Questionnaires: from the study's definition to the answered page, and from there to the data."""

import csv
import json
import re
from functools import partial

import pytest
from django.test import Client

from studyapp import models, publishing
from studyapp.core.engine import quality
from studyapp.core.questionnaires.pages import kind_of
from studyapp.data.exporting import export
from studyapp.data.study_files import dump_study, load_study
from studyapp.run import sessions
from studyapp.simulation import by_http, simulate
from studyapp.simulation.by_functions import walk
from tests.studyapp.conftest import walk as walk_person
from tests.studyapp.made.asked import EVERY_TYPE, TRUST, likert

pytestmark = [pytest.mark.django_db(transaction=True, databases=["default", "snapshot"]), pytest.mark.database]


def asking(draft, *questionnaires):
    draft.questionnaires = list(questionnaires)
    publishing.publish(draft)
    return draft


def table(folder, name):
    (path,) = (folder / "data").glob(f"*_table-{name}_data.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def come(study, name):
    """Return a browser whose person has come to the last page."""
    client = Client()
    client.post(f"/s/tiny/?PROLIFIC_PID={name}")
    run = study.participants.latest("pk")
    walk_person(run, upto=len(sessions.get(run.pk).plan.steps) - 1)
    return client


@pytest.fixture
def at_first_page(draft):
    """A browser whose person has come to the questionnaire with every type of item, three on a page."""
    return come(asking(draft, EVERY_TYPE), "anna")


def shown(client):
    form = client.get("/s/tiny/run/").context["form"]
    return form if hasattr(form, "fields") else form()


def send(client, **fields):
    """Send the present page as a browser without scripts does: with what it carries, and `item_…` filled in."""
    context = client.get("/s/tiny/run/").context
    form = shown(client)
    data = {"token": context["token"], "at": form.at, "seen": form.seen}
    for name, value in form.carried:
        data.setdefault(name, []).append(value)
    data |= {name.replace("item_", "item-", 1): value for name, value in fields.items()}
    return client.post("/s/tiny/run/", data)


def test_a_questionnaire_is_walked_and_its_answers_are_in_every_table(draft, tmp_path):
    study = asking(draft, TRUST, EVERY_TYPE)
    runs = list(simulate(study, 6, walk, skill="oracle", seed=3))
    assert {run.status for run in runs} == {"completed"}
    export(study, tmp_path / "out", wide=True)
    given = {run.code: {row.position: row.answer for row in run.responses.all()} for run in runs}
    answers, wide = table(tmp_path / "out", "answers"), table(tmp_path / "out", "wide")
    for row in answers:
        stored = given[row["participant"]][int(row["step_index"])][row["item"]]
        assert row["value"] == (json.dumps(stored) if isinstance(stored, list) else str(stored))
        assert (
            wide[[one["participant"] for one in wide].index(row["participant"])][
                f"{row['questionnaire']}_{row['item']}"
            ]
            == row["value"]
        )
    first = [row for row in answers if row["participant"] == answers[0]["participant"] and row["scale"] == "trust"]
    assert [row["item"] for row in first] == ["t1", "t2", "t3"]
    mean = (int(first[0]["value"]) + int(first[1]["value"]) + 6 - int(first[2]["value"])) / 3
    assert float(wide[0]["trust_trust_score"]) == pytest.approx(mean)
    about = json.loads((tmp_path / "out" / "dataset_description.json").read_text())
    described = {one["name"]: one for one in about["variableMeasured"]}
    assert described["trust_t1"]["levels"]["1"] == "Not at all"
    assert described["order"]["description"].startswith("In participants, wide: Which counterbalanced")


def test_pages_are_turned_and_turned_back_without_losing_an_answer(at_first_page):
    client = at_first_page
    assert shown(client).here == ["gender", "tools", "a"]
    refused = send(client, item_gender="Male")
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"item-tools", "item-a"}
    send(client, item_gender="Male", item_tools=["Python", "R"], item_a="4")
    assert shown(client).here == ["b", "sure", "age"]
    send(client, item_b="2", turn="previous")
    form = shown(client)
    assert form.here == ["gender", "tools", "a"]
    assert form.answers | {"b": 2} == form.answers
    assert form.answers["tools"] == ["Python", "R"]
    assert not form.errors


def test_every_control_is_described_by_the_place_of_its_error(draft):
    page = come(asking(draft, EVERY_TYPE | {"per_page": 0, "title": ""}), "anna").get("/s/tiny/run/").content.decode()
    described = {name for names in re.findall(r'aria-describedby="([^"]+)"', page) for name in names.split()}
    assert described <= set(re.findall(r' id="([^"]+)"', page))
    controls = re.findall(r'<(?:input type="(?:number|text)"|select|textarea|fieldset)[^>]*>', page)
    assert len(controls) == 12
    assert all("aria-describedby=" in control for control in controls)
    assert '<h1 class="visually-hidden">Questions</h1>' in page


def test_nobody_sees_what_others_filled_in(draft):
    study = asking(draft, EVERY_TYPE)
    for name in ("anna", "bela", "cora"):
        client = come(study, name)
        assert "checked" not in client.get("/s/tiny/run/").text
        send(client, item_gender="Male", item_tools=["R"], item_a="4", item_sure=str(len(name)))
        assert 'name="item-gender" value="Male"' in client.get("/s/tiny/run/").text
        send(client, item_age="30")
    assert "checked" not in come(study, "dora").get("/s/tiny/run/").text


def test_an_item_that_follows_from_an_answer_is_asked_then_alone(at_first_page):
    client = at_first_page
    send(client, item_gender="Male", item_tools=["R"], item_a="4")
    send(client, item_b="2", item_sure="30", item_age="25")
    form = shown(client)
    assert [row["code"] for block in form.blocks for row in block["rows"] if not row["hidden"]] == ["job", "rank"]
    send(client, turn="previous")
    send(client, item_b="2", item_sure="30", item_age="40")
    assert {"item-why", "item-rank-1"} == set(send(client).context["form"].errors)
    places = {"item_rank-1": "2", "item_rank-2": "1", "item_rank-3": "3"}
    assert "item-rank-1" in send(client, item_why="Because", **places | {"item_rank-3": "1"}).context["form"].errors
    send(client, item_why="Because", **places)
    answer = models.Response.objects.latest("pk").answer
    assert (answer["why"], answer["rank"], answer["job"]) == ("Because", ["Shape", "Colour", "Place"], None)


def test_a_study_file_carries_questionnaires_and_names_what_is_wrong_with_them(draft, tmp_path):
    asking(draft, TRUST, EVERY_TYPE)
    dump_study(draft, tmp_path / "study.json")
    loaded = load_study(tmp_path / "study.json", slug="again")
    assert loaded.questionnaires == [TRUST, EVERY_TYPE]
    found = json.loads((tmp_path / "study.json").read_text())
    found["questionnaires"][0]["items"][1] = likert("t2", reverse="yes")
    (tmp_path / "study.json").write_text(json.dumps(found))
    with pytest.raises(ValueError, match="“trust”, item “t2”: reverse: expected true or false, found 'yes'"):
        load_study(tmp_path / "study.json", slug="third")


def test_straight_lining_and_every_missed_check_are_flagged(draft):
    items = [likert(f"v{number}", scale="view") for number in range(5)]
    study = asking(draft, TRUST | {"items": [*items, likert("c1", expected=2), likert("c2", expected=3)]})
    (careful,) = simulate(study, 1, walk, skill="oracle", seed=8)
    kept = models.Participant.objects.get(pk=careful.pk).quality
    assert (kept["straight"], kept["failed"]) == ([], {})
    missed = {"passed": False, "failed_items": "c1 | c2", "attempt": 1, "about": "trust"}
    rows = [quality.Answer({"page": "trust"}, {one["code"]: 5 for one in items}, missed, None, None)]
    kept = quality.measures(rows, kind_of(publishing.frozen(study.current)))
    assert (kept["straight"], kept["failed"]) == (["trust"], {"trust": 2})
    assert "Straight-lining: the same answer to all items of “trust”" in quality.flags(kept, None)


def test_bots_turn_the_pages_over_http(draft, live_server):
    study = asking(draft, EVERY_TYPE, TRUST | {"per_page": 2, "place": "start", "order": "random"})
    (run,) = simulate(study, 1, partial(by_http.walk, url=live_server.url), skill="oracle", seed=5)
    assert run.status == "completed"
    answers = {run.plan.steps[row.position]["page"]: row.answer for row in run.responses.all()}
    assert sorted(answers["every"]["rank"]) == ["Colour", "Place", "Shape"]
    assert answers["trust"]["t1"] in range(1, 6)
