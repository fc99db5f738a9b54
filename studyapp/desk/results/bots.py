"""Bots from the desk: ordered here, walked by a job, so that participants' pages stay quick."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path

from studyapp import jobs, models, publishing
from studyapp.access import roles
from studyapp.core.engine import flow, skills
from studyapp.core.engine.answers import skills_of
from studyapp.core.engine.kinds import kind
from studyapp.data import audit
from studyapp.desk.pages import page_context, study_of
from studyapp.desk.results import jobs as shown_jobs
from studyapp.run import sessions
from studyapp.run.sessions import places

AT_MOST = 500
SHOWN = 10  # orders
ORDERS = "admin/studyapp/study/_bot_orders.html"


class BotsForm(forms.Form):
    """How many bots of which skill."""

    n_bots = forms.IntegerField(label="How many", min_value=1, max_value=AT_MOST, initial=12)
    skill = forms.CharField(max_length=20, initial="random")

    def __init__(self, *args, named: dict[str, str], room: int | None, **kwargs):
        super().__init__(*args, **kwargs)
        self.named, self.room = named, room
        said = ", ".join(f"{name} ({does})" for name, does in named.items())
        self.fields["skill"].help_text = f"{said}, or the chance of a right answer, as p=0.7"

    def clean_n_bots(self) -> int:
        n_bots = self.cleaned_data["n_bots"]
        if self.room is not None and n_bots > self.room:
            raise forms.ValidationError(
                f"The quotas have room for {self.room} more. Ask for so many, delete bots that have walked, or raise "
                "the quotas."
            )
        return n_bots

    def clean_skill(self) -> str:
        skill = self.cleaned_data["skill"].strip()
        try:
            skills.check(skill, self.named)
        except ValueError as unknown:
            raise forms.ValidationError(str(unknown)) from None
        return skill


def urls(model_admin) -> list:
    """Return the addresses of a study's bots and of how far they are."""
    signed_in = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/bots/", signed_in(_page(model_admin)), name="study_bots"),
        path("<int:pk>/bots/progress/", signed_in(_progress), name="study_bots_progress"),
    ]


def _page(model_admin):
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        study = get_object_or_404(roles.studies(request.user).select_related("current", "bundle"), pk=pk)
        may_change = roles.may(request.user, "change", study)
        room = _room(study) if study.current else None
        form = BotsForm(request.POST or None, named=skills_of(kind(study.kind)), room=room)
        problems = _problems(study, room)
        if "discard" in request.GET and may_change and request.method == "GET":
            return TemplateResponse(request, "admin/studyapp/confirm.html", _asking(model_admin, request, study))
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            if "discard" in request.POST:
                skill = request.POST["discard"]
                with transaction.atomic():
                    sessions.discard_trial_runs(study, skill)
                    which = f"bots ({skill})" if skill else "previews and bots"
                    audit.record(request.user, study, f"Deleted all {which}.")
                return redirect(request.path)
            if not problems and form.is_valid():
                _order(request.user, study, **form.cleaned_data)
                return redirect(request.path)
        context = {
            **page_context(model_admin, request, "Bots", study),
            "form": form,
            "problems": problems,
            "may_change": may_change,
            "is_draft": study.current is None,
            "is_full": room == 0,
            "walked": _walked(study),
            **_orders(request, study),
        }
        return TemplateResponse(request, "admin/studyapp/study/bots.html", context)

    return page


def _asking(model_admin, request: HttpRequest, study: models.Study) -> dict:
    skill = request.GET["discard"]
    n = sessions.trial_runs(study, skill).count()
    return {
        **page_context(
            model_admin, request, f"Delete all {f'bots ({skill})' if skill else 'previews and bots'}?", study
        ),
        "study": study,
        "meaning": f"All {n} of them go for good, with their answers, events and what was coded of their texts. What "
        "people gave stays.",
        "problems": [] if n else ["There are none; nothing is to be deleted."],
        "button": "Delete",
        "action": "discard",
        "value": skill,
        "back": request.path,
        "dangerous": True,
    }


def _progress(request: HttpRequest, pk: int) -> HttpResponse:
    context = _orders(request, study_of(request, pk))
    return shown_jobs.answer(request, ORDERS, context, [order["job"] for order in context["orders"]])


def _orders(request: HttpRequest, study: models.Study) -> dict:
    orders = jobs.of(study, "bots")[:SHOWN]
    return {"study": study, "orders": [shown_jobs.state(request, order) for order in orders]}


def _problems(study: models.Study, room: int | None) -> list[str]:
    if study.current is None:
        return publishing.problems(study)
    if study.status != models.Study.Status.OPEN:
        return [f"The study is {study.status}: resume it first."]
    full = "No open condition has room for another bot. Delete some of those below, or raise the quotas."
    return [full] if room == 0 else []


def _room(study: models.Study) -> int | None:
    """Return how many more bots the quotas of a published study have room for; None where one has no quota."""
    room = 0
    for cell in places.cells(study, places.tally(study, places.bots(study))):
        if cell.open and cell.quota is None:
            return None
        room += max(0, cell.quota - cell.completed - (cell.placed or 0)) if cell.open and cell.quota else 0
    return room


def _walked(study: models.Study) -> list[dict]:
    """Return the bots that have walked a published study, by their skill, the latest first."""
    return list(
        places.bots(study)
        .order_by()
        .values("bot")
        .annotate(n=Count("pk"), completed=Count("pk", filter=Q(status=flow.COMPLETED)), last=Max("started_at"))
        .order_by("-last")
    )


def _order(user, study: models.Study, n_bots: int, skill: str) -> None:
    with transaction.atomic():
        jobs.ask("bots", study=study, user=user, parameters={"n_bots": n_bots, "skill": skill})
        audit.record(user, study, f"Sent {n_bots} bots ({skill}).")
