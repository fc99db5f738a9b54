"""From confusable pairs to a study: marks, nominations and votes of several researchers, at the desk and by command."""

import csv
import io
import json

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from studyapp import models, publishing
from studyapp.bundles import pairing
from tests import loaded
from tests.studyapp.made.label_matching import FOREST, write_bundle

pytestmark = [pytest.mark.django_db, pytest.mark.database]

CELLO, VANS = "cello / violin", "ambulance / police van"
TREE = json.dumps({"schema_version": 1, "roots": FOREST}).encode()


@pytest.fixture
def bundle(db):
    return loaded.load(write_bundle, "look-alikes", tree=TREE)


@pytest.fixture
def study(bundle):
    study = models.Study.objects.create(slug="pairs", title="Pairs", kind="label_matching", bundle=bundle, seed=1)
    models.Condition.objects.create(study=study, name="cwox_2s", factors={"method": "cwox_2s"})
    return study


@pytest.fixture
def ada():
    return User.objects.create_superuser("ada")


@pytest.fixture
def bela():
    return User.objects.create_superuser("bela")


def desk(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(bundle, stage, **query) -> str:
    return reverse("admin:pairs", args=[bundle.pk, stage], query=query)


def marks(**wrong) -> dict:
    """Return what the page of classes submits with all ticks but some: `marks(familiar=["banjo"])`."""
    names = ("cello", "violin", "ambulance", "police van")
    return {key: [name for name in names if name not in wrong.get(key, ())] for key in pairing.CRITERIA}


def text_of(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


def run(*arguments, **options) -> str:
    out = io.StringIO()
    call_command("pairs", *arguments, stdout=out, **options)
    return out.getvalue()


def test_a_class_that_anybody_objects_to_takes_its_pairs_out_and_the_reason_is_told(bundle, ada, bela):
    desk(ada).post(page(bundle, "classes"), marks())
    desk(bela).post(page(bundle, "classes"), marks(unambiguous=["violin"], familiar=["violin"]))
    told = pairing.objections(bundle)
    assert told == {"violin": ["unfamiliar (1 of 2)", "ambiguous (1 of 2)"]}
    assert [one.pair.name for one in pairing.standings(bundle, 17) if one.in_question] == [VANS]
    assert "violin: unfamiliar (1 of 2)" in text_of(desk(ada).get(page(bundle, "nominate")))


def test_a_mark_may_be_changed_and_everybodys_are_kept(bundle, ada, bela):
    desk(ada).post(page(bundle, "classes"), marks(familiar=["cello"]))
    desk(bela).post(page(bundle, "classes"), marks())
    desk(ada).post(page(bundle, "classes"), marks())
    assert pairing.objections(bundle) == {}
    assert models.ClassMark.objects.count() == 8


def test_what_others_object_to_is_shown_once_ones_own_marks_are_kept(bundle, ada, bela):
    desk(ada).post(page(bundle, "classes"), marks(familiar=["cello"]))
    assert "unfamiliar" not in text_of(desk(bela).get(page(bundle, "classes")))
    desk(bela).post(page(bundle, "classes"), marks())
    assert "left out: unfamiliar (1 of 2)" in text_of(desk(bela).get(page(bundle, "classes")))


def test_only_nominated_pairs_are_voted_on_and_only_remaining_ones_nominated(bundle, ada):
    browser = desk(ada)
    assert "No pair is nominated yet." in text_of(browser.get(page(bundle, "vote")))
    browser.post(page(bundle, "nominate"), {"pair": [VANS, "cello / banjo"]})
    shown = text_of(browser.get(page(bundle, "vote")))
    assert f'value="{VANS}"' in shown
    assert f'value="{CELLO}"' not in shown
    browser.post(page(bundle, "vote"), {"pair": [VANS, CELLO]})
    assert [(one.pair.name, one.nominations, one.votes) for one in pairing.standings(bundle, 17)] == [
        (VANS, 1, 1),
        (CELLO, 0, 0),
    ]


def test_a_vote_can_be_taken_back_and_the_nomination_stays(bundle, ada):
    browser = desk(ada)
    browser.post(page(bundle, "nominate"), {"pair": [VANS]})
    browser.post(page(bundle, "vote"), {"pair": [VANS]})
    browser.post(page(bundle, "vote"), {})
    ballot = models.PairBallot.objects.get(pair=VANS)
    assert (ballot.nominated, ballot.voted) == (True, False)


def test_the_numbers_of_votes_are_shown_once_one_has_voted(bundle, ada, bela):
    desk(ada).post(page(bundle, "nominate"), {"pair": [VANS, CELLO]})
    desk(ada).post(page(bundle, "vote"), {"pair": [VANS]})
    for stage in ("vote", "choose"):
        assert "1 vote" not in text_of(desk(bela).get(page(bundle, stage)))
    desk(bela).post(page(bundle, "vote"), {"pair": [VANS, CELLO]})
    for stage in ("vote", "choose"):
        assert "2 votes" in text_of(desk(bela).get(page(bundle, stage)))


def test_the_pairs_chosen_become_the_studys_and_its_images_are_shown_drawn(bundle, study, ada):
    browser = desk(ada)
    chosen = {"pair": [VANS, CELLO], "study": "pairs"}
    response = browser.post(page(bundle, "choose", training=3, evaluation=4), chosen)
    study.refresh_from_db()
    assert study.parameters == {"pairs": [VANS, CELLO], "training_trials": 3, "evaluation_trials": 4}
    shown = text_of(browser.get(response["Location"]))
    drawn = publishing.definition(study)["stimuli"]["pairs"]
    assert [pair["name"] for pair in drawn] == [VANS, CELLO]
    for pair in drawn:
        assert all(f"{pair['facts'][name]['truth']}, {name}" in shown for name in pair["facts"])


def test_other_images_are_drawn_at_a_click(bundle, study, ada):
    pairing.use(study, [VANS, CELLO], training_trials=3, evaluation_trials=4)
    before = publishing.definition(study)["stimuli"]
    desk(ada).post(reverse("admin:pairs_drawn", args=[bundle.pk, "pairs"]))
    study.refresh_from_db()
    assert publishing.definition(study)["stimuli"] != before


def test_too_few_pairs_or_no_study_change_nothing_and_say_why(bundle, study, ada):
    browser = desk(ada)
    for chosen in ({"pair": [VANS], "study": "pairs"}, {"pair": [VANS, CELLO], "study": "other"}):
        response = browser.post(page(bundle, "choose"), chosen, follow=True)
        assert "Choose a study and at least two pairs" in text_of(response)
    study.refresh_from_db()
    assert study.parameters == {}


def test_the_numbers_of_images_decide_which_pairs_are_offered(bundle, ada):
    assert "2 pairs with enough" in text_of(desk(ada).get(page(bundle, "nominate")))
    assert "No pair has enough images" in text_of(desk(ada).get(page(bundle, "nominate", training=90)))


def test_strangers_see_nothing_and_colleagues_change_no_study_that_is_not_theirs(bundle, study, client):
    assert client.get(page(bundle, "classes")).status_code == 302
    stranger = desk(User.objects.create_user("eve", is_staff=True))
    assert stranger.get(page(bundle, "classes")).status_code in (403, 404)
    bob = User.objects.create_user("bob", is_staff=True)
    models.Member.objects.create(study=study, user=bob, role="analyst")
    desk(bob).post(page(bundle, "choose"), {"pair": [VANS, CELLO], "study": "pairs"})
    assert desk(bob).get(reverse("admin:pairs_record", args=[bundle.pk])).status_code == 403
    study.refresh_from_db()
    assert study.parameters == {}


def test_the_command_ranks_a_loaded_bundles_pairs_and_those_of_a_folder(bundle, ada, tmp_path):
    pairing.ballot(bundle, ada, "voted", [VANS, CELLO], [VANS])
    lines = run("look-alikes").splitlines()
    assert lines[0] == "2 pairs with at least 17 qualifying images"
    assert lines[2].split() == ["1", "ambulance", "/", "police", "van", "20", "10", "+", "10", "0", "1", "Z2"]
    write_bundle(tmp_path / "source", tree=TREE)
    assert CELLO in run(str(tmp_path / "source")).splitlines()[2]
    with pytest.raises(CommandError, match=r"no bundle 'nowhere' is loaded \(there is: look-alikes\)"):
        run("nowhere")


def test_the_command_puts_pairs_into_a_study_and_tells_what_is_drawn(study):
    told = run("look-alikes", "--into", "pairs", "--top", "2", "--training", "3", "--evaluation", "4")
    study.refresh_from_db()
    drawn = publishing.definition(study)["stimuli"]["pairs"]
    assert [pair["name"] for pair in drawn] == [CELLO, VANS]
    assert f"  {CELLO}, training: {' '.join(drawn[0]['training'])}" in told
    with pytest.raises(CommandError, match="say which pairs"):
        run("look-alikes", "--into", "pairs")
    with pytest.raises(CommandError, match="still lacks: Pair “cello / lute”"):
        run("look-alikes", "--into", "pairs", "--pair", CELLO, "--pair", "cello / lute")


def test_all_marks_and_votes_go_out_with_who_gave_them(bundle, ada, bela, tmp_path):
    pairing.mark_classes(bundle, ada, {"cello": {"familiar": True, "unambiguous": False, "non_specific": True}})
    pairing.ballot(bundle, bela, "nominated", [CELLO], [CELLO])
    run("look-alikes", "--record", str(tmp_path / "record.csv"))
    written = (tmp_path / "record.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(written)))
    assert [(row["researcher"], row["about"], row["unambiguous"], row["nominated"]) for row in rows] == [
        ("ada", "cello", "false", ""),
        ("bela", CELLO, "", "true"),
    ]
    download = desk(ada).get(reverse("admin:pairs_record", args=[bundle.pk])).content.decode()
    assert download == written
