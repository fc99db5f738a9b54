"""The desk's lists in its own design: searched, filtered, sorted, paged and acted on without a script."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from studyapp import models
from studyapp.desk.people import participants
from studyapp.run import sessions
from tests.studyapp.researcher import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]
RUNS, ACCOUNTS = "admin:studyapp_participant_changelist", "admin:auth_user_changelist"


@pytest.fixture
def desk():
    return signed_in(User.objects.create_superuser("ada"))


def menus(page: str) -> dict[str, dict[str, str]]:
    """Return each filter of a list by its title, with the addresses of its choices."""
    found = re.findall(r'<details class="hw-menu"><summary[^>]*>([^<]*)</summary>(.*?)</details>', page, re.DOTALL)
    links = re.compile(r'<li><a href="([^"]*)"[^>]*>([^<]*)</a>')
    return {title: {name: address for address, name in links.findall(choices)} for title, choices in found}


def test_every_list_has_the_desk_s_own_table_and_none_of_the_stock_parts(desk, study, start):
    start("anna")
    for name in ("participant", "bundle", "change", "token", "identity"):
        text = desk.get(reverse(f"admin:studyapp_{name}_changelist")).content.decode()
        assert 'id="hw-list"' in text, name
        assert "changelist-filter" not in text, name
    assert 'id="hw-list"' in desk.get(reverse(ACCOUNTS)).content.decode()


def test_participants_are_filtered_by_menus_that_keep_each_other_and_the_search(desk, study, start):
    anna, ben = start("anna"), start("ben")
    sessions.withdraw(ben.pk, keep=True)
    sessions.start(study.pk, None, bot="oracle")
    text = desk.get(reverse(RUNS)).content.decode()
    assert list(menus(text)) == ["Status", "Who", "Condition"]  # of one study alone
    people = desk.get(reverse(RUNS) + menus(text)["Who"]["People"].replace("&amp;", "&")).content.decode()
    assert "Who: People" in people
    assert "oracle" not in people.partition("<tbody>")[2]
    left = reverse(RUNS) + menus(people)["Status"]["withdrawn"].replace("&amp;", "&")
    narrowed = desk.get(left)
    assert [run.code for run in narrowed.context["cl"].result_list] == [ben.code]
    assert '<input type="hidden" name="who" value="people">' in narrowed.content.decode()
    nobody = desk.get(left + f"&q={anna.code}").content.decode()
    assert "None is as asked for." in nobody
    assert "Show all" in nobody


def test_pages_lead_to_each_other_and_keep_what_was_asked_for(desk, study, start, monkeypatch):
    monkeypatch.setattr(participants.ParticipantAdmin, "list_per_page", 2)
    for name in "abcde":
        start(name)
    first = desk.get(reverse(RUNS), {"who": "people"}).content.decode()
    assert "Page 1 of 3, 5 participants" in first
    assert 'rel="next" href="?who=people&amp;p=2"' in first
    last = desk.get(reverse(RUNS) + "?who=people&p=3").content.decode()
    assert 'rel="prev" href="?who=people&amp;p=2"' in last
    assert 'rel="next"' not in last


def test_heads_sort_and_say_how(desk, study, start):
    start("anna")
    start("ben")
    text = desk.get(reverse(RUNS)).content.decode()
    (by_code,) = re.findall(r'<a href="([^"]*)">Code</a>', text)
    page = desk.get(reverse(RUNS) + by_code)
    codes = [run.code for run in page.context["cl"].result_list]
    assert codes == sorted(codes)
    assert 'aria-sort="ascending"' in page.content.decode()


def test_accounts_are_told_by_what_they_may_and_where_they_work(desk, study):
    bob = User.objects.create_user("bob", is_staff=True, first_name="Bob", last_name="Ray")
    models.Member.objects.create(study=study, user=bob, role="editor")
    User.objects.create_user("gone", is_staff=True, is_active=False)
    text = desk.get(reverse(ACCOUNTS), {"q": "Ray"}).content.decode()
    assert "Bob Ray" in text
    assert "sign in at the desk" in text
    assert 'field-studies">1</td>' in text
    assert "gone" not in text
    page = desk.get(reverse("admin:auth_user_change", args=[bob.pk])).content.decode()
    assert f"<li>{study}: editor</li>" in page


def test_what_an_account_may_add_is_ticked_and_other_permissions_stay(desk):
    bob = User.objects.create_user("bob", is_staff=True)
    other = Permission.objects.get(codename="view_user")
    bob.user_permissions.add(other)
    page = reverse("admin:auth_user_change", args=[bob.pk])
    kept = {"username": "bob", "is_active": "on", "is_staff": "on"}
    assert desk.post(page, kept | {"may": ["add_study"], "email": "bob@heatwise.example"}).status_code == 302
    bob = User.objects.get(pk=bob.pk)
    assert (bob.has_perm("studyapp.add_study"), bob.has_perm("studyapp.add_bundle")) == (True, False)
    assert bob.has_perm("auth.view_user")
    assert 'value="add_study" id="id_may_0" checked' in desk.get(page).content.decode()
    desk.post(page, kept | {"may": ["add_bundle"]})
    assert set(bob.user_permissions.values_list("codename", flat=True)) == {"add_bundle", "view_user"}
    wrong = desk.post(page, kept | {"may": ["delete_user"]})
    assert "may" in wrong.context["adminform"].form.errors


def test_a_new_account_leads_to_what_it_may(desk):
    made = {
        "username": "carl",
        "usable_password": "true",
        "password1": "correct horse 1",
        "password2": "correct horse 1",
    }
    response = desk.post(reverse("admin:auth_user_add"), made)
    carl = User.objects.get(username="carl")
    assert response["Location"] == reverse("admin:auth_user_change", args=[carl.pk])
    assert not carl.is_staff
    assert carl.check_password("correct horse 1")
