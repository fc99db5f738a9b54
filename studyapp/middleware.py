"""Middleware of Django's and others', done without where it would do nothing."""

from functools import cached_property

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin


class _ForStaff(MiddlewareMixin):
    """Participants sign in nowhere and have cookies of their own: their pages pass it by, but for the previews."""

    def __call__(self, request: HttpRequest):
        path = request.path_info
        if path.startswith("/s/") and "/preview/" not in path:
            return self.get_response(request)
        return super().__call__(request)


class Sessions(_ForStaff, SessionMiddleware):
    pass


class Authentication(_ForStaff, AuthenticationMiddleware):
    pass


class Messages(_ForStaff, MessageMiddleware):
    pass


class ContentPolicy(CSPMiddleware):
    """Builds the policy once; anew for a response that asks for one of its own."""

    @cached_property
    def usual(self) -> str:
        policy: str = build_policy()
        return policy

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        own = hasattr(request, "_csp_nonce") or any(name.startswith("_csp") for name in vars(response))
        if own or settings.DEBUG:
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.usual)
        return response
