"""Who asks: `Authorization: Token KEY`, with a key made in the admin."""

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from studyapp import models
from studyapp.models.tokens import digest_of

WORD = "Token"
USED = timedelta(hours=1)


class TokenAuthentication(BaseAuthentication):
    """Sign in by a key; only its digest is stored, so only its digest is looked for."""

    def authenticate(self, request):
        word, _, key = get_authorization_header(request).decode("latin-1").partition(" ")
        if word.lower() != WORD.lower():
            return None
        token = models.Token.objects.select_related("user").filter(digest=digest_of(key.strip())).first()
        if token is None or not token.user.is_active:
            raise AuthenticationFailed("This token is unknown, was deleted, or its user may no longer sign in.")
        if token.used_at is None or token.used_at < timezone.now() - USED:
            token.used_at = timezone.now()
            token.save(update_fields=["used_at"])
        return token.user, token

    def authenticate_header(self, request):
        return WORD


class TokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document tells of it."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema):
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token KEY`"}
