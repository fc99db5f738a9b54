"""The study's page: a checklist on the way to publishing, live numbers, and everything about the study to edit."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from studyapp import models, publishing
from studyapp.access import roles
from studyapp.core import recruiters
from studyapp.core.engine.kinds import kind
from studyapp.core.reading import READING
from studyapp.core.texts import words
from studyapp.data import audit
from studyapp.desk import uploads
from studyapp.desk.by_role import ByRole
from studyapp.desk.coding import addresses as coding
from studyapp.desk.pages import page_context
from studyapp.desk.people import links
from studyapp.desk.people import roles as people
from studyapp.desk.results import bots, dashboard, downloads, exports, jobs, reports
from studyapp.jobs import files
from studyapp.run import sessions

from . import audits, display, drawn, fits, languages, marks, numbers, questionnaires, transitions, variants, wording
from .conditions import ConditionInline, LabelledFormSet
from .forms import PARAMETER, TEXT, AddStudyForm, study_form, text_order

BASICS = (("title", "slug"), ("bundle", "language"))
PAYMENT = (("currency", "reward_base", "reward_bonus", "reward_partial"),)
RECRUITMENT = (
    ("id_parameter", "require_id", "lab_mode"),
    ("return_url", "return_after_s"),
    ("devices", "starts_per_minute", "starts_per_address"),
    ("code_completed", "code_screened_out", "code_no_consent", "code_withdrawn"),
)
KEEPING = (("active_minutes", "expire_hours", "retention_days"), "notify", "seed")
FOLDED = ("collapse",)
# Where on the page each of `publishing.checks` is seen to.
CHECKED_ON = {
    "Display": "admin:study_display",
    "Stimuli": "admin:study_stimuli",
    "Questionnaires": "admin:questionnaires",
    "Wording by condition": "admin:variants",
    "Languages": "admin:languages",
}
CHECKED_AT = {
    "Bundle": "#id_bundle",
    "Conditions": "#conditions-group",
    "Parameters and texts": "#texts",
    "Information page": f"#id_{PARAMETER}researchers",
}


class InvitationInline(ByRole, admin.TabularInline):
    """Personal links, one per person invited."""

    action_by_permission = dict.fromkeys(("view", "add", "change", "delete"), "identities")
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
        return links.address(self.request, invitation)

    def get_queryset(self, request):
        self.request = request
        return super().get_queryset(request)


@admin.register(models.Study)
class StudyAdmin(ByRole, admin.ModelAdmin):
    action_by_permission = {"view": "view", "change": "change", "delete": "delete"}
    prepopulated_fields = {"slug": ("title",)}
    change_form_template = "admin/studyapp/study/change_form.html"
    inlines = (ConditionInline, InvitationInline)

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
        kwargs["form"] = study_form(obj.kind) if obj else AddStudyForm
        form = super().get_form(request, obj, change=change, **kwargs)
        if "bundle" in form.base_fields:
            form.base_fields["bundle"].widget = form.base_fields["bundle"].widget.widget
            form.base_fields["bundle"].queryset = roles.bundles(request.user)
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
        own_pages = (audits, display, drawn, fits, languages, marks, questionnaires, variants, wording)
        parts = (*own_pages, bots, coding, dashboard, exports, jobs, links, reports)
        around = [address for part in parts for address in part.urls(self)]
        return [*own, *actions, *taken_away, *around, *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        """Send to the desk's first page, which lists the studies."""
        return redirect("admin:index")

    def add_view(self, request, form_url="", extra_context=None):
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**one_button, **(extra_context or {})})

    def change_view(self, request, object_id, form_url="", extra_context=None):
        study = self.get_object(request, object_id)
        about = self._about(request, study) if study else {}
        return super().change_view(request, object_id, form_url, {**about, **(extra_context or {})})

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
            "meaning": "The study goes for good, with its conditions, texts, versions, reports, previews and bots; its "
            "bundle and the record of who changed what stay. “Study as a file” keeps a copy.",
            "problems": problems,
            "button": "Delete",
            "dangerous": True,
        }
        return TemplateResponse(request, "admin/studyapp/confirm.html", context)

    def _about(self, request, study: models.Study) -> dict:
        may_change = self.has_change_permission(request, study)
        checks = publishing.checks(study)
        return {
            "title": study.title,
            "subtitle": None,
            "study_kind": kind(study.kind),
            "numbers": numbers.of(study),
            "checks": [(check, _place(study, check.title)) for check in checks],
            **fits.offered(study, checks, may_change),
            "audit": audits.on_checklist(request, study, [one for check in checks for one in check.problems]),
            "advice": advice(study),
            "transitions": transitions.possible(study) if may_change else [],
            **transitions.under_way(request, study),
            "downloads": downloads.allowed(request.user, study),
            "recruiter": recruiters.recruiter_of(study.id_parameter),
            "open_to_anybody": _is_open_to_anybody(study),
            "link": request.build_absolute_uri(reverse("entry", args=[study.slug])),
            "next_person": request.build_absolute_uri(reverse("next_person", args=[study.slug])),
            "links_form": links.LinksForm() if roles.may(request.user, "identities", study) else None,
            "role": roles.role_of(request.user, study),
            "parameters_at": "".join(f"id_{PARAMETER}{first.name}" for first in kind(study.kind).parameters[:1]),
            "seen": audit.latest(study),
            "versions": study.versions.exclude(number=0),
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
        }


def _is_open_to_anybody(study: models.Study) -> bool:
    """Return whether a study that pays takes whoever comes by its open link."""
    pays = study.reward_base > 0 or study.reward_bonus > 0 or study.code_completed
    return bool(pays and not study.require_id and not study.lab_mode and not study.invitations.exists())


def _place(study: models.Study, title: str) -> str:
    """Return where a check of the study is seen to."""
    page = CHECKED_ON.get(title)
    return reverse(page, args=[study.pk]) if page else CHECKED_AT.get(title, "")


def deletion_problems(study: models.Study) -> list[str]:
    """Return why a study can't be deleted, in words that say what to do; empty when nobody's data is in it."""
    n = study.participants.filter(preview=False, bot="").count()
    if not n:
        return []
    took = "1 person has" if n == 1 else f"{n} people have"
    return [f"{took} started it. Close it, export the data, and keep it: what people gave isn't deleted with a click."]


def advice(study: models.Study) -> list[tuple[str, str]]:
    """Return what a study can be published without, but seldom should be, each with its place on the page."""
    advised = []
    if not study.code_completed and not study.return_url:
        advised.append(
            ("No completion code: recruiters such as Prolific need one to pay people.", "#id_code_completed")
        )
    if "{code}" in study.return_url and not study.code_completed:
        missing = "The return address asks for a code, but there is no code for completed runs."
        advised.append((missing, "#id_code_completed"))
    if wrong := recruiters.mismatch(study.id_parameter, study.return_url):
        advised.append((wrong, "#id_return_url"))
    if _is_open_to_anybody(study):
        open_to_all = (
            "Anybody who has the link can take part, again and again, and be paid for it. Give out personal links, or "
            "require the recruiter’s id."
        )
        advised.append((open_to_all, "#id_require_id"))
    for key, default in kind(study.kind).texts(study.language).items():
        if READING in default and READING not in study.texts.get(key, default):
            said = f"Text “{words(key)}” tells how heatmaps are read without {READING}: see that it fits the display."
            advised.append((said, "#texts"))
    unseen = list(study.conditions.exclude(participants__preview=True).values_list("name", flat=True))
    if unseen and study.current is None:
        advised.append((f"Not previewed yet: {', '.join(unseen)}.", "#conditions-group"))
    return advised
