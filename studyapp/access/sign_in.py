"""Signing in: throttled by django-axes, and with a second factor for whoever has set one up (django-otp)."""

import segno
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django_otp import match_token, user_has_device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

N_RECOVERY = 8
CODE_HELP = {"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "off"}


def address(request: HttpRequest) -> str | None:
    """Return the address that failed attempts are counted for: the peer's, as proxies pass no other on."""
    return request.META.get("REMOTE_ADDR") or None


class SignInForm(AdminAuthenticationForm):
    """Name and password, and the code for those who have set up a second factor."""

    code = forms.CharField(required=False, max_length=20, widget=forms.TextInput(attrs=CODE_HELP))

    def clean(self):
        cleaned = super().clean()
        user = self.get_user()
        if user is None or not user_has_device(user):
            return cleaned
        code = cleaned.get("code", "").replace(" ", "")
        if code and match_token(user, code):
            return cleaned
        self.user_cache = None
        if not code:
            raise ValidationError("This account has two-factor sign-in: type the code of your app as well.")
        user_login_failed.send(__name__, credentials={"username": user.get_username()}, request=self.request)
        raise ValidationError("This code is wrong, or was used already. Wait for the next one.")


class CodeForm(forms.Form):
    """One code of the app, to prove that it was set up, or that it is the owner who changes something."""

    code = forms.CharField(label="Code of your app", max_length=20, widget=forms.TextInput(attrs=CODE_HELP))


@never_cache
def two_factor(request: HttpRequest) -> HttpResponse:
    """The account's own page: set up, or turn off, the second factor."""
    user = request.user
    device = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    form = CodeForm(request.POST or None)
    recovery: list[str] = []
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"].replace(" ", "")
        if device:
            done = _turn_off(user, code)
        else:
            recovery = _turn_on(user, code)
            done = bool(recovery)
        if not done:
            form.add_error("code", "This code is wrong, or was used already. Wait for the next one.")
        elif device:
            messages.success(request, "Two-factor sign-in is off.")
            return redirect(request.path)
    waiting = None if device or recovery else _waiting_device(user)
    context = {
        **admin.site.each_context(request),
        "title": "Two-factor sign-in",
        "form": form,
        "on": bool(device),
        "recovery": recovery,
        "n_left": StaticToken.objects.filter(device__user=user).count(),
        "secret": _spaced(waiting) if waiting else "",
        "picture": _picture(waiting) if waiting else "",
    }
    return TemplateResponse(request, "admin/two_factor.html", context)


def _waiting_device(user) -> TOTPDevice:
    """Return the device that the page's picture sets up; it counts once a code has proved it."""
    return TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "app"})[0]


def _turn_on(user, code: str) -> list[str]:
    """Confirm the waiting device and return new recovery codes; empty where the code is wrong."""
    with transaction.atomic():
        device = _waiting_device(user)
        if not device.verify_token(code):
            return []
        device.confirmed = True
        device.save()
        spare = StaticDevice.objects.create(user=user, name="recovery")
        codes = [StaticToken.random_token() for _ in range(N_RECOVERY)]
        spare.token_set.bulk_create(StaticToken(device=spare, token=token) for token in codes)
        return codes


def _turn_off(user, code: str) -> bool:
    if not match_token(user, code):
        return False
    remove_devices(user)
    return True


def remove_devices(user) -> None:
    """Forget a user's second factor and recovery codes."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


def _spaced(device: TOTPDevice) -> str:
    secret = device.config_url.partition("secret=")[2].partition("&")[0]
    return " ".join(secret[index : index + 4] for index in range(0, len(secret), 4))


def _picture(device: TOTPDevice) -> str:
    """Return the QR code as SVG in the page itself: no library in the browser, and no request that names the secret."""
    return mark_safe(segno.make(device.config_url, micro=False).svg_inline(scale=5, border=4, light="#fff"))
