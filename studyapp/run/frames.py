"""A step's page but for what is one run's own: rendered once for all to whom it shows the same, and kept."""

import json
import re
import secrets
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template import loader
from django.utils.html import conditional_escape

from studyapp.run.keeping import Kept

FRAMES = 1_000  # kept in a process
MARK = secrets.token_hex(12)  # that no text can hold
DATA = ("draft", "next_images")  # what the page's scripts read
IN_SCRIPT = {ord(sign): f"\\u{ord(sign):04X}" for sign in "<>&"}  # as Django's `json_script` writes them
HOLE = re.compile(f'"{MARK}-({"|".join(DATA)})-"|{MARK}-([a-z_.]+)-')

_kept: Kept[list[bytes]] = Kept(FRAMES)


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> bytes:
    """Return what a template makes of a context that has a name it is `kept_as`.

    A template shows what is the run's `own`, the parts of `progress` among it, as it is: it decides nothing by that.
    """
    own = context["own"]
    values = {**own, **{f"progress.{name}": value for name, value in own["progress"].items()}}
    values["csrf_token"] = get_token(request)
    frame = _kept.get(context["kept_as"]) or _framed(template, context)
    return b"".join(_filled(values, part) if place % 2 else part for place, part in enumerate(frame))


def _framed(template: str, context: dict[str, Any]) -> list[bytes]:
    """Return the page's parts, at every other place the name of what stands there."""
    holes: dict[str, Any] = {name: f"{MARK}-{name}-" for name in (*context["own"], "csrf_token")}
    holes["progress"] = {name: f"{MARK}-progress.{name}-" for name in context["own"]["progress"]}
    rendered = loader.get_template(template).render({**context, **holes})
    frame = HOLE.sub(lambda found: MARK + (found[1] or found[2]) + MARK, rendered).encode().split(MARK.encode())
    _kept.keep(context["kept_as"], frame)
    return frame


def _filled(values: dict[str, Any], part: bytes) -> bytes:
    value = values[name := part.decode()]
    if name in DATA:
        return json.dumps(value, cls=DjangoJSONEncoder).translate(IN_SCRIPT).encode()
    return conditional_escape(value).encode()
