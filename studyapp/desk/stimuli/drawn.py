"""All stimuli of a study, as its seed draws them, to look at before it is published; and another draw."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path

from studyapp import models, publishing
from studyapp.access import roles
from studyapp.bundles.stimuli import reader, stimulus_url
from studyapp.core.texts import words
from studyapp.data import audit
from studyapp.desk.pages import page_context
from studyapp.models.studies import new_seed


@dataclass
class Group:
    """A part of the drawn stimuli under its heading: pictures, plain facts, and further parts."""

    heading: str
    level: int
    anchor: Any = ""  # an image's id, and once dressed what its picture needs
    note: str = ""
    images: list = field(default_factory=list)
    facts: list = field(default_factory=list)
    parts: list = field(default_factory=list)

    @property
    def n_images(self) -> int:
        return bool(self.anchor) + len(self.images) + sum(part.n_images for part in self.parts)


def grouped(heading: str, value, known: dict, level: int = 2, anchor: str = "", notes: dict | None = None) -> Group:
    """Return drawn stimuli, whatever a kind's are like, as headings with pictures and facts.

    Every text that is the id of an image in `known` is that picture; a key that is one becomes the part's own picture.
    What is told of pictures that stand in the same part anyway becomes their note: no picture is shown for that alone.
    """
    group = Group(heading, level, anchor, (notes or {}).get(anchor, ""))
    items = (
        value if isinstance(value, dict) else {f"{n} of {len(value)}": item for n, item in enumerate(value, start=1)}
    )
    facts = _facts_of_pictures(items, known)
    notes = _merged(notes or {}, facts)
    for name, item in items.items():
        if name in facts or _only_an_order(item, items, known):
            continue
        if isinstance(item, str) and item in known:
            group.images.append((item, words(name) if isinstance(value, dict) else "", notes.get(item, "")))
        elif name in known and not _images_in(item, known):
            group.images.append((name, "", _shown(item, known)))
        elif isinstance(item, dict | list) and _images_in(item, known):
            own, part = (name, "") if name in known else ("", _title(name, item))
            group.parts.append(grouped(part, item, known, min(level + 1, 5), own, notes))
        elif item not in ({}, [], None, "", heading):
            group.facts.append((words(name), _lines(item, known)))
    return group


def _title(name: str, item) -> str:
    """Return a part's heading: its own name, or its key."""
    return str(item["name"]) if isinstance(item, dict) and item.get("name") else words(name)


def _facts_of_pictures(items: dict, known: dict) -> dict[str, dict]:
    """Return those of a part's items that tell something of its pictures, each of which stands in the part itself."""
    found = {
        name: item
        for name, item in items.items()
        if isinstance(item, dict) and item and item.keys() <= known.keys() and not _images_in([*item.values()], known)
    }
    shown = _images_in([item for name, item in items.items() if name not in found], known)
    return {name: item for name, item in found.items() if item.keys() <= shown}


def _merged(notes: dict[str, str], facts: dict[str, dict]) -> dict[str, str]:
    """Return what is told of each picture in words, with what was told of it before."""
    merged = dict(notes)
    for name, item in facts.items():
        for image_id, fact in item.items():
            sentence = _shown(fact, {}) if isinstance(fact, dict) else f"{words(name)}: {_shown(fact, {})}"
            merged[image_id] = f"{merged[image_id]}; {sentence}" if image_id in merged else sentence
    return merged


def _only_an_order(item, items: dict, known: dict) -> bool:
    """Return whether a list of pictures says no more than the order of another item's parts, each under its picture."""
    if not isinstance(item, list) or not _images_in(item, known):
        return False
    return any(isinstance(other, dict) and list(other) == item for other in items.values())


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
            **page_context(model_admin, request, "Stimuli", study),
            "problems": problems,
            "group": None if problems else _drawn(study),
            "may_change": may_change,
        }
        return TemplateResponse(request, "admin/studyapp/study/stimuli.html", context)

    return page


def _drawn(study: models.Study) -> Group:
    bundle = reader(study.required_bundle)
    group = grouped("", publishing.definition(study)["stimuli"], bundle.images)
    _dress(group, study.required_bundle, bundle)
    return group


def _dress(group: Group, record: models.Bundle, bundle) -> None:
    """Give every picture its address, size and labels."""
    group.images = [_picture(image_id, record, bundle, name, note) for image_id, name, note in group.images]
    group.anchor = _picture(group.anchor, record, bundle, note=group.note) if group.anchor else None
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


def _images_in(value, known: dict) -> set[str]:
    """Return the ids of all images that stand anywhere in drawn stimuli."""
    if isinstance(value, dict):
        return {key for key in value if key in known}.union(*(_images_in(item, known) for item in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(_images_in(item, known) for item in value))
    return {value} if isinstance(value, str) and value in known else set()


def _lines(value, known: dict) -> list[str]:
    """Return a fact in words; of several things, each with facts of its own, one line each."""
    several = isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value)
    return [_shown(item, known) for item in value] if several else [_shown(value, known)]


def _shown(value, known: dict) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{words(str(name))}: {_shown(item, known)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_shown(item, known) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
