"""Keys to the API."""

import hashlib
import secrets

from django.conf import settings
from django.db import models


def digest_of(key: str) -> str:
    """Return what is stored of a key. It is long and random, so one round of SHA-256 can't be undone by guessing."""
    return hashlib.sha256(key.encode()).hexdigest()


class Token(models.Model):
    """A key that acts for a user; the key itself is shown once, when it is made, and never stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60, help_text="what it is for, as in “notebook on my laptop”")
    start = models.CharField(max_length=8, help_text="its first characters, to tell it from others")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, help_text="to the hour")

    class Meta:
        ordering = ["-pk"]
        verbose_name = "API token"

    def __str__(self):
        return f"{self.name} ({self.start}…)"

    @classmethod
    def make(cls, user, name: str) -> tuple["Token", str]:
        """Store a new token and return it with its key."""
        key = secrets.token_urlsafe(32)
        return cls.objects.create(user=user, name=name, start=key[:6], digest=digest_of(key)), key
