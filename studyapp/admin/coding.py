"""Coding in the browser: the overview with codebook and agreement, the page on which one codes, and resolution."""

import json

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from studyapp import models, roles
from studyapp.coding import codebook, passages, readings, results

from .audit import record

RESOLVED_AT_ONCE = 20


class CodeForm(forms.ModelForm):
    """One code of the codebook."""

    class Meta:
        model = models.Code
        fields = ("name", "kind", "key", "description")
        widgets = {
            "name": forms.TextInput(attrs={"size": 24, "autocomplete": "off"}),
            "kind": forms.RadioSelect,
            "key": forms.TextInput(attrs={"size": 2, "autocomplete": "off"}),
            "description": forms.Textarea(attrs={"rows": 3, "cols": 50}),
        }

    def __init__(self, *args, study: models.Study, **kwargs):
        super().__init__(*args, **kwargs)
        self.study = study
        self.fields["kind"].choices = models.Code.Kind.choices
        if self.instance.pk is None:
            self.fields["key"].initial = codebook.free_key(study)

    def clean_name(self):
        name = " ".join(self.cleaned_data["name"].split())
        if self.study.codes.filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("The codebook has a code of this name; choose another, or merge the two.")
        return name

    def clean_key(self):
        if self.instance.pk is None and "key" not in self.data:  # added while coding, where no key is asked for
            return codebook.free_key(self.study)
        key = self.cleaned_data["key"].lower()
        if not key:
            return key
        if key not in codebook.KEYS:
            raise forms.ValidationError("Choose a digit from 1 to 9 or a letter other than n, s and u.")
        other = self.study.codes.filter(key=key).exclude(pk=self.instance.pk).first()
        if other:
            raise forms.ValidationError(f"This key gives “{other}” already.")
        return key

    def save(self, commit=True):
        self.instance.study = self.study
        return super().save(commit)


def urls(model_admin) -> list:
    """Return the addresses of the coding pages of a study, for its admin."""
    views = [
        ("", overview, "coding"),
        ("agreement/<slug:column>/", agreement, "coding_agreement"),
        ("codes/add/", add_code, "coding_add_code"),
        ("codes/<int:code_pk>/", edit_code, "coding_edit_code"),
        ("read/<slug:column>/", read, "coding_read"),
        ("read/<slug:column>/save/", save, "coding_save"),
        ("read/<slug:column>/back/", take_back, "coding_back"),
        ("resolve/<slug:column>/", resolve, "coding_resolve"),
    ]
    wrap = model_admin.admin_site.admin_view
    return [path(f"<int:pk>/coding/{end}", wrap(view(model_admin)), name=name) for end, view, name in views]


def overview(model_admin):
    """Return the view of the codebook, everybody's progress and the coders' agreement."""

    def view(request: HttpRequest, pk: int) -> HttpResponse:
        study = _study(request, pk)
        passages.gather(study)
        columns = passages.free_fields(study)
        column = request.GET.get("field")
        column = column if column in columns else next(iter(columns), None)
        context = _context(model_admin, request, study, "Coding") | {
            "columns": [_column(study, request.user, name, columns) for name in columns],
            "column": column,
            "codes": codebook.codes(study),
            "simulated": passages.simulated(study),
        }
        if column:
            context |= _agreed(study, column)
        return TemplateResponse(request, "admin/studyapp/coding/overview.html", context)

    return view


def agreement(model_admin):
    """Return the view of the agreement alone, which the overview asks for every few seconds."""

    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = _study(request, pk)
        _require_column(study, column)
        context = {"study": study, "column": column} | _agreed(study, column)
        return render(request, "admin/studyapp/coding/_agreement.html", context)

    return view


def add_code(model_admin):
    """Return the view that adds a code; asked by the coding page, it answers with the codebook."""

    def view(request: HttpRequest, pk: int) -> HttpResponse:
        study = _study(request, pk)
        wants_json = "application/json" in request.headers.get("Accept", "")
        form = CodeForm(request.POST or None, study=study)
        if request.method == "POST" and form.is_valid():
            code = form.save()
            record(request.user, study, f"Added the code “{code}”.")
            if wants_json:
                return JsonResponse({"codes": codebook.listed(study), "added": code.pk})
            model_admin.message_user(request, f"“{code}” was added.", messages.SUCCESS)
            return redirect("admin:coding", study.pk)
        if wants_json:
            return JsonResponse({"errors": {name: found[0] for name, found in form.errors.items()}}, status=422)
        context = _context(model_admin, request, study, "New code") | {"form": form}
        return TemplateResponse(request, "admin/studyapp/coding/code.html", context)

    return view


def edit_code(model_admin):
    """Return the view that edits, merges or deletes a code."""

    def view(request: HttpRequest, pk: int, code_pk: int) -> HttpResponse:
        study = _study(request, pk)
        code = get_object_or_404(study.codes, pk=code_pk)
        posted = request.POST if "save" in request.POST else None
        form = CodeForm(posted, instance=code, study=study)
        if request.method == "POST" and (done := _edited(request, study, code, form)):
            record(request.user, study, done)
            model_admin.message_user(request, done, messages.SUCCESS)
            return redirect("admin:coding", study.pk)
        used = code.readings.exists() or code.resolutions.exists()
        others = study.codes.exclude(pk=code.pk)
        context = _context(model_admin, request, study, f"Code “{code}”")
        context |= {"form": form, "code": code, "used": used, "others": others}
        return TemplateResponse(request, "admin/studyapp/coding/code.html", context)

    return view


def _edited(request: HttpRequest, study: models.Study, code: models.Code, form: CodeForm) -> str:
    """Do what the page was sent for and say so; empty where nothing could be done."""
    name = models.Code.objects.get(pk=code.pk).name
    if "merge" in request.POST:
        into = get_object_or_404(study.codes.exclude(pk=code.pk), pk=request.POST.get("into"))
        readings.merge(code, into)
        return f"Merged the code “{name}” into “{into}”."
    if "delete" in request.POST:
        if code.readings.exists() or code.resolutions.exists():
            raise PermissionDenied("A code that was given is merged into another, not deleted.")
        code.delete()
        return f"Deleted the code “{name}”."
    if form.is_valid():
        form.save()
        return f"Saved the code “{form.instance}”." if name == form.instance.name else f"Renamed “{name}” “{code}”."
    return ""


def read(model_admin):
    """Return the view of the page on which one codes."""

    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = _study(request, pk)
        _require_column(study, column)
        passages.gather(study)
        start = readings.state(study, column, request.user) | {
            "codes": codebook.listed(study),
            "kinds": dict(models.Code.Kind.choices),
            "urls": {
                "save": reverse("admin:coding_save", args=[pk, column]),
                "back": reverse("admin:coding_back", args=[pk, column]),
                "add": reverse("admin:coding_add_code", args=[pk]),
            },
        }
        context = _context(model_admin, request, study, "Code answers") | {
            "start": start,
            "column": column,
            "question": passages.free_fields(study)[column][1].description,
            "simulated": passages.simulated(study),
        }
        return TemplateResponse(request, "admin/studyapp/coding/read.html", context)

    return view


def save(model_admin):
    """Return the view that stores a reading: `{passage, codes, done}`; once done it answers with what comes next."""

    @require_POST
    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = _study(request, pk)
        _require_column(study, column)
        try:
            sent = json.loads(request.body)
            passage, codes, done = int(sent["passage"]), [int(code) for code in sent["codes"]], sent["done"] is True
        except (ValueError, KeyError, TypeError):
            return JsonResponse({"error": "expected {passage, codes, done}"}, status=400)
        try:
            readings.save(study, passage, request.user, codes, done=done)
        except readings.Gone as gone:
            return JsonResponse({"error": str(gone), **readings.state(study, column, request.user)}, status=410)
        return JsonResponse(readings.state(study, column, request.user) if done else {"saved": passage})

    return view


def take_back(model_admin):
    """Return the view that opens the coder's last finished passage again."""

    @require_POST
    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = _study(request, pk)
        _require_column(study, column)
        last = readings.take_back(study, column, request.user)
        return JsonResponse(readings.state(study, column, request.user, last))

    return view


def resolve(model_admin):
    """Return the view of the passages whose coders differ, and what they agree on then."""

    def view(request: HttpRequest, pk: int, column: str) -> HttpResponse:
        study = _study(request, pk)
        _require_column(study, column)
        if request.method == "POST":
            chosen = [int(code) for code in request.POST.getlist("codes") if code.isdecimal()]
            try:
                readings.resolve(study, int(request.POST.get("passage", "0") or 0), request.user, chosen)
            except (readings.Gone, ValueError) as gone:
                model_admin.message_user(request, str(gone), messages.ERROR)
            return redirect(request.path)
        found = results.disagreements(study, column)
        context = _context(model_admin, request, study, "Where coders differ") | {
            "column": column,
            "question": passages.free_fields(study)[column][1].description,
            "n_left": len(found),
            "found": [results.side_by_side(passage, study) for passage in found[:RESOLVED_AT_ONCE]],
            "codes": list(study.codes.all()),
        }
        return TemplateResponse(request, "admin/studyapp/coding/resolve.html", context)

    return view


def _study(request: HttpRequest, pk: int) -> models.Study:
    study = get_object_or_404(roles.studies(request.user), pk=pk)
    if not roles.may(request.user, "code", study):
        raise PermissionDenied
    return study


def _require_column(study: models.Study, column: str) -> None:
    if column not in passages.free_fields(study):
        raise Http404(f"{column}: no column of free text")


def _column(study: models.Study, user, name: str, columns: dict) -> dict:
    total, left = passages.passages(study, name).count(), passages.unread(study, name, user).count()
    return {
        "name": name,
        "title": name.replace("_", " "),
        "question": columns[name][1].description,
        "total": total,
        "done": total - left,
        "coders": results.progress(study, name),
    }


def _agreed(study: models.Study, column: str) -> dict:
    return {
        "agreement": results.agreement(study, column),
        "n_disputed": len(results.disagreements(study, column)),
    }


def _context(model_admin, request: HttpRequest, study: models.Study, title: str) -> dict:
    return {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "object": study,
        "study": study,
        "title": title,
    }
