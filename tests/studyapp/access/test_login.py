"""Signing in: a name that fails too often has to wait, and a second factor is asked of whoever has set one up."""

import re
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

pytestmark = [pytest.mark.django_db, pytest.mark.database]

LIMIT = 10
PASSWORD = "correct horse battery"


@pytest.fixture
def ada():
    return User.objects.create_superuser("ada", password=PASSWORD)


def sign_in(client, name="ada", password=PASSWORD, code=""):
    return client.post(reverse("admin:login"), {"username": name, "password": password, "code": code})


def is_in(client) -> bool:
    return client.get(reverse("admin:index")).status_code == 200


def code_of(device: TOTPDevice, steps: int = 0) -> str:
    """Return what the app shows, or will show some half minutes later."""
    clock = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    clock.time = timezone.now().timestamp() + steps * device.step
    return f"{clock.token():06d}"


def set_up(client) -> tuple[TOTPDevice, str]:
    """Turn the second factor on; return the device and the page that shows the recovery codes."""
    client.get(reverse("two_factor"))
    device = TOTPDevice.objects.get()
    return device, client.post(reverse("two_factor"), {"code": code_of(device)}).content.decode()


def test_a_name_that_fails_ten_times_has_to_wait_even_with_the_right_password(client, ada):
    for _ in range(LIMIT - 1):
        assert sign_in(client, password="wrong").status_code == 200
    assert sign_in(client, password="wrong").status_code == 429
    response = sign_in(client)
    assert response.status_code == 429
    assert "Too many attempts" in response.content.decode()
    assert not is_in(client)


def test_after_fifteen_minutes_it_can_be_tried_again(client, ada):
    for _ in range(LIMIT):
        sign_in(client, password="wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert sign_in(client).status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    sign_in(client)
    assert is_in(client)


def test_other_names_are_not_held_up_and_success_forgets_failures(client, ada):
    for _ in range(LIMIT):
        sign_in(client, name="bob", password="wrong")
    for _ in range(LIMIT - 1):
        sign_in(client, password="wrong")
    sign_in(client)
    assert is_in(client)
    assert not AccessAttempt.objects.filter(username="ada").exists()


def test_no_password_or_code_is_kept_of_a_failed_attempt(client, ada):
    sign_in(client, password="my secret", code="424242")
    attempt = AccessAttempt.objects.get()
    assert "my secret" not in attempt.post_data
    assert "424242" not in attempt.post_data


def test_the_second_factor_is_asked_for_once_a_code_has_proved_it(client, ada):
    client.force_login(ada)
    page = client.get(reverse("two_factor")).content.decode()
    assert "<svg" in page
    client.logout()
    sign_in(client)  # only looked at, not set up
    assert is_in(client)
    device, _ = set_up(client)
    client.logout()
    assert "type the code of your app as well" in sign_in(client).content.decode()
    assert not is_in(client)
    assert "This code is wrong" in sign_in(client, code="000000").content.decode()
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    sign_in(client, code=code_of(device, steps=1))
    assert is_in(client)


def test_a_code_works_once(client, ada):
    client.force_login(ada)
    device, _ = set_up(client)
    code = code_of(device, steps=1)
    client.logout()
    sign_in(client, code=code)
    assert is_in(client)
    client.logout()
    assert "was used already" in sign_in(client, code=code).content.decode()
    assert not is_in(client)


def test_wrong_codes_count_as_failures(client, ada):
    client.force_login(ada)
    set_up(client)
    client.logout()
    for _ in range(LIMIT):
        sign_in(client, code="000000")
    assert sign_in(client).status_code == 429


def test_a_recovery_code_signs_in_once(client, ada):
    client.force_login(ada)
    _, page = set_up(client)
    codes = re.findall(r"<li><code>(\w+)</code>", page)
    assert sorted(codes) == sorted(StaticToken.objects.values_list("token", flat=True))
    assert len(codes) == 8
    client.logout()
    sign_in(client, code=codes[0])
    assert is_in(client)
    client.logout()
    sign_in(client, code=codes[0])
    assert not is_in(client)


def test_it_is_turned_off_by_a_code_alone_or_on_the_server(client, ada):
    client.force_login(ada)
    device, _ = set_up(client)
    assert "This code is wrong" in client.post(reverse("two_factor"), {"code": "000000"}).content.decode()
    assert TOTPDevice.objects.filter(confirmed=True).exists()
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    client.post(reverse("two_factor"), {"code": code_of(device, steps=1)})
    assert not TOTPDevice.objects.exists()
    set_up(client)
    call_command("two_factor_off", "ada")
    client.logout()
    sign_in(client)
    assert is_in(client)


def test_the_pages_obey_the_content_security_policy(client, ada):
    login = client.get(reverse("admin:login")).content.decode()
    client.force_login(ada)
    for text in (login, client.get(reverse("two_factor")).content.decode(), set_up(client)[1]):
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", text)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|data:image", text)


def test_nobody_sees_the_page_unsigned(client):
    assert client.get(reverse("two_factor")).status_code == 302


def test_the_locked_page_names_the_command_as_it_is_called_here(settings):
    for command in ("python manage.py", "heatwise"):
        settings.COMMAND = command
        assert f"<code>{command} axes_reset_username NAME</code>" in render_to_string("admin/locked.html")
