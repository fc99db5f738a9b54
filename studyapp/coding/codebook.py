"""The codebook: codes, their keys, how often each was given."""

from django.db.models import Count, Q, QuerySet

from studyapp import models

# Keys in the order in which codes get them; U, N and S have a meaning of their own on the coding page.
KEYS = "123456789qwertyiopadfghjklzxcvbm"


def codes(study: models.Study) -> QuerySet[models.Code]:
    """Return the study's codes, each with `n_given`: in how many finished readings it stands."""
    return study.codes.annotate(n_given=Count("readings", filter=Q(readings__done=True)))


def free_key(study: models.Study) -> str:
    """Return the first key that no code has; empty when all are taken."""
    taken = set(study.codes.values_list("key", flat=True))
    return next((key for key in KEYS if key not in taken), "")


def listed(study: models.Study) -> list[dict]:
    """Return the codes as the coding page needs them."""
    return [
        {"id": code.pk, "name": code.name, "kind": code.kind, "key": code.key, "description": code.description}
        for code in study.codes.all()
    ]
