"""Roles: who sees and does what with a study, and that nobody without a role so much as sees it."""

import pytest
from django.contrib.auth.models import User

from studyapp import models, roles

pytestmark = [pytest.mark.django_db, pytest.mark.database]

DEEDS = {
    "owner": {"view", "change", "identities", "erase", "delete", "members"},
    "editor": {"view", "change", "identities"},
    "analyst": {"view"},
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


@pytest.mark.parametrize("role", DEEDS)
def test_a_role_allows_its_deeds_and_no_other(colleague, study, role):
    user = colleague(role)
    assert {deed for deed in roles.ALLOWED if roles.may(user, deed, study)} == DEEDS[role]
    assert {deed for deed in roles.ALLOWED if roles.may_anywhere(user, deed)} == DEEDS[role]
    assert [study in roles.studies(user, deed) for deed in roles.ALLOWED] == [
        deed in DEEDS[role] for deed in roles.ALLOWED
    ]


def test_a_role_in_one_study_says_nothing_of_another(colleague, study, bundle):
    other = models.Study.objects.create(slug="other", title="Another", kind="tiny", bundle=bundle)
    assert list(roles.studies(colleague("owner"))) == [study]
    assert not roles.may(colleague("editor"), "view", other)


def test_without_a_role_no_study_is_seen(colleague, study):
    user = colleague("")
    assert not roles.studies(user).exists()
    assert not any(roles.may(user, deed, study) for deed in roles.ALLOWED)


def test_superusers_may_do_everything_and_inactive_or_other_accounts_nothing(colleague, study):
    ada = User.objects.create_superuser("ada")
    assert all(roles.may(ada, deed, study) for deed in roles.ALLOWED)
    for name, about in (("owner", {"is_staff": False}), ("editor", {"is_active": False})):
        user = colleague(name, **about)
        assert not any(roles.may(user, deed, study) for deed in roles.ALLOWED)
