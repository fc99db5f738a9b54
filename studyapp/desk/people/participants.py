"""Participants and what they did: looked at, exported, erased, but never edited."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Func, IntegerField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from studyapp import models
from studyapp.access import roles
from studyapp.core.engine import flow
from studyapp.data import audit
from studyapp.desk.by_role import ByRole, ConditionFilter, StudyFilter
from studyapp.desk.pages import page_context
from studyapp.run import sessions

from . import stepping
from .replay import replay


class JsonLength(Func):
    """How many entries a JSON list has, counted by the database."""

    function, output_field = "JSON_ARRAY_LENGTH", IntegerField()

    def as_postgresql(self, compiler, connection):
        return self.as_sql(compiler, connection, function="JSONB_ARRAY_LENGTH")


class WhoFilter(admin.SimpleListFilter):
    title, parameter_name = "who", "who"

    def lookups(self, request, model_admin):
        return [("people", "People"), ("bots", "Bots"), ("previews", "Previews")]

    def queryset(self, request, queryset):
        match self.value():
            case "people":
                return queryset.filter(preview=False, bot="")
            case "bots":
                return queryset.filter(preview=False, bot__gt="")
            case "previews":
                return queryset.filter(preview=True)


@admin.register(models.Participant)
class ParticipantAdmin(ByRole, admin.ModelAdmin):
    """Participants are looked at; they are erased, which leaves a tombstone, but never edited nor deleted."""

    action_by_permission = {"view": "view"}
    list_display = ("code", "study_slug", "condition", "state", "progress", "duration", "who", "started")
    list_filter = (("study", StudyFilter), "status", WhoFilter, ("condition", ConditionFilter))
    list_select_related = ("study", "condition")
    list_per_page = 50
    search_fields = ("code",)
    searched = "Code"
    ordering = ("-pk",)
    change_form_template = "admin/studyapp/participant/change_form.html"
    actions = ("erase_selected",)

    def get_list_display(self, request):
        """Leave the study out where all runs are of one."""
        narrowed = "study__id__exact" in request.GET
        return [name for name in self.list_display if not (narrowed and name == "study_slug")]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(n_steps=JsonLength(F("plan__steps")))

    def has_erase_permission(self, request) -> bool:
        return roles.may_anywhere(request.user, "erase")

    def get_urls(self):
        erase = path("erase/", self.admin_site.admin_view(self.erase_view), name="participant_erase")
        return [erase, *stepping.urls(self), *super().get_urls()]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        participant = self.get_object(request, object_id)
        about = self._about(request, participant) if participant else {}
        return super().change_view(request, object_id, form_url, {**about, **(extra_context or {})})

    def _about(self, request, participant: models.Participant) -> dict:
        run = sessions.get(participant.pk)
        sees_ids = roles.may(request.user, "identities", run.study)
        identity = models.Identity.objects.filter(participant=run).first() if sees_ids else None
        return {
            **replay(run),
            "title": run.code,
            "subtitle": None,
            "run": run,
            "identity": identity,
            "duration": self.duration(run),
            "may_erase": roles.may(request.user, "erase", run.study) and run.status != sessions.ERASED,
        }

    @admin.action(description="Erase the selected participants", permissions=["erase"])
    def erase_selected(self, request, queryset):
        codes = ",".join(queryset.values_list("code", flat=True))
        return redirect(f"{reverse('admin:participant_erase')}?codes={codes}")

    def erase_view(self, request: HttpRequest) -> HttpResponse:
        """Ask, then erase the participants whose codes are given."""
        codes = request.GET.get("codes", "").split(",")
        chosen = self.get_queryset(request).filter(code__in=codes).select_related("study", "condition")
        if not chosen or not all(roles.may(request.user, "erase", run.study) for run in chosen):
            raise PermissionDenied
        if request.method == "POST":
            for participant in chosen:
                with transaction.atomic():
                    sessions.erase(participant.pk)
                    audit.record(request.user, participant.study, f"Erased participant {participant.code}.")
            self.message_user(request, f"Erased {len(chosen)}.", messages.SUCCESS)
            return redirect("admin:studyapp_participant_changelist")
        meaning = "Answers, events and recruitment ids go for good; a row with code, condition and times stays."
        context = {
            **page_context(self, request, f"Erase {len(chosen)} participant{'' if len(chosen) == 1 else 's'}?"),
            "study": chosen[0].study if len({run.study_id for run in chosen}) == 1 else None,
            "meaning": meaning,
            "listed": [f"{run.code}, {run.study}, {run.condition}, {run.get_status_display()}" for run in chosen],
            "button": "Erase",
            "dangerous": True,
        }
        return TemplateResponse(request, "admin/studyapp/confirm.html", context)

    @admin.display(description="Study", ordering="study")
    def study_slug(self, run):
        return run.study.slug

    @admin.display(description="Started (UTC)", ordering="started_at")
    def started(self, run):
        return f"{run.started_at:%d %b %H:%M}"

    @admin.display(description="Status", ordering="status")
    def state(self, run):
        return format_html('<span class="hw-pill hw-{}">{}</span>', run.status, run.get_status_display())

    @admin.display(description="Progress", ordering="position")
    def progress(self, run):
        if not run.n_steps:
            return "–"
        done = run.n_steps if run.status == flow.COMPLETED else run.position
        return format_html('<progress max="{}" value="{}"></progress> {} of {}', run.n_steps, done, done, run.n_steps)

    @admin.display(description="Duration")
    def duration(self, run):
        seconds = int(((run.ended_at or run.seen_at) - run.started_at).total_seconds())
        return f"{seconds // 60}:{seconds % 60:02d} min"

    @admin.display(description="Who")
    def who(self, run):
        return "preview" if run.preview else f"bot {run.bot}" if run.bot else "person"
