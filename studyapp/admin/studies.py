"""The study's page: a checklist on the way to publishing, live numbers, and everything about the study to edit."""

from django.contrib import admin
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html

from studyapp import models, publishing
from studyapp.core.kinds import kind

from . import downloads, numbers, transitions, uploads
from .conditions import ConditionInline, LabelledFormSet
from .study_forms import PARAMETER, TEXT, AddStudyForm, crossed_conditions, study_form, text_order

BASICS = (("title", "slug"), ("bundle", "language"))
PAYMENT = (("currency", "reward_base", "reward_bonus", "reward_partial"),)
RECRUITMENT = (
    ("id_parameter", "require_id"),
    "return_url",
    ("code_completed", "code_screened_out", "code_no_consent", "code_withdrawn"),
)
KEEPING = (("active_minutes", "expire_hours", "retention_days"), "seed")
FOLDED = ("collapse",)


class InvitationInline(admin.TabularInline):
    """Personal links, one per person invited."""

    model = models.Invitation
    formset = LabelledFormSet
    extra = 0
    fields = ("note", "group", "link")
    readonly_fields = ("link",)
    verbose_name, verbose_name_plural = "personal link", "personal links"
    classes = FOLDED

    @admin.display(description="Link")
    def link(self, invitation):
        if invitation.pk is None:
            return "made when saved"
        return f"{reverse('entry', args=[invitation.study.slug])}?link={invitation.token}"


@admin.register(models.Study)
class StudyAdmin(admin.ModelAdmin):
    list_display = ("title", "state", "kind_title", "completed", "under_way", "started", "link")
    list_filter = ("status", "kind")
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    change_form_template = "admin/studyapp/study/change_form.html"
    inlines = (ConditionInline, InvitationInline)

    def get_queryset(self, request):
        """Return all studies, with live numbers for the list alone: grouping by a study's long texts is slow."""
        studies = super().get_queryset(request)
        listed = request.resolver_match.url_name == "studyapp_study_changelist"
        return numbers.counted(studies) if listed else studies.select_related("current", "bundle")

    # Forms

    def get_form(self, request, obj=None, change=False, **kwargs):
        kwargs["form"] = study_form(obj.kind) if obj else AddStudyForm
        form = super().get_form(request, obj, change=change, **kwargs)
        if "bundle" in form.base_fields:
            form.base_fields["bundle"].widget = form.base_fields["bundle"].widget.widget
        return form

    def get_fieldsets(self, request, obj=None):
        if obj is None:
            return [(None, {"fields": ("title", "slug", "kind", "bundle")})]
        its_kind = kind(obj.kind)
        parameters = [f"{PARAMETER}{parameter.name}" for parameter in its_kind.parameters]
        texts = [f"{TEXT}{key}" for key in text_order(its_kind)]
        edited = [
            ("Parameters", {"fields": parameters, "classes": FOLDED}),
            ("Texts", {"fields": texts, "classes": (*FOLDED, "hw-texts")}),
        ]
        return [
            ("Study", {"fields": BASICS}),
            *(edited if self.has_change_permission(request, obj) else []),
            ("Payment", {"fields": PAYMENT, "classes": FOLDED}),
            ("Recruitment and codes", {"fields": RECRUITMENT, "classes": FOLDED}),
            ("Analysis plan", {"fields": ("analysis_plan",), "classes": FOLDED}),
            ("Timing, keeping, seed", {"fields": KEEPING, "classes": FOLDED}),
        ]

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else self.prepopulated_fields

    def get_inlines(self, request, obj):
        return self.inlines if obj else ()

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if not change:
            cells = crossed_conditions(kind(obj.kind))
            models.Condition.objects.bulk_create(models.Condition(study=obj, **cell) for cell in cells)

    def response_add(self, request, obj, post_url_continue=None):
        self.message_user(request, f"“{obj}” was added with every combination of its factors as a condition.")
        return redirect("admin:studyapp_study_change", obj.pk)

    def response_change(self, request, obj):
        if "_continue" in request.POST or "_save" in request.POST:
            self.message_user(request, f"“{obj}” was saved.")
            return redirect("admin:studyapp_study_change", obj.pk)
        return super().response_change(request, obj)

    # The page around the form

    def get_urls(self):
        actions = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(transitions.view(self, name)), name=f"study_{name}")
            for name in transitions.TRANSITIONS
        ]
        files = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(downloads.view(self, name)), name=f"study_{name}")
            for name in downloads.DOWNLOADS
        ]
        load = path("load/", self.admin_site.admin_view(uploads.view(self, "study")), name="load_study")
        return [load, *actions, *files, *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Studies", **(extra_context or {})})

    def add_view(self, request, form_url="", extra_context=None):
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**one_button, **(extra_context or {})})

    def change_view(self, request, object_id, form_url="", extra_context=None):
        study = self.get_object(request, object_id)
        about = self._about(request, study) if study else {}
        return super().change_view(request, object_id, form_url, {**about, **(extra_context or {})})

    def _about(self, request, study: models.Study) -> dict:
        may_change = self.has_change_permission(request, study)
        return {
            "title": study.title,
            "subtitle": None,
            "study_kind": kind(study.kind),
            "numbers": numbers.of(study),
            "checks": publishing.checks(study),
            "advice": advice(study),
            "transitions": transitions.possible(study) if may_change else [],
            "downloads": downloads.allowed(request.user),
            "link": request.build_absolute_uri(reverse("entry", args=[study.slug])),
            "versions": study.versions.exclude(number=0),
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }

    # The list

    @admin.display(description="Status", ordering="status")
    def state(self, study):
        return format_html('<span class="hw-pill hw-{}">{}</span>', study.status, study.get_status_display())

    @admin.display(description="Kind", ordering="kind")
    def kind_title(self, study):
        return kind(study.kind).title

    @admin.display(description="Started", ordering="n_started")
    def started(self, study):
        return study.n_started

    @admin.display(description="Under way", ordering="n_active")
    def under_way(self, study):
        return study.n_active

    @admin.display(description="Completed", ordering="n_completed")
    def completed(self, study):
        return study.n_completed

    @admin.display(description="Participants' link")
    def link(self, study):
        address = reverse("entry", args=[study.slug])
        return format_html('<a href="{}">{}</a>', address, address)


def advice(study: models.Study) -> list[str]:
    """Return what a study can be published without, but seldom should be."""
    found = []
    if not study.code_completed and not study.return_url:
        found.append("No completion code: recruiters such as Prolific need one to pay people.")
    if "{code}" in study.return_url and not study.code_completed:
        found.append("The return address asks for a code, but there is no code for completed runs.")
    unseen = study.conditions.exclude(participants__preview=True).count()
    if unseen and study.current is None:
        found.append(f"{unseen} of {study.conditions.count()} conditions were never previewed.")
    return found
