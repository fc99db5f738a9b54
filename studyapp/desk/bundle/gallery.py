"""A bundle's gallery: images as rows, methods as columns, and what is wrong in it marked."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import urlencode

from studyapp import models, publishing
from studyapp.access import roles
from studyapp.bundles.drawing import heatmap_url
from studyapp.bundles.stimuli import reader, stimulus_url
from studyapp.core.bundles import gallery
from studyapp.core.bundles.bundle import Bundle
from studyapp.core.display import Display
from studyapp.core.engine import display_settings
from studyapp.core.heatmaps.displays import display_for, level_names
from studyapp.core.heatmaps.legends import legend
from studyapp.core.texts import words
from studyapp.desk.pages import page_context

PER_PAGE = 12


class ShownForm(forms.Form):
    """Which part of the bundle is looked at, and how."""

    class_name = forms.ChoiceField(label="Class", required=False)
    outcome = forms.ChoiceField(required=False)
    split = forms.ChoiceField(required=False)
    method = forms.MultipleChoiceField(label="Methods", required=False, widget=forms.CheckboxSelectMultiple)
    alone = forms.BooleanField(label="Heatmaps without the photo", required=False)
    problems_only = forms.BooleanField(label="Only what looks wrong", required=False)
    drawn_as = forms.ChoiceField(label="Drawn as in", required=False)

    def __init__(self, data, bundle: Bundle, looks: "Looks"):
        super().__init__(data or {"class_name": gallery.first_class(bundle)})
        own = ("", "the class explained first")
        choices = {
            "class_name": [own, *((name, name) for name in bundle.classes)],
            "outcome": [("", "any"), *((outcome, outcome) for outcome in gallery.OUTCOMES)],
            "split": [("", "any"), *((split, split) for split in gallery.splits(bundle))],
            "method": [(name, bundle.method_title(name)) for name in bundle.methods],
            "drawn_as": looks.choices(),
        }
        for name, offered in choices.items():
            cast(forms.ChoiceField, self.fields[name]).choices = offered

    def values(self) -> dict[str, Any]:
        return self.cleaned_data if self.is_valid() else {}

    def shown(self) -> gallery.Shown:
        values = self.values()
        return gallery.Shown(
            values.get("class_name", ""),
            values.get("outcome", ""),
            values.get("split", ""),
            tuple(values.get("method", ())),
            values.get("problems_only", False),
        )


class Looks:
    """How a bundle's maps are drawn: as usual, or by a display of one of the studies that use it and the user sees."""

    def __init__(self, request: HttpRequest, record: models.Bundle):
        self.methods = reader(record).methods
        studies = roles.studies(request.user).filter(bundle=record)
        self.studies = {str(study.pk): study for study in studies if isinstance(study.display, dict)}

    def choices(self) -> list[tuple[str, str]]:
        """Return them by name: none, a study's key, or that with a level of its factor."""
        found = [("", "no study: as usual")]
        for pk, study in self.studies.items():
            levels = level_names(study.display)
            found += [(f"{pk}:{level}", f"{study}: {level}") for level in levels] or [(pk, str(study))]
        return found

    def display(self, method: str, asked: Mapping[str, Any]) -> Display:
        """Return a method's display; a study that is not the user's, or has a wrong one, leaves it as usual."""
        pk, _, level = str(asked.get("drawn_as") or "").partition(":")
        study = self.studies.get(pk)
        found = display_for(self.methods[method])
        if study and (not level or level in study.display.get("levels", {})):
            usual = publishing.usual_display_of(study)
            if not display_settings.problems(study.display, usual):
                found = display_for(self.methods[method], study.display, usual, level)
        return replace(found, style="map") if asked.get("alone") else found


def urls(model_admin) -> list:
    """Return the gallery's addresses: the page, and each map's picture."""
    guarded = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/gallery/", guarded(_page(model_admin)), name="gallery"),
        path("<int:pk>/gallery/map/", guarded(_picture), name="gallery_map"),
    ]


def _page(model_admin):
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        record = get_object_or_404(roles.bundles(request.user), pk=pk)
        bundle = reader(record)
        asked = request.GET.copy()
        number = (asked.pop("page", None) or ["1"])[0]
        looks = Looks(request, record)
        form = ShownForm(asked, bundle, looks)
        shown, drawn = form.shown(), {name: form.values().get(name) for name in ("alone", "drawn_as")}
        pages = Paginator(gallery.rows(bundle, shown), PER_PAGE)
        images = pages.get_page(number)
        context = {
            **page_context(model_admin, request, f"Gallery: {record}", record),
            "form": form,
            "columns": [_column(bundle, name, looks.display(name, drawn)) for name in shown.methods or bundle.methods],
            "rows": [_row(record, bundle, *pair, shown.methods, drawn) for pair in images],
            "images": images,
            "query": asked.urlencode(),
            "n_problems": len(gallery.problems(bundle)),
            "n_explanations": len(bundle.nodes),
        }
        return TemplateResponse(request, "admin/studyapp/bundle/gallery.html", context)

    return page


def _picture(request: HttpRequest, pk: int) -> HttpResponse:
    """Lead to a map's picture, which is drawn unless it is there: a page of the gallery doesn't wait for all of its."""
    record = get_object_or_404(roles.bundles(request.user), pk=pk)
    bundle, asked = reader(record), request.GET
    tree = bundle.nodes.get((asked.get("image", ""), asked.get("method", ""), asked.get("class", "")), [])
    node = next((one for one in tree if one.node == asked.get("node")), None)
    if node is None:
        raise Http404
    return redirect(heatmap_url(record, node, Looks(request, record).display(node.method, asked)))


def _column(bundle: Bundle, name: str, display: Display) -> dict:
    return {
        "key": name,
        "name": bundle.method_title(name),
        "legend": legend(display, signed=bool(bundle.methods[name].get("signed"))),
        "whole": name in gallery.whole_output(bundle),
    }


def _row(record, bundle: Bundle, image_id: str, class_name: str, methods: tuple[str, ...], drawn: dict) -> dict:
    image = bundle.images[image_id]
    return {
        "id": image_id,
        "url": stimulus_url(record, image["file"]),
        "width": image["width"],
        "height": image["height"],
        "labels": (image.get("labels") or "").replace("|", ", "),
        "dataset": image.get("dataset", ""),
        "class_name": class_name,
        "prediction": bundle.predictions.get(image_id, {}).get(class_name),
        "cells": [
            {
                "method": bundle.method_title(cell.method),
                "problem": cell.problem,
                "metrics": [(words(name), f"{value:.3g}") for name, value in cell.metrics.items()],
                "tree": [_branch(record, branch, drawn) for branch in gallery.tree_of(cell.nodes)],
                "single": len(cell.nodes) == 1,
            }
            for cell in gallery.cells(bundle, image_id, class_name, methods)
        ],
    }


def _branch(record: models.Bundle, branch: dict, drawn: dict) -> dict:
    node = branch["node"]
    named = {"image": node.image_id, "method": node.method, "class": node.target, "node": node.node}
    query = urlencode(named | {name: value for name, value in drawn.items() if value})
    return {
        "label": node.label,
        "score": node.score,
        "url": f"{reverse('admin:gallery_map', args=[record.pk])}?{query}",
        "branches": [_branch(record, below, drawn) for below in branch["branches"]],
    }
