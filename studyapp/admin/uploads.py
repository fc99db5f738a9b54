"""Bring a study or a bundle in as a file."""

import shutil
import tempfile
from pathlib import Path

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import slugify

from studyapp import studies_io
from studyapp.core.bundles import BundleError

from . import audit
from . import roles as people


class UploadForm(forms.Form):
    file = forms.FileField()
    name = forms.SlugField(
        label="Short name", required=False, help_text="left empty: as the file says, or is called", max_length=60
    )


def load_study(path: Path, name: str):
    return studies_io.load_study(path, slug=name)


def load_bundle(path: Path, name: str):
    return studies_io.load_zipped_bundle(path, name or slugify(path.stem))


# Title, what the file is, and what takes it in.
UPLOADS = {
    "study": (
        "Load a study",
        "A .zip or .json that “Study as a file” or dump_study wrote. It comes as a draft.",
        load_study,
    ),
    "bundle": ("Load a bundle", "The bundle's folder as a .zip. Every file in it is checked.", load_bundle),
}


def view(model_admin, what: str):
    """Return the view that asks for a file and takes it in."""
    title, meaning, load = UPLOADS[what]

    def upload(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(f"studyapp.add_{what}"):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            made = _taken_in(form, load)
            if made is not None:
                if what == "study":
                    people.make_owner(request.user, made)
                    audit.record(request.user, made, f"Loaded the study from {form.cleaned_data['file'].name}.")
                model_admin.message_user(request, f"“{made}” was loaded.", messages.SUCCESS)
                return redirect(f"admin:studyapp_{what}_change", made.pk)
        context = {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "title": title,
            "meaning": meaning,
            "form": form,
        }
        return TemplateResponse(request, "admin/studyapp/upload.html", context)

    return upload


def _taken_in(form: UploadForm, load):
    """Return what `load` made of the uploaded file; None where it refused, the reason being with the form."""
    uploaded = form.cleaned_data["file"]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / Path(uploaded.name).name
        with path.open("wb") as file:
            shutil.copyfileobj(uploaded, file)
        try:
            return load(path, form.cleaned_data["name"])
        except (studies_io.StudyFileError, BundleError) as error:
            form.add_error("file", str(error).replace(f"{scratch}/", ""))
            return None
