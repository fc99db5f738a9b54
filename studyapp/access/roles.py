"""Who may do what with which study. Superusers may do everything; anyone else has a role in a study, or none.

analyst   looks, previews, codes, comments and exports, but sees no recruitment ids and changes nothing
editor    also edits, publishes, pauses, lets bots walk, and sees recruitment ids
owner     also erases participants, deletes the study and gives roles
"""

from studyapp import models

Role = models.Member.Role
ANYONE, EDITORS, OWNERS = set(Role), {Role.OWNER, Role.EDITOR}, {Role.OWNER}
ALLOWED = {
    "view": ANYONE,
    "change": EDITORS,
    "identities": EDITORS,
    "erase": OWNERS,
    "delete": OWNERS,
    "members": OWNERS,
    "code": ANYONE,
    "comment": ANYONE,
    "identities_by_api": OWNERS,
}


def may(user, action: str, study: models.Study) -> bool:
    """Return whether a user may take an action of `ALLOWED` with a study."""
    if not _works_here(user):
        return False
    return user.is_superuser or _roles(user).get(study.pk) in ALLOWED[action]


def may_anywhere(user, action: str) -> bool:
    """Return whether there may be a study with which a user may take an action."""
    if not _works_here(user):
        return False
    return user.is_superuser or any(role in ALLOWED[action] for role in _roles(user).values())


def studies(user, action: str = "view"):
    """Return the studies with which a user may take an action."""
    if not _works_here(user):
        return models.Study.objects.none()
    if user.is_superuser:
        return models.Study.objects.all()
    return models.Study.objects.filter(pk__in=[pk for pk, role in _roles(user).items() if role in ALLOWED[action]])


def bundles(user):
    """Return the bundles that a user sees: all, for whoever adds studies or bundles, else those of the own studies."""
    if _works_here(user) and any(user.has_perm(f"studyapp.add_{what}") for what in ("study", "bundle")):
        return models.Bundle.objects.all()
    return models.Bundle.objects.filter(pk__in=studies(user).values("bundle"))


def may_draw(user, bundle: models.Bundle) -> bool:
    """Return whether a user may draw masks on a bundle: whoever loads bundles, or edits a study on this one."""
    return user.has_perm("studyapp.add_bundle") or studies(user, "change").filter(bundle=bundle).exists()


def role_of(user, study: models.Study) -> str:
    """Return a user's role in a study as a word; empty for none."""
    return "superuser" if user.is_superuser else _roles(user).get(study.pk, "")


def _works_here(user) -> bool:
    return user.is_active and user.is_staff


def _roles(user) -> dict[int, str]:
    """Return a user's role by study, asked of the database once per request: each has its own user object."""
    if not hasattr(user, "_role_by_study"):
        user._role_by_study = dict(models.Member.objects.filter(user=user).values_list("study", "role"))
    return user._role_by_study
