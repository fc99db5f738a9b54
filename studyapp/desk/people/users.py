"""Accounts: who there is, what each may add, and in which studies they work."""

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Exists, OuterRef
from django.utils.html import format_html, format_html_join
from django_otp.plugins.otp_totp.models import TOTPDevice

from studyapp import models

MAY = {
    "add_study": "may add and load studies, which they then own",
    "add_bundle": "may load bundles, and see all there are",
}
HELP = {
    "is_active": "off: cannot sign in; what they did stays",
    "is_staff": "may sign in at the desk, where roles in studies say what they see",
    "is_superuser": "may do everything, with every study and account",
}

admin.site.unregister(Group)
admin.site.unregister(User)


class AccountForm(UserChangeForm):
    """An account, with what it may add as boxes to tick."""

    may = forms.MultipleChoiceField(
        label="Beyond roles", required=False, choices=list(MAY.items()), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["may"].initial = [one.codename for one in self.instance.user_permissions.filter(codename__in=MAY)]
        for name, help_text in HELP.items():
            self.fields[name].help_text = help_text

    def give(self) -> None:
        """Give and take the permissions that are ticked here; others stay."""
        ours = Permission.objects.filter(content_type__app_label="studyapp", codename__in=MAY)
        self.instance.user_permissions.remove(*ours)
        self.instance.user_permissions.add(*ours.filter(codename__in=self.cleaned_data["may"]))


@admin.register(User)
class AccountAdmin(UserAdmin):
    form = AccountForm
    list_display = ("username", "name", "email", "may_do", "studies", "second_factor", "last_seen")
    list_filter = ("is_active", "is_staff", "is_superuser")
    list_per_page = 50
    actions = None
    filter_horizontal = ()
    searched = "Name or mail address"
    fieldsets = (
        ("Account", {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("What they may do", {"fields": ("is_active", "is_staff", "is_superuser", "may", "roles")}),
    )
    readonly_fields = ("roles",)
    change_user_password_template = "admin/studyapp/password.html"

    def get_queryset(self, request):
        confirmed = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).annotate(has_factor=Exists(confirmed))

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if isinstance(form, AccountForm):
            form.give()

    def render_change_form(self, request, context, *args, **kwargs):
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context | one_button, *args, **kwargs)

    @admin.display(description="Name", ordering="last_name")
    def name(self, user):
        return user.get_full_name()

    @admin.display(description="May")
    def may_do(self, user):
        """Say what the account is, in few words."""
        if not user.is_active:
            state, words = "paused", "off"
        elif user.is_superuser:
            state, words = "active", "everything"
        else:
            state, words = ("open", "sign in at the desk") if user.is_staff else ("", "nothing")
        return format_html('<span class="hw-pill hw-{}">{}</span>', state, words)

    @admin.display(description="Studies")
    def studies(self, user):
        return models.Member.objects.filter(user=user).count() or ""

    @admin.display(description="Two-factor", ordering="has_factor")
    def second_factor(self, user):
        return "on" if user.has_factor else "off"

    @admin.display(description="Last signed in (UTC)", ordering="last_login")
    def last_seen(self, user):
        return f"{user.last_login:%d %b %Y %H:%M}" if user.last_login else "never"

    @admin.display(description="Roles in studies")
    def roles(self, user):
        rows = models.Member.objects.filter(user=user).select_related("study").order_by("study__title")
        told = format_html_join("", "<li>{}: {}</li>", ((row.study, row.get_role_display()) for row in rows))
        return format_html('<ul class="hw-plain">{}</ul>', told) if rows else "none; a study’s owner gives them"
