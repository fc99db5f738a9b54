"""Comments on a study between its researchers: a thread each, answered, resolved, taken back by whoever wrote it."""

from collections.abc import Callable

from django import forms
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone

from studyapp import models
from studyapp.access import roles
from studyapp.data.audit import record
from studyapp.desk.pages import page_context, study_of

PAGE = "admin/studyapp/study/comments.html"


class CommentForm(forms.ModelForm):
    """What somebody has to say."""

    class Meta:
        model = models.Comment
        fields = ("text",)
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}


def urls(model_admin) -> list:
    """Return the address of a study's comments."""
    return [path("<int:pk>/comments/", model_admin.admin_site.admin_view(_page(model_admin)), name="study_comments")]


def n_open(study: models.Study) -> int:
    """Return how many comments on a study are not resolved yet, answers not counted."""
    return models.Comment.objects.filter(study=study, answers=None, resolved_at=None).count()


def _page(model_admin):
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
        form = CommentForm(request.POST if "add" in request.POST else None)
        if request.method == "POST":
            if not roles.may(request.user, "comment", study):
                raise PermissionDenied
            if _done(request, study, form):
                return redirect(request.path)
        threads = models.Comment.objects.filter(study=study, answers=None).prefetch_related("replies")
        context = {
            **page_context(model_admin, request, "Comments", study),
            "open": [one for one in threads if not one.resolved_at],
            "resolved": [one for one in threads if one.resolved_at],
            "form": form,
            "refused": request.POST.get("answers", ""),
        }
        return TemplateResponse(request, PAGE, context)

    return page


def _done(request: HttpRequest, study: models.Study, form: CommentForm) -> bool:
    """Do what the page was sent for; False where the form has errors to show."""
    if "add" in request.POST:
        return _added(request, study, form)
    name = next((name for name in ACTIONS if name in request.POST), None)
    if name is None:
        raise BadRequest(f"expected add or one of {', '.join(ACTIONS)}")
    with transaction.atomic():
        comment = _comment(study, request.POST[name])
        record(request.user, study, ACTIONS[name](request.user, comment))
    return True


def _added(request: HttpRequest, study: models.Study, form: CommentForm) -> bool:
    if not form.is_valid():
        return False
    with transaction.atomic():
        above = _comment(study, request.POST["answers"]) if request.POST.get("answers") else None
        comment = form.instance
        comment.study, comment.author, comment.who = study, request.user, request.user.get_username()
        comment.answers = (above.answers or above) if above else None
        form.save()
        record(request.user, study, "Answered a comment." if above else "Commented.")
    return True


def _comment(study: models.Study, pk: str) -> models.Comment:
    return get_object_or_404(
        models.Comment.objects.select_for_update(), study=study, pk=int(pk) if pk.isdecimal() else 0
    )


def _resolve(user, comment: models.Comment) -> str:
    comment.resolved_at, comment.resolved_by = timezone.now(), user.get_username()
    comment.save(update_fields=["resolved_at", "resolved_by"])
    return "Resolved a comment."


def _reopen(user, comment: models.Comment) -> str:
    comment.resolved_at, comment.resolved_by = None, ""
    comment.save(update_fields=["resolved_at", "resolved_by"])
    return "Opened a comment again."


def _delete(user, comment: models.Comment) -> str:
    """Delete somebody's own comment; where others have answered, its words alone."""
    if comment.author_id != user.pk:
        raise PermissionDenied
    if comment.replies.exists():
        comment.text = ""
        comment.save(update_fields=["text"])
    else:
        comment.delete()
    return "Deleted a comment of their own."


ACTIONS: dict[str, Callable[..., str]] = {"resolve": _resolve, "reopen": _reopen, "delete": _delete}
