"""Who is behind a run; for superusers alone, and never changed here."""

from django.contrib import admin

from studyapp import models


@admin.register(models.Identity)
class IdentityAdmin(admin.ModelAdmin):
    list_display = ("external_id", "source", "study", "participant")
    list_filter = ("study", "source")
    search_fields = ("external_id", "participant__code")
    list_select_related = ("study", "participant")

    def has_module_permission(self, request):
        return request.user.is_superuser

    def has_view_permission(self, request, obj=None):
        return request.user.is_superuser

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
