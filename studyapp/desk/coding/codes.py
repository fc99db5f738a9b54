"""The codebook at the desk: add a code, edit, merge or delete it."""

from typing import cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from studyapp import models
from studyapp.coding import codebook, readings
from studyapp.data.audit import record

from .pages import context_of, study_of


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
        cast(forms.ChoiceField, self.fields["kind"]).choices = models.Code.Kind.choices
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


def add_code(model_admin):
    """Return the view that adds a code; asked by the coding page, it answers with the codebook."""

    def view(request: HttpRequest, pk: int) -> HttpResponse:
        study = study_of(request, pk)
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
        context = context_of(model_admin, request, study, "New code") | {"form": form}
        return TemplateResponse(request, "admin/studyapp/coding/code.html", context)

    return view


def edit_code(model_admin):
    """Return the view that edits, merges or deletes a code."""

    def view(request: HttpRequest, pk: int, code_pk: int) -> HttpResponse:
        study = study_of(request, pk)
        code = get_object_or_404(study.codes, pk=code_pk)
        posted = request.POST if "save" in request.POST else None
        form = CodeForm(posted, instance=code, study=study)
        if request.method == "POST" and (done := _edited(request, study, code, form)):
            record(request.user, study, done)
            model_admin.message_user(request, done, messages.SUCCESS)
            return redirect("admin:coding", study.pk)
        used = code.readings.exists() or code.resolutions.exists()
        others = study.codes.exclude(pk=code.pk)
        context = context_of(model_admin, request, study, f"Code “{code}”")
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
