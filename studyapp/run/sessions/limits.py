"""How many runs may begin from one network address: so many a minute, and so many a day.

An address is kept as a keyed hash for as long as it counts, a day at most, and beside no run: nobody can tell who came
from where. An unknown address, as behind a proxy that passes none on, is limited by nothing.
"""

from datetime import timedelta
from ipaddress import ip_address

from django.utils import timezone
from django.utils.crypto import salted_hmac

from studyapp import models

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TOO_FAST, TOO_MANY = "too_fast", "too_many"
HOUSEHOLD = 8  # bytes of an address: by IPv6 a household has all that begin alike; by IPv4 an address has but four


def reached(study: models.Study, address: str) -> str:
    """Return which limit a start from an address would break now: too_fast, too_many, or empty for none."""
    if not address:
        return ""
    now = timezone.now()
    before = models.Start.objects.filter(study=study, address=_hashed(study, address))
    limits = ((TOO_FAST, MINUTE, study.starts_per_minute), (TOO_MANY, DAY, study.starts_per_address))
    for reason, span, most in limits:
        if most is not None and before.filter(at__gt=now - span).count() >= most:
            return reason
    return ""


def count(study: models.Study, address: str) -> None:
    """Count a start from an address, and forget those that count no longer."""
    now = timezone.now()
    models.Start.objects.filter(study=study, at__lte=now - DAY).delete()
    if address:
        models.Start.objects.create(study=study, address=_hashed(study, address), at=now)


def _hashed(study: models.Study, address: str) -> str:
    try:
        known = ip_address(address).packed[:HOUSEHOLD]
    except ValueError:
        known = address.encode()
    return salted_hmac("studyapp.address", f"{study.pk}:{known.hex()}", algorithm="sha256").hexdigest()[:32]
