"""Roles: who sees and does what with a study, and that nobody without a role so much as sees it."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from studyapp import models
from studyapp.access import roles
from tests.studyapp.researcher import save, section_of, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ACTIONS = {
    "owner": {"view", "code", "comment", "change", "identities", "identities_by_api", "erase", "delete", "members"},
    "editor": {"view", "code", "comment", "change", "identities"},
    "analyst": {"view", "code", "comment"},
}


@pytest.fixture
def colleague(study):
    """Make somebody with a role in the study: `colleague("editor")`; without one: `colleague("")`."""

    def make(role, **about):
        user = User.objects.create_user(f"bob-{role}", **{"is_staff": True} | about)
        if role:
            models.Member.objects.create(study=study, user=user, role=role)
        return user

    return make


@pytest.mark.parametrize("role", ACTIONS)
def test_a_role_allows_its_deeds_and_no_other(colleague, study, role):
    user = colleague(role)
    assert {action for action in roles.ALLOWED if roles.may(user, action, study)} == ACTIONS[role]
    assert {action for action in roles.ALLOWED if roles.may_anywhere(user, action)} == ACTIONS[role]
    assert [study in roles.studies(user, action) for action in roles.ALLOWED] == [
        action in ACTIONS[role] for action in roles.ALLOWED
    ]


def test_a_role_in_one_study_says_nothing_of_another(colleague, study, bundle):
    other = models.Study.objects.create(slug="other", title="Another", kind="tiny", bundle=bundle)
    assert list(roles.studies(colleague("owner"))) == [study]
    assert not roles.may(colleague("editor"), "view", other)


def test_without_a_role_no_study_is_seen(colleague, study):
    user = colleague("")
    assert not roles.studies(user).exists()
    assert not any(roles.may(user, action, study) for action in roles.ALLOWED)


def test_superusers_may_do_everything_and_inactive_or_other_accounts_nothing(colleague, study):
    ada = User.objects.create_superuser("ada")
    assert all(roles.may(ada, action, study) for action in roles.ALLOWED)
    for name, about in (("owner", {"is_staff": False}), ("editor", {"is_active": False})):
        user = colleague(name, **about)
        assert not any(roles.may(user, action, study) for action in roles.ALLOWED)


def test_without_a_role_every_page_of_a_study_is_hidden(colleague, study, start):
    anna = start("anna")
    bob = signed_in(colleague(""))
    lists = [reverse(f"admin:studyapp_{name}_changelist") for name in ("study", "bundle")]
    for address in [reverse("admin:index"), *lists]:
        text = bob.get(address).content.decode()
        assert study.title not in text
        assert study.bundle.name not in text
    for name in ("publish", "pause", "export", "study-file", "bonus", "people"):
        assert bob.get(reverse(f"admin:study_{name}", args=[study.pk])).status_code == 404, name
    assert bob.post(reverse("preview", args=["tiny", "small"])).status_code == 404
    for name, pk in [("study", study.pk), ("participant", anna.pk), ("bundle", study.bundle_id)]:
        address = reverse(f"admin:studyapp_{name}_change", args=[pk])
        assert bob.get(address).status_code in (302, 403), name
    assert bob.get(reverse("admin:participant_erase") + f"?codes={anna.code}").status_code == 403
    for name in ("participant", "change"):
        assert bob.get(reverse(f"admin:studyapp_{name}_changelist")).status_code == 403


def test_lists_and_filters_name_the_own_studies_alone(colleague, study, start, bundle):
    start("anna")
    models.Study.objects.create(slug="secret", title="A secret study", kind="tiny", bundle=bundle)
    bob = signed_in(colleague("editor"))
    for name in ("study", "participant", "change"):
        text = bob.get(reverse(f"admin:studyapp_{name}_changelist")).content.decode()
        assert "secret" not in text, name
    assert bob.get(reverse("admin:studyapp_participant_changelist")).context["cl"].result_count == 1


def test_an_analyst_previews_but_only_an_editor_publishes_and_sees_ids_and_only_an_owner_erases(
    colleague, study, start
):
    anna = start("SECRET-ID")
    run = reverse("admin:studyapp_participant_change", args=[anna.pk])
    allowed = {}
    for role in ("analyst", "editor", "owner"):
        bob = signed_in(colleague(role))
        allowed[role] = [
            bob.post(reverse("preview", args=["tiny", "small"])).status_code == 302,
            "SECRET-ID" in bob.get(run).content.decode(),
            bob.get(reverse("admin:study_bonus", args=[study.pk])).status_code == 200,
            bob.get(reverse("admin:study_pause", args=[study.pk])).status_code == 200,
            bob.get(reverse("admin:participant_erase") + f"?codes={anna.code}").status_code == 200,
            bob.get(reverse("admin:studyapp_study_delete", args=[study.pk])).status_code == 200,
        ]
    assert allowed == {
        "analyst": [True, False, False, False, False, False],
        "editor": [True, True, True, True, False, False],
        "owner": [True, True, True, True, True, True],
    }


def test_analysts_see_no_personal_links(colleague, study):
    models.Invitation.objects.create(study=study, note="Anna B.")
    assert signed_in(colleague("analyst")).get(section_of(study, "links")).status_code == 404
    assert "Anna B." in signed_in(colleague("editor")).get(section_of(study, "links")).content.decode()


def test_the_record_of_edits_names_personal_links_to_editors_alone(colleague, study):
    invitation = models.Invitation.objects.create(study=study, note="")
    desk = signed_in(colleague("owner"))
    assert save(desk, study, "links", **{"invitations-0-group": "expert"}).status_code == 302
    address = reverse("admin:studyapp_study_history", args=[study.pk])
    assert invitation.token in signed_in(colleague("editor")).get(address).content.decode()
    assert signed_in(colleague("analyst")).get(address).status_code == 403


def test_owners_give_change_and_take_roles_and_each_is_on_record(colleague, study):
    bob, carl = signed_in(colleague("owner")), colleague("")
    address = reverse("admin:study_people", args=[study.pk])
    bob.post(address, {"add": "", "user": carl.pk, "role": "analyst"})
    member = study.members.get(user=carl)
    bob.post(address, {"change": "", "member": member.pk, "role": "editor"})
    assert study.members.get(user=carl).role == "editor"
    bob.post(address, {"remove": "", "member": member.pk})
    assert not study.members.filter(user=carl).exists()
    assert list(models.Change.objects.order_by("pk").values_list("who", "action", "details")) == [
        ("bob-owner", "Gave a role.", [["bob-", None, "analyst"]]),
        ("bob-owner", "Changed a role.", [["bob-", "analyst", "editor"]]),
        ("bob-owner", "Took a role away.", [["bob-", "editor", None]]),
    ]


def test_a_study_keeps_an_owner_and_others_give_no_roles(colleague, study):
    owner, editor = signed_in(colleague("owner")), signed_in(colleague("editor"))
    address = reverse("admin:study_people", args=[study.pk])
    mine = study.members.get(role="owner")
    answer = owner.post(address, {"remove": "", "member": mine.pk}, follow=True)
    assert "A study keeps at least one owner." in answer.content.decode()
    assert editor.get(address).status_code == 200
    assert editor.post(address, {"remove": "", "member": mine.pk}).status_code == 403
    assert owner.post(address, {"change": "", "member": mine.pk, "role": "king"}).status_code == 400
    assert study.members.get(pk=mine.pk).role == "owner"


def test_whoever_adds_a_study_owns_it(study, bundle):
    user = User.objects.create_user("dora", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="add_study"))
    new = {"title": "Gulls", "slug": "gulls", "kind": "tiny", "bundle": bundle.pk}
    signed_in(user).post(reverse("admin:studyapp_study_add"), new)
    assert models.Member.objects.get(user=user).study.slug == "gulls"
    assert list(models.Study.objects.get(slug="gulls").changes.values_list("action", flat=True)) == ["Added the study."]


def test_personal_links_are_made_many_at_a_time_and_taken_as_a_list_by_editors_alone(colleague, study):
    editor, analyst = signed_in(colleague("editor")), signed_in(colleague("analyst"))
    address = reverse("admin:study_links", args=[study.pk])
    for response in (analyst.get(address), analyst.post(address, {"n": 3})):
        assert response.status_code == 403
    editor.post(address, {"n": 3, "group": "=expert"})
    editor.post(address, {"n": 1})
    rows = editor.get(address).content.decode().splitlines()
    tokens = list(study.invitations.values_list("token", flat=True))
    assert rows == [
        "link,group,note",
        *(f"http://testserver/s/{study.slug}/?link={token},'=expert," for token in tokens[:3]),
        f"http://testserver/s/{study.slug}/?link={tokens[3]},,",
    ]
    assert Client().get(f"/s/{study.slug}/?link={tokens[0]}").status_code == 200
    actions = models.Change.objects.filter(study=study).order_by("pk").values_list("action", flat=True)
    assert list(actions) == [
        "Made 3 personal links for the group “=expert”.",
        "Made 1 personal link.",
        "Downloaded: Personal links.",
    ]


@pytest.mark.parametrize("asked", [{"n": 0}, {"n": 501}, {"n": "many"}, {}, {"n": 2, "group": "g" * 61}])
def test_a_wrong_number_of_links_makes_none_and_says_so(colleague, study, asked):
    response = signed_in(colleague("editor")).post(reverse("admin:study_links", args=[study.pk]), asked, follow=True)
    assert "choose a number from 1 to 500" in response.content.decode()
    assert not study.invitations.exists()


@pytest.mark.parametrize("role", ACTIONS)
def test_no_link_that_a_role_is_shown_leads_to_a_closed_door(colleague, study, start, role):
    start("anna")
    browser, known, todo = signed_in(colleague(role)), set(), ["/admin/"]
    while todo:
        page = todo.pop()
        response = browser.get(page)
        assert response.status_code in (200, 302), page
        content = response.getvalue()
        hrefs = re.findall(rb'href="([^"#]+)"', content if b"<html" in content else b"")
        found = {urljoin(page, unescape(href.decode())) for href in hrefs if b"export" not in href}
        fresh = {re.sub(r"\d+", "N", link.split("?")[0]): link for link in found if link.startswith("/admin/")}
        todo += [link for shape, link in fresh.items() if shape not in known]
        known |= fresh.keys()
    assert len(known) > 20
