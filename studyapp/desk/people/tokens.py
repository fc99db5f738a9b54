"""Keys to the API: each researcher makes and deletes their own; a key is shown once."""

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html

from studyapp import models
from studyapp.access import roles


@admin.register(models.Token)
class TokenAdmin(admin.ModelAdmin):
    list_display = ("name", "key", "whose", "made", "used")
    fields = ("name",)
    ordering = ("-pk",)

    def get_queryset(self, request):
        tokens = super().get_queryset(request).select_related("user")
        return tokens if request.user.is_superuser else tokens.filter(user=request.user)

    def has_module_permission(self, request):
        return self.has_add_permission(request)

    def has_view_permission(self, request, obj=None):
        return self.has_add_permission(request) and (obj is None or self._owns(request, obj))

    def has_add_permission(self, request):
        return roles.may_anywhere(request.user, "view")

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return self.has_view_permission(request, obj)

    def _owns(self, request, token) -> bool:
        return request.user.is_superuser or token.user_id == request.user.pk

    def add_view(self, request, form_url="", extra_context=None):
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**one_button, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj, form, change):
        """Make the token, and show its key this once."""
        made, key = models.Token.make(request.user, form.cleaned_data["name"])
        obj.pk, obj.user, obj.start, obj.digest, obj.created_at = made.pk, made.user, made.start, made.digest, None
        sentence = "Copy the key now; it is not shown again: <code>{}</code>"
        self.message_user(request, format_html(sentence, key), messages.WARNING)

    def log_addition(self, request, obj, message):
        return super().log_addition(request, models.Token.objects.get(pk=obj.pk), message)

    @admin.display(description="Key")
    def key(self, token):
        return format_html("<code>{}…</code>", token.start)

    @admin.display(description="Acts for", ordering="user")
    def whose(self, token):
        return token.user.get_username()

    @admin.display(description="Made (UTC)", ordering="created_at")
    def made(self, token):
        return f"{token.created_at:%d %b %Y %H:%M}"

    @admin.display(description="Last used (UTC, to the hour)", ordering="used_at")
    def used(self, token):
        return f"{token.used_at:%d %b %Y %H:%M}" if token.used_at else "never"
