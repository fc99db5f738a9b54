"""How a study's heatmaps look: its own stimuli by every method, redrawn as fields change, two displays side by side."""

from base64 import b64encode
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_GET

from studyapp import models, publishing
from studyapp.access import roles
from studyapp.bundles.drawing import preview
from studyapp.bundles.stimuli import reader
from studyapp.core.display import RANGES, colour_tables
from studyapp.core.engine import display_settings
from studyapp.core.heatmaps import displays
from studyapp.core.heatmaps.legends import legend
from studyapp.data import audit
from studyapp.desk.pages import page_context, study_of

from . import display_levels, samples

SIDES = ("a", "b")
WORDS = {
    "style": {
        "over_grey": "Over grey",
        "overlay": "Over the photograph",
        "contours": "Contour lines",
        "reveal": "Reveal the strongest",
        "map": "Map alone",
    },
    "scale": {"study": "Alike in all maps", "image": "Alike in a picture", "map": "Each map its own"},
    "sign": {"positive": "What is for", "both": "For and against"},
    "floor": {"reference": "No effect", "minimum": "Lowest value"},
}
LABELS = {"style": "Style", "colours": "Colours", "scale": "Scale", "sign": "Shows", "floor": "Clear where"}
NUMBERS = {"smoothing": "Smoothing, % width", "percentile": "Peak, percentile", "opacity": "Opacity"}
STEPS = {"smoothing": 0.1, "percentile": 0.5, "opacity": 0.05}


class FieldsForm(forms.Form):
    """A display's fields, each left empty for what is usual; `empty` tells in words what that is."""

    def __init__(self, *args, empty: dict[str, str], **kwargs):
        super().__init__(*args, **kwargs)
        for name, label in LABELS.items():
            known = WORDS.get(name) or {table: _table_words(table) for table in colour_tables()}
            choices = [("", empty[name]), *known.items()]
            self.fields[name] = forms.ChoiceField(label=label, choices=choices, required=False)
        for name, label in NUMBERS.items():
            low, high = RANGES[name]
            widget = forms.NumberInput(attrs={"step": STEPS[name], "placeholder": empty[name]})
            self.fields[name] = forms.FloatField(
                label=label, min_value=low, max_value=high, required=False, widget=widget
            )

    def own(self) -> dict[str, Any]:
        """Return the fields that are filled in."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class Side:
    """One of the two displays on the page: its name as a level, its fields, and other fields for some methods."""

    def __init__(self, side: str, methods: dict[str, str], usual: dict, data=None, shown: dict | None = None, name=""):
        self.side, self.titles, self.data = side, methods, data
        self.name = (data.get(f"{side}-name", "").strip() if data is not None else name) or side.upper()
        shown = shown or {}
        every = displays.display_for({}, {}, usual).described()
        empty = {name: _usually(name, every[name]) for name in displays.FIELDS}
        empty["smoothing"] = f"{every['smoothing']:g}; pixelwise {displays.SMOOTHING}"
        empty["colours"] = "Reds or RdBu_r (usual)"
        self.form = FieldsForm(data, prefix=side, initial=shown, empty=empty)
        above = dict.fromkeys(displays.FIELDS, "As above")
        self.of_methods = [
            (
                title,
                FieldsForm(data, prefix=f"{side}-m{place}", initial=shown.get("methods", {}).get(method), empty=above),
            )
            for place, (method, title) in enumerate(methods.items())
        ]

    def problems(self) -> list[str]:
        """Return what is wrong with what was typed, in words; a display that makes no sense together too."""
        forms_of = [("", self.form), *self.of_methods]
        typed = [
            f"{title}{': ' if title else ''}{form.fields[name].label}: {' '.join(map(str, errors))}"
            for title, form in forms_of
            for name, errors in form.errors.items()
        ]
        return typed or display_settings.problems(self.settings(), {})

    def settings(self) -> dict[str, Any]:
        """Return the display as a study stores it; only of a side that was typed without errors."""
        of_methods = {
            method: own
            for method, (_, form) in zip(self.titles, self.of_methods, strict=True)
            if form.is_valid() and (own := form.own())
        }
        own = self.form.own() if self.form.is_valid() else {}
        return own | ({"methods": of_methods} if of_methods else {})


def urls(model_admin) -> list:
    """Return the addresses of the page and of a row of pictures on it."""
    guarded = model_admin.admin_site.admin_view
    return [
        path("<int:pk>/display/", guarded(_page(model_admin)), name="study_display"),
        path("<int:pk>/display/row/", guarded(_row), name="study_display_row"),
    ]


def _page(model_admin):
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        study = get_object_or_404(roles.studies(request.user).select_related("bundle"), pk=pk)
        may_change = roles.may(request.user, "change", study)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        context = {**page_context(model_admin, request, "Display", study), "may_change": may_change}
        if study.bundle is None:
            return TemplateResponse(request, "admin/studyapp/study/display.html", context)
        sides = _sides(study, request)
        if request.method == "POST" and _saved(request, study, sides):
            return redirect(request.path)
        context |= {
            "sides": sides,
            "samples": samples.of(study),
            "levels": displays.level_names(study.display),
            "varies": request.POST.get("varies") or displays.varies(study.display),
            "seen": request.POST.get("seen") or audit.latest(study),
        }
        return TemplateResponse(request, "admin/studyapp/study/display.html", context)

    return page


def _sides(study: models.Study, request: HttpRequest) -> list[Side]:
    """Return both displays: as typed, or the two levels asked for or first, or the study's beside contours."""
    usual, methods = publishing.usual_display_of(study), reader(study.required_bundle).titles("methods")
    if request.method == "POST":
        return [Side(side, methods, usual, request.POST) for side in SIDES]
    stored = study.display
    if levels := displays.level_names(stored):
        asked = [request.GET.get(side, "") for side in SIDES]
        names = [name if name in levels else levels[place] for place, name in enumerate(asked)]
        shown = [display_settings.of_level(stored, name) for name in names]
    else:
        names, shown = ["usual", "contours"], [stored, stored | {"style": "contours"}]
    return [Side(side, methods, usual, None, own, name) for side, own, name in zip(SIDES, shown, names, strict=True)]


def _saved(request: HttpRequest, study: models.Study, sides: list[Side]) -> bool:
    """Do what the button says, or say why not."""
    wrong, settings = _asked(request, study, sides)
    if meanwhile := audit.edited_since(study, request.POST.get("seen", "")):
        wrong = [f"Since this page was opened, {meanwhile}. Load it anew to keep that."]
    wrong = wrong or display_settings.problems(settings, {})
    try:
        if not wrong:
            with transaction.atomic():
                before = audit.snapshot(study.pk)
                study.display = settings
                study.save(update_fields=["display"])
                display_levels.adapt_conditions(study)
                if changes := audit.differences(before, audit.snapshot(study.pk)):
                    audit.record(request.user, study, audit.EDITED, changes)
    except display_levels.PeopleAreInIt as error:
        study.refresh_from_db()
        wrong = [str(error)]
    for problem in wrong:
        messages.error(request, problem)
    if not wrong:
        messages.success(request, f"{_done(study)} Publish to let participants meet it.")
    return not wrong


def _asked(request: HttpRequest, study: models.Study, sides: list[Side]) -> tuple[list[str], dict[str, Any]]:
    """Return what is wrong with what was typed and asked for, and the study's settings as they would be."""
    use, levels = request.POST.get("use", ""), study.display.get("levels", {})
    if (dropped := request.POST.get("drop", "")) in levels:
        others = {name: own for name, own in levels.items() if name != dropped}
        return [], study.display | {"levels": others}
    chosen = sides if use == "levels" else [side for side in sides if side.side == use]
    wrong = [f"{side.side.upper()}: {problem}" for side in chosen for problem in side.problems()]
    if not chosen:
        return ["Choose one of the displays, or both as factor levels."], study.display
    if use != "levels":
        return wrong, chosen[0].settings()
    if sides[0].name == sides[1].name:
        wrong.append("Give the two displays different names.")
    both = {side.name: side.settings() for side in sides}
    return wrong, display_settings.with_levels(study.display, both, request.POST.get("varies", ""))


def _done(study: models.Study) -> str:
    if not study.display.get("levels"):
        return "The study has this display."
    names = ", ".join(displays.level_names(study.display))
    if displays.varies(study.display) == displays.WITHIN:
        return f"Every participant meets {names}, from trial to trial."
    return f"Conditions show {names}: there is one for each."


@require_GET
def _row(request: HttpRequest, pk: int) -> HttpResponse:
    """Return a method's maps drawn as a side's fields say: pictures and their legend, or what is wrong."""
    study = study_of(request, pk)
    bundle, asked = reader(study.required_bundle), request.GET
    method, side_name = asked.get("method", ""), asked.get("side", "")
    if method not in bundle.methods or side_name not in SIDES:
        return JsonResponse(
            {"problems": [f"Expected a method of the bundle and a side, found {method!r}, {side_name!r}."]}
        )
    usual = publishing.usual_display_of(study)
    side = Side(side_name, bundle.titles("methods"), usual, asked)
    if problems := side.problems():
        return JsonResponse({"problems": problems})
    display = displays.display_for(bundle.methods[method], side.settings(), usual)
    nodes = [samples.node(bundle, method, key) for key in asked.getlist("map")[: samples.MOST]]
    if None in nodes:
        raise Http404
    drawn = [preview(study.required_bundle, one, display) for one in nodes if one]
    shown = {
        "legend": legend(display, signed=bool(bundle.methods[method].get("signed"))),
        "legend_id": f"legend-{side_name}-{list(bundle.methods).index(method)}",
    }
    return JsonResponse(
        {
            "pictures": [b64encode(one).decode() for one in drawn],
            "legend": render_to_string("components/legend.html", shown | {"label": ""}),
        }
    )


def _usually(name: str, value: Any) -> str:
    if name in NUMBERS:
        return f"{value:g}"
    return f"{WORDS.get(name, {}).get(value, value)} (usual)"


def _table_words(name: str) -> str:
    table = colour_tables()[name]
    marks = [
        words for holds, words in ((table.diverging, "two signs"), (table.perceptually_uniform, "even steps")) if holds
    ]
    return f"{name} ({', '.join(marks)})" if marks else name
