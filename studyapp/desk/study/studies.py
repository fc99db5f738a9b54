"""Studies in the admin: how one is added, saved section by section, and deleted; its other pages by their addresses."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path

from studyapp import models
from studyapp.access import roles
from studyapp.core.engine.kinds import kind
from studyapp.data import audit
from studyapp.desk import uploads
from studyapp.desk.by_role import ByRole
from studyapp.desk.coding import addresses as coding
from studyapp.desk.pages import page_context
from studyapp.desk.people import comments, links
from studyapp.desk.people import roles as people
from studyapp.desk.people.invitations import InvitationInline
from studyapp.desk.results import bots, dashboard, downloads, exports, jobs, reports
from studyapp.desk.stimuli import audits, display, drawn, marks
from studyapp.desk.wording import languages, questionnaires, rendered, variants
from studyapp.jobs import files
from studyapp.run import sessions

from . import fits, sections, setup, transitions
from .conditions import ConditionInline
from .forms import AddStudyForm, study_form

INLINES = {sections.CONDITIONS: (ConditionInline,), sections.LINKS: (InvitationInline,)}


@admin.register(models.Study)
class StudyAdmin(ByRole, admin.ModelAdmin):
    action_by_permission = {"view": "view", "change": "change", "delete": "delete"}
    prepopulated_fields = {"slug": ("title",)}
    add_form_template = "admin/studyapp/study/add.html"
    change_form_template = "admin/studyapp/study/section.html"

    def visible(self, request, queryset):
        return queryset.filter(pk__in=roles.studies(request.user))

    def has_view_permission(self, request, obj=None):
        return request.user.is_staff if obj is None else super().has_view_permission(request, obj)

    def has_add_permission(self, request):
        return request.user.has_perm("studyapp.add_study")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("current", "bundle")

    # Forms

    def get_form(self, request, obj=None, change=False, **kwargs):
        kwargs["form"] = study_form(obj.kind, request.section) if obj else AddStudyForm
        form = super().get_form(request, obj, change=change, **kwargs)
        if "bundle" in form.base_fields:
            form.base_fields["bundle"].widget = form.base_fields["bundle"].widget.widget
            form.base_fields["bundle"].queryset = roles.bundles(request.user)
        return form

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return [(None, {"fields": ("title", "slug", "kind", "bundle")})]
        return [(None, {"fields": request.section.rows(kind(obj.kind))})]

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else self.prepopulated_fields

    def get_inlines(self, request, obj):
        return INLINES.get(request.section.name, ()) if obj else ()

    def save_model(self, request, obj, form, change):
        request.before_saving = audit.snapshot(obj.pk) if change else {}
        super().save_model(request, obj, form, change)
        if not change:
            models.Condition.objects.bulk_create(models.Condition(study=obj, **cell) for cell in form.conditions())
            obj.fitted = fits.fit_new(obj)
            people.make_owner(request.user, obj)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        study = form.instance
        if not change:
            audit.record(request.user, study, "Added the study.")
        elif found := audit.differences(request.before_saving, audit.snapshot(study.pk)):
            audit.record(request.user, study, audit.EDITED, found)

    def response_add(self, request, obj, post_url_continue=None):
        n = obj.conditions.count()
        cells = "1 condition" if n == 1 else f"{n} conditions"
        lacking = f" Left out, for the bundle has no maps for them: {', '.join(obj.left_out)}." if obj.left_out else ""
        fitted = f" Set so that the bundle can fill it: {fits.in_words(obj.fitted)}." if obj.fitted else ""
        self.message_user(
            request, f"“{obj}” was added, with {cells}.{lacking}{fitted} The checklist says what comes next."
        )
        return redirect("admin:studyapp_study_change", obj.pk)

    def response_change(self, request, obj):
        """Stay in the section that was saved, or go on to the one that a button names."""
        self.message_user(request, f"{request.section.title}: saved.", messages.SUCCESS)
        wanted = request.POST.get("next", "")
        on = next((one for one in sections.of(obj, request.user) if one.name == wanted), request.section)
        return redirect("admin:study_section", obj.pk, on.name)

    # The pages around the form

    def get_urls(self):
        actions = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(transitions.view(self, name)), name=f"study_{name}")
            for name in transitions.TRANSITIONS
        ]
        actions.append(
            path(
                "<int:pk>/publish/progress/", self.admin_site.admin_view(transitions.progress), name="study_publishing"
            )
        )
        taken_away = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(downloads.view(self, name)), name=f"study_{name}")
            for name in downloads.DOWNLOADS
        ]
        own = [
            path("load/", self.admin_site.admin_view(uploads.view(self, "study")), name="load_study"),
            path("<int:pk>/people/", self.admin_site.admin_view(people.view(self)), name="study_people"),
        ]
        own_pages = (audits, display, drawn, fits, languages, marks, questionnaires, rendered, setup, variants)
        parts = (*own_pages, bots, coding, comments, dashboard, exports, jobs, links, reports)
        around = [address for part in parts for address in part.urls(self)]
        return [*own, *actions, *taken_away, *around, *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        """Send to the desk's first page, which lists the studies."""
        return redirect("admin:index")

    def add_view(self, request, form_url="", extra_context=None):
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**one_button, **(extra_context or {})})

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Show a study's overview; what it is set to is edited in its sections."""
        study = self.get_object(request, object_id)
        if study is None:
            # Django's own, which its stubs leave out.
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return setup.overview(self, request, study)

    def history_view(self, request: HttpRequest, object_id, extra_context=None) -> HttpResponse:
        """Show Django's own record of edits to those who may edit: it names the personal links."""
        study = self.get_object(request, object_id)
        if study is not None and not self.has_change_permission(request, study):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def delete_view(self, request: HttpRequest, object_id, extra_context=None) -> HttpResponse:
        """Ask, then delete a study that holds nobody's data; previews and bots go with it."""
        study = self.get_object(request, object_id)
        if study is None:
            # Django's own, which its stubs leave out.
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if not self.has_delete_permission(request, study):
            raise PermissionDenied
        problems = deletion_problems(study)
        if request.method == "POST" and not problems:
            with transaction.atomic():
                audit.record(request.user, study, "Deleted the study.")
                sessions.discard_trial_runs(study)
                files.discard_all(study)
                study.delete()
            self.message_user(request, f"“{study}” was deleted.", messages.SUCCESS)
            return redirect("admin:index")
        context = {
            **page_context(self, request, f"Delete “{study}”?", study),
            "study": study,
            "meaning": "The study goes for good, with its conditions, texts, versions, reports, previews and bots; its "
            "bundle and the record of who changed what stay. “Study as a file” keeps a copy.",
            "problems": problems,
            "button": "Delete",
            "dangerous": True,
        }
        return TemplateResponse(request, "admin/studyapp/confirm.html", context)


def deletion_problems(study: models.Study) -> list[str]:
    """Return why a study can't be deleted, in words that say what to do; empty when nobody's data is in it."""
    n = study.participants.filter(preview=False, bot="").count()
    if not n:
        return []
    took = "1 person has" if n == 1 else f"{n} people have"
    return [f"{took} started it. Close it, export the data, and keep it: what people gave isn't deleted with a click."]
