"""Windows that are too small: told before consent or, where the study says so, refused by the server too."""

import pytest
from django.test import Client

from studyapp import models, publishing
from studyapp.core.engine.sizes import Window, read_window
from tests.studyapp.made.every_kind import make_draft

pytestmark = [pytest.mark.django_db]
DOOR = "/s/any-kind/"


@pytest.fixture
def study(settings, tmp_path):
    settings.BUNDLES_ROOT, settings.STIMULI_ROOT = tmp_path / "bundles", tmp_path / "stimuli"
    study = make_draft("forward_simulation", small_windows="refuse")
    publishing.publish(study)
    return study


def enter(client, window=None, **sent):
    """Open the door and press its button as a browser with such a window would; return whether that led inside."""
    client.get(DOOR)
    answer = client.post(DOOR, sent | ({} if window is None else {"window": window}))
    return answer["Location"] == f"{DOOR}run/"


def test_the_server_lets_nobody_in_whose_window_is_too_small_or_was_not_measured(study):
    least = publishing.windows_of(study.current)[0]
    low, narrow = f"{least.width}x{least.height - 1}", f"{least.width - 1}x{least.height}"
    for window in (None, "", low, narrow, "large", "9x9x9", "-1280x720"):
        assert not enter(Client(), window), window
    assert not enter(Client(), plain="yes")
    assert not models.Participant.objects.exists()
    assert enter(Client(), f"{least.width}x{least.height}")


def test_whoever_comes_back_needs_a_window_that_is_large_enough_as_well(study):
    client = Client()
    assert enter(client, "1280x900")
    assert not enter(client, "640x360")
    assert enter(client, "1280x900")
    assert models.Participant.objects.count() == 1


def test_where_small_windows_are_told_so_nobody_has_to_measure(study):
    models.Study.objects.update(parameters={})
    study.refresh_from_db()
    publishing.publish(study)
    assert b'id="window"' not in Client().get(DOOR).content
    assert enter(Client())


def test_a_study_for_certain_devices_needs_a_window_that_is_large_enough_too(study):
    models.Study.objects.update(parameters={}, devices="mouse")
    study.refresh_from_db()
    publishing.publish(study)
    assert not enter(Client(), suits="yes")
    assert not enter(Client(), "640x360", suits="yes")
    assert enter(Client(), "1280x900", suits="yes")


def test_without_scripts_a_door_that_refuses_windows_says_why_and_has_no_button(study):
    page = Client().get(DOOR).content.decode()
    plain = page[page.index("<noscript>") : page.index("</noscript>")]
    assert "this browser can’t say how large its window is" in plain
    assert "This page works without scripts too" not in page
    assert page[page.index('id="start"') :].startswith('id="start" hidden')


def test_a_window_is_read_as_browsers_say_it():
    assert read_window("1280x720") == Window(1280, 720)
    assert [read_window(words) for words in ("", "1280", "x720", "1280 x 720", "123456x1", "٣x٤", "1280x720\n")] == [
        None
    ] * 7
