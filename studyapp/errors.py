"""Pages for what goes wrong: participants and researchers each get their own, the API an answer in JSON."""

import sys

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.defaults import server_error

from studyapp import busy

# What a researcher reads: the heading, what happened, and what to do.
AT_THE_DESK = {
    "bad_request": (
        "The server can't read what was sent",
        "Something in the address or in the form is not as the desk writes it. Nothing was changed.",
        "Go back, load the page anew and try once more. If a form is very large, send it in parts.",
    ),
    "forbidden": (
        "Your role doesn't allow this",
        "Nothing was changed.",
        "An owner of the study can give you another role, under “People and roles” on the study's page. Accounts, and "
        "who may add studies and bundles, are up to a superuser.",
    ),
    "csrf": (
        "Please send it once more",
        "The page was open while somebody signed in or out in this browser, or the browser keeps no cookies for this "
        "address. Nothing was changed.",
        "Go back, copy what you have typed, load the page anew and send it again.",
    ),
    "not_found": (
        "There is nothing at this address",
        "It was deleted or never there, or it belongs to a study in which you have no role.",
        "Check the address. Studies and bundles that you may see are listed under “Studies” and “Bundles”.",
    ),
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, "bad_request", 400, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, "forbidden", 403, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, "not_found", 404)


def failed(request: HttpRequest) -> HttpResponse:
    """Say that something went wrong; a page that only found the database busy comes back by itself."""
    return busy.page(request) if busy.is_busy(sys.exc_info()[1]) else server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    at_a_door = request.path.startswith("/s/") and not request.COOKIES
    return _page(request, "cookies" if at_a_door else "csrf", 403)


def _page(request: HttpRequest, reason: str, status: int, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": AT_THE_DESK[reason][0] + "."}, status=status)
    if not request.path.startswith("/admin/") or not hasattr(request, "user"):
        return render(request, "problem.html", {"reason": reason, "language": get_language()}, status=status)
    title, happened, todo = AT_THE_DESK[reason]
    sentence = str(exception) if exception and not isinstance(exception, BadRequest) else ""
    context = {**admin.site.each_context(request), "title": title, "happened": sentence or happened, "todo": todo}
    return render(request, "admin/error.html", context, status=status)
