"""A database that is busy: pages that wait, and come back by themselves.

SQLite lets one write at a time; whoever waits longer than its timeout, as behind bots, meets an `OperationalError`.
"""

from collections.abc import Callable

from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language

AGAIN_S = 4


class NotesStores:
    """Note of a form sent at the desk whether anything was stored, as `request.has_stored`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not request.path.startswith("/admin/"):
            return self.get_response(request)

        def noting(execute, sql, params, many, context):
            done = execute(sql, params, many, context)
            if str(sql).lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
                request.has_stored = True  # type: ignore[attr-defined]
            return done

        with connection.execute_wrapper(noting):
            return self.get_response(request)


def is_busy(fault: BaseException | None) -> bool:
    """Return whether a fault is that of a database that others are writing to, or that can't be reached just now."""
    return isinstance(fault, OperationalError)


def page(request: HttpRequest) -> HttpResponse:
    """Say so, and come back.

    A participant's page counts once however often it is sent. A form of the desk is sent again by itself only where
    nothing had been stored before the database was found busy, so that nothing is done twice.
    """
    if request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", ""):
        return _later(JsonResponse({"detail": "The database is busy. Try again in a moment."}, status=503))
    is_form = request.method == "POST"
    names = [name for name in request.POST if name != "csrfmiddlewaretoken"]
    context = {
        "sent": [(name, value) for name in names for value in request.POST.getlist(name)],
        "is_form": is_form,
        "by_itself": not request.FILES and not getattr(request, "has_stored", False),
        "at_desk": request.path.startswith("/admin/"),
        "seconds": AGAIN_S,
        "language": get_language(),
    }
    response = render(request, "busy.html", context, status=503)
    if not is_form:
        response["Refresh"] = str(AGAIN_S)
    return _later(response)


def _later(response: HttpResponse) -> HttpResponse:
    response["Retry-After"] = str(AGAIN_S)
    response["Cache-Control"] = "no-store"
    return response
