"""The trail of who changed what, looked at and never changed."""

from difflib import ndiff

from django.contrib import admin

from studyapp import models
from studyapp.access import roles
from studyapp.desk.by_role import ByRole, StudyFilter

SHORT = 60


@admin.register(models.Change)
class ChangeAdmin(ByRole, admin.ModelAdmin):
    """All actions on record, for whoever may change the study; of deleted studies, and of none, for superusers."""

    action_by_permission = {"view": "change"}
    list_display = ("when", "who", "slug", "action", "what")
    list_filter = (("study", StudyFilter), "who")
    search_fields = ("action", "who")
    searched = "Change or name"
    list_per_page = 50
    change_form_template = "admin/studyapp/change/change_form.html"

    def visible(self, request, queryset):
        if request.user.is_superuser:
            return queryset
        return queryset.filter(study__in=roles.studies(request.user, "change"))

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"heading": "Who changed what", **(extra_context or {})})

    def change_view(self, request, object_id, form_url="", extra_context=None):
        change = self.get_object(request, object_id)
        about = {"title": change.action, "details": [_shown(*row) for row in change.details]} if change else {}
        return super().change_view(request, object_id, form_url, {**about, "subtitle": None, **(extra_context or {})})

    @admin.display(description="When (UTC)", ordering="at")
    def when(self, change):
        return f"{change.at:%d %b %Y %H:%M}"

    @admin.display(description="What")
    def what(self, change):
        names = [name for name, _, _ in change.details]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _shown(what: str, before: str | None, after: str | None) -> dict:
    """Return a difference ready to show: short values side by side, long ones line by line."""
    was, now = before or "", after or ""
    long = was and now and max(len(was), len(now)) > SHORT
    lines = ndiff(was.splitlines(), now.splitlines()) if long else ()
    marks = {"- ": "removed", "+ ": "added", "  ": "kept"}
    return {
        "what": what,
        "before": before,
        "after": after,
        "lines": [(marks[line[:2]], line[2:]) for line in lines if line[:2] in marks],
    }
