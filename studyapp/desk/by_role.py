"""Permissions of the desk's pages by the user's role in a study."""

from django.contrib import admin

from studyapp import models
from studyapp.access import roles


class ByRole:
    """What a user may do with an object by the role in its study, as the action that each permission takes allows."""

    action_by_permission: dict[str, str] = {}

    def study_of(self, obj):
        return obj if isinstance(obj, models.Study) else obj.study

    def visible(self, request, queryset):
        return queryset.filter(study__in=roles.studies(request.user))

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        return self.visible(request, queryset) if isinstance(self, admin.ModelAdmin) else queryset

    def has_module_permission(self, request):
        return self._may(request, "view", None)

    def has_view_permission(self, request, obj=None):
        return self._may(request, "view", obj)

    def has_add_permission(self, request, obj=None):
        return self._may(request, "add", obj)

    def has_change_permission(self, request, obj=None):
        return self._may(request, "change", obj)

    def has_delete_permission(self, request, obj=None):
        return self._may(request, "delete", obj)

    def _may(self, request, permission: str, obj) -> bool:
        action = self.action_by_permission.get(permission)
        if action is None:
            return False
        study = self.study_of(obj) if obj is not None else None
        if study is None:  # any study, or one that is gone
            return roles.may_anywhere(request.user, action) if obj is None else request.user.is_superuser
        return roles.may(request.user, action, study)


class StudyFilter(admin.RelatedFieldListFilter):
    """Filter by study, offering only those that the user sees."""

    def field_choices(self, field, request, model_admin):
        return [(study.pk, str(study)) for study in roles.studies(request.user)]


class ConditionFilter(admin.RelatedFieldListFilter):
    """Filter by condition, once the study is chosen."""

    def field_choices(self, field, request, model_admin):
        chosen = request.GET.get("study__id__exact", "")
        seen = roles.studies(request.user).filter(pk=chosen) if chosen.isdecimal() else roles.studies(request.user)
        cells = models.Condition.objects.filter(study__in=seen).select_related("study")
        return [(cell.pk, cell.name if chosen else f"{cell.study.slug}: {cell.name}") for cell in cells]

    def has_output(self):
        return True
