"""Coding in a real browser: by keys alone, saved at once, kept through a dead network."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User

from studyapp import models
from studyapp.coding import passages
from studyapp.simulation import by_functions, simulate

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
COLUMN = "sensitive_to"


@pytest.fixture
def study(make_study):
    study = make_study(queries_per_class={"TP": 1, "FN": 1, "FP": 0, "TN": 0})
    list(simulate(study, 2, by_functions.walk))
    models.Participant.objects.update(bot="")
    passages.gather(study)
    for name, kind, key in (("ears", "saliency_feature", "1"), ("light", "general_attribute", "2")):
        models.Code.objects.create(study=study, name=name, kind=kind, key=key)
    return study


@pytest.fixture
def coder(page, live_server, study):
    """A coder's page; `open_page(name)` goes to one of the coding pages."""
    User.objects.create_superuser("ada", password="correct horse battery")
    page.goto(live_server.url + "/admin/")
    page.fill("#id_username", "ada")
    page.fill("#id_password", "correct horse battery")
    page.click("input[type=submit]")

    def open_page(name=f"read/{COLUMN}/"):
        page.goto(f"{live_server.url}/admin/studyapp/study/{study.pk}/coding/{name}")
        return page

    return open_page


def stored(order=0):
    """Return the codes and state of the reading of the passage at that place, None where there is none."""
    passage = list(models.Passage.objects.filter(field=COLUMN))[order]
    reading = passage.readings.first()
    return reading and (sorted(code.name for code in reading.codes.all()), reading.done)


def wait_saved(page):
    page.wait_for_function("() => document.getElementById('hw-saved').textContent === 'Saved'")


def wait_read(page, n):
    total = models.Passage.objects.filter(field=COLUMN).count()
    page.locator("#hw-progress", has_text=f"{n} of {total} read").wait_for()


def test_keys_alone_give_codes_go_on_and_take_back(coder):
    page = coder()
    page.keyboard.press("1")
    wait_saved(page)
    assert stored() == (["ears"], False)
    page.keyboard.press("2")
    page.keyboard.press("u")
    page.keyboard.press("Enter")
    wait_read(page, 1)
    assert stored() == (["ears"], True)
    page.keyboard.press("Enter")
    wait_read(page, 2)
    assert stored(1) == ([], True)
    page.keyboard.press("u")
    wait_read(page, 1)
    page.keyboard.press("2")
    wait_saved(page)
    assert stored(1) == (["light"], False)
    for n in range(2, models.Passage.objects.filter(field=COLUMN).count() + 1):
        page.keyboard.press("Enter")
        wait_read(page, n)
    assert page.locator("#hw-text").inner_text() == "All read. Thank you."


def test_a_new_code_is_added_while_coding_and_given_at_once(coder):
    page = coder()
    page.keyboard.press("n")
    page.keyboard.type("nose")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="nose", pressed=True).wait_for()
    wait_saved(page)
    assert stored() == (["nose"], False)
    page.keyboard.press("n")
    page.keyboard.type("nose")
    page.keyboard.press("Enter")
    page.get_by_text("The codebook has a code of this name").wait_for()


def test_what_is_chosen_while_the_network_is_dead_arrives_later(coder):
    page = coder()
    page.context.set_offline(True)
    page.keyboard.press("1")
    page.get_by_text("Not saved yet").wait_for()
    assert stored() is None
    page.context.set_offline(False)
    wait_saved(page)
    assert stored() == (["ears"], False)


def test_keys_can_be_turned_off(coder):
    page = coder()
    page.get_by_label("use keys").uncheck()
    page.locator("#hw-text").focus()
    page.keyboard.press("1")
    page.get_by_role("button", name="light").click()
    wait_saved(page)
    assert stored() == (["light"], False)


def test_taking_a_coders_codes_fills_the_boxes_and_resolves(coder, study):
    from studyapp.coding import readings

    passage = models.Passage.objects.filter(field=COLUMN).first()
    for name, codes in (("anna", study.codes.filter(name="ears")), ("ben", study.codes.filter(name="light"))):
        user = User.objects.create_user(name)
        readings.save(study, passage.pk, user, [code.pk for code in codes], done=True)
    page = coder(f"resolve/{COLUMN}/")
    page.get_by_role("button", name="Take ben's").click()
    page.get_by_role("button", name="Resolve").click()
    page.get_by_text("Coders differ nowhere").wait_for()
    assert [code.name for code in models.Resolution.objects.get().codes.all()] == ["light"]


def test_axe_finds_nothing_serious_on_the_coding_pages(coder, study):
    code = study.codes.first()
    for name in ("", f"read/{COLUMN}/", f"resolve/{COLUMN}/", "codes/add/", f"codes/{code.pk}/"):
        page = coder(name)
        page.set_viewport_size({"width": 1024, "height": 768})
        found = Axe().run(page).response["violations"]
        assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
