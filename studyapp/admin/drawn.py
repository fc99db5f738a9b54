"""All stimuli of a study, as its seed draws them, to look at before it is published; and another draw."""

from dataclasses import dataclass, field

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path

from studyapp import models, publishing, roles
from studyapp.models.studies import new_seed
from studyapp.stimuli import reader, stimulus_url

from . import audit
from .parameter_fields import words


@dataclass
class Group:
    """A part of the drawn stimuli under its heading: pictures, plain facts, and further parts."""

    heading: str
    level: int
    anchor: str = ""
    images: list = field(default_factory=list)
    facts: list = field(default_factory=list)
    parts: list = field(default_factory=list)

    @property
    def n_images(self) -> int:
        return len(self.images) + sum(part.n_images for part in self.parts)


def grouped(heading: str, value, known: dict, level: int = 2, anchor: str = "") -> Group:
    """Return drawn stimuli, whatever a kind's are like, as headings with pictures and facts.

    Every text that is the id of an image in `known` is that picture; a key that is one becomes the part's own picture.
    """
    group = Group(words(heading) if heading not in known else "", level, heading if heading in known else anchor)
    items = value.items() if isinstance(value, dict) else enumerate(value, start=1)
    for name, item in items:
        if isinstance(item, str) and item in known:
            group.images.append((item, words(name) if isinstance(name, str) else "", ""))
        elif name in known and not _holds_images(item, known):
            group.images.append((name, "", _shown(item, known)))
        elif isinstance(item, dict | list) and _holds_images(item, known):
            title = (
                name if isinstance(name, str) else str(item.get("name", name)) if isinstance(item, dict) else str(name)
            )
            group.parts.append(grouped(title, item, known, min(level + 1, 5)))
        elif item not in ({}, [], None, ""):
            group.facts.append((_shown(name, known), _shown(item, known)))
    return group


def _title(name, item) -> str:
    """Return a part's heading: its key, or in a list its own name or its number."""
    own = item.get("name") if isinstance(item, dict) and not isinstance(name, str) else None
    return str(own or name)


def urls(model_admin) -> list:
    """Return the address of a study's stimuli."""
    view = model_admin.admin_site.admin_view(_page(model_admin))
    return [path("<int:pk>/stimuli/", view, name="study_stimuli")]


def _page(model_admin):
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        study = get_object_or_404(roles.studies(request.user).select_related("bundle"), pk=pk)
        may_change = roles.may(request.user, "change", study)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            _draw_others(request.user, study)
            messages.success(request, "Others were drawn. Publish to let participants meet them.")
            return redirect(request.path)
        problems = publishing.problems(study)
        context = {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "object": study,
            "title": "Stimuli",
            "problems": problems,
            "group": None if problems else _drawn(study),
            "may_change": may_change,
        }
        return TemplateResponse(request, "admin/studyapp/study/stimuli.html", context)

    return page


def _drawn(study: models.Study) -> Group:
    bundle = reader(study.bundle)
    group = grouped("stimuli", publishing.definition(study)["stimuli"], bundle.images)
    _dress(group, study.bundle, bundle)
    return group


def _dress(group: Group, record: models.Bundle, bundle) -> None:
    """Give every picture its address, size and labels."""
    group.images = [_picture(image_id, record, bundle, name, note) for image_id, name, note in group.images]
    group.anchor = _picture(group.anchor, record, bundle) if group.anchor else None
    for part in group.parts:
        _dress(part, record, bundle)


def _picture(image_id: str, record: models.Bundle, bundle, name: str = "", note: str = "") -> dict:
    image = bundle.images[image_id]
    return {
        "id": image_id,
        "name": name,
        "note": note,
        "url": stimulus_url(record, image["file"]),
        "width": image["width"],
        "height": image["height"],
        "labels": (image.get("labels") or "").replace("|", ", "),
    }


def _draw_others(user, study: models.Study) -> None:
    with transaction.atomic():
        before = audit.snapshot(study.pk)
        study.seed, study.stimuli = new_seed(), None
        study.save(update_fields=["seed", "stimuli"])
        audit.record(user, study, "Drew other stimuli.", audit.differences(before, audit.snapshot(study.pk)))


def _holds_images(value, known: dict) -> bool:
    if isinstance(value, dict):
        return any(key in known for key in value) or any(_holds_images(item, known) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_holds_images(item, known) for item in value)
    return isinstance(value, str) and value in known


def _shown(value, known: dict) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{words(str(name))}: {_shown(item, known)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_shown(item, known) for item in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
