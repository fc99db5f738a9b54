"""Places on heatmaps that a study's participants are asked about: drawn on the pictures instead of typed as numbers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path

from studyapp import models, publishing
from studyapp.access import roles
from studyapp.bundles.drawing import heatmap_url
from studyapp.bundles.stimuli import reader, stimulus_url
from studyapp.core.engine.kinds import Parameter, kind, load
from studyapp.core.heatmaps.displays import display_of, level_names, rendering_of
from studyapp.core.heatmaps.marks import Frame, Marking, read_frame, rows_of
from studyapp.core.texts import words
from studyapp.data import audit
from studyapp.desk.pages import page_context, study_of

LETTERS = "ABCDEFGH"


def urls(model_admin) -> list:
    """Return the address of the page on which a parameter's places are drawn."""
    view = model_admin.admin_site.admin_view(_page(model_admin))
    return [path("<int:pk>/marks/<str:parameter>/", view, name="study_marks")]


class PlaceForm(forms.Form):
    """A place on a picture, in percent of its width and height."""

    def __init__(self, data, *, prefix: str, shown: Frame):
        sides = dict(zip(Frame._fields, map(int, shown.written().split()), strict=True))
        super().__init__(data, prefix=prefix, initial=sides)
        for side in Frame._fields:
            least = 1 if side in ("width", "height") else 0
            self.fields[side] = forms.IntegerField(label=words(side), min_value=least, max_value=100)

    def clean(self) -> dict[str, Any]:
        if not self.errors and read_frame(self.written()) is None:
            raise forms.ValidationError("Expected a place that lies in the picture as a whole.")
        return self.cleaned_data

    def written(self) -> str:
        """Return the place as the parameter's cell; only of a form without errors."""
        return " ".join(str(self.cleaned_data[side]) for side in Frame._fields)


def _page(model_admin):
    def page(request: HttpRequest, pk: int, parameter: str) -> HttpResponse:
        study = study_of(request, pk)
        drawn = _marked(study, parameter)
        problems = publishing.problems(study)
        record = {} if problems else publishing.definition(study)
        markings = load(drawn.marked)(record, reader(study.required_bundle)) if record else []
        data = request.POST if request.method == "POST" else None
        forms_of = [_forms(number, marking, data) for number, marking in enumerate(markings)]
        if data is not None:
            if not roles.may(request.user, "change", study):
                raise PermissionDenied
            if _saved(request, study, parameter, markings, forms_of):
                return redirect(request.path)
        context = {
            **page_context(model_admin, request, words(parameter), study),
            "problems": problems,
            "about": drawn.description,
            "markings": [_shown(study, record, *both) for both in zip(markings, forms_of, strict=True)],
            "may_change": roles.may(request.user, "change", study),
            "seen": request.POST.get("seen", "") or audit.latest(study),
        }
        return TemplateResponse(request, "admin/studyapp/study/marks.html", context)

    return page


def _marked(study: models.Study, name: str) -> Parameter:
    for parameter in kind(study.kind).parameters:
        if parameter.name == name and parameter.marked:
            return parameter
    raise Http404


def _forms(number: int, marking: Marking, data) -> dict[str, PlaceForm]:
    """Return a heatmap's forms by column."""
    return {
        column: PlaceForm(data, prefix=f"m{number}-{column}", shown=frame) for column, frame in marking.places.items()
    }


def _saved(request: HttpRequest, study: models.Study, parameter: str, markings, forms_of) -> bool:
    """Store what was drawn, or say why not."""
    if not all(form.is_valid() for places in forms_of for form in places.values()):
        messages.error(request, "Nothing was saved: see below what is wrong.")
        return False
    if meanwhile := audit.edited_since(study, request.POST.get("seen", "")):
        messages.error(request, f"Since this page was opened, {meanwhile}. Load it anew to keep that.")
        return False
    drawn = [{column: form.written() for column, form in places.items()} for places in forms_of]
    rows = rows_of(study.parameters.get(parameter, []), markings, drawn)
    with transaction.atomic():
        before = audit.snapshot(study.pk)
        others = {name: value for name, value in study.parameters.items() if name != parameter}
        study.parameters = others | ({parameter: rows} if rows else {})
        study.save(update_fields=["parameters"])
        if changed := audit.differences(before, audit.snapshot(study.pk)):
            audit.record(request.user, study, audit.EDITED, changed)
    messages.success(request, "Saved. Publish to let participants meet it.")
    return True


def _shown(study: models.Study, record: dict, marking: Marking, places: dict[str, PlaceForm]) -> dict[str, Any]:
    """Return what the page shows of a heatmap: photograph, map, and each place with its letter and its fields."""
    bundle, node = reader(study.required_bundle), marking.node
    image = bundle.images[node.image_id]
    display = display_of(record, node.method, next(iter(level_names(record["display"])), ""))
    return {
        "title": marking.title,
        "asked": marking.asked,
        "own": marking.own is not None,
        "photograph": stimulus_url(study.required_bundle, image["file"]),
        "map": heatmap_url(study.required_bundle, node, display, rendering_of(record)),
        "width": image["width"],
        "height": image["height"],
        "places": [
            {
                "letter": letter,
                "title": marking.called[column],
                "usual": marking.usual[column].written(),
                "form": form,
            }
            for letter, (column, form) in zip(LETTERS, places.items(), strict=False)
        ],
    }
