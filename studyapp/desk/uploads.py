"""Bring a study or a bundle in as a file."""

import re
import shutil
import tempfile
from pathlib import Path

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.text import slugify

from studyapp.bundles import stimuli
from studyapp.core.bundles.bundle import BundleError
from studyapp.data import audit, study_files
from studyapp.desk.pages import page_context

from .people import roles as people

# Scratch folders tell researchers nothing: what lies in one is named by its place there, the folder itself as the file.
OUR_SCRATCH = re.compile(rf"{re.escape(tempfile.gettempdir())}/tmp\w+(/?)")


class UploadForm(forms.Form):
    file = forms.FileField()
    name = forms.SlugField(
        label="Short name",
        required=False,
        help_text="Left empty: the name in the file, or else the file's own.",
        max_length=60,
    )


class BundleForm(UploadForm):
    """A bundle as a zip, or as a folder that lies on the server already."""

    file = forms.FileField(label="A zip", required=False)
    folder = forms.CharField(label="or a folder", required=False, max_length=400)
    field_order = ("file", "folder", "name")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        inbox = str(settings.BUNDLES_INBOX)
        where = "Its full path on this machine" if inbox == "/" else f"On the server, inside {inbox}"
        self.fields["folder"].help_text = f"{where}, for what is too large to upload."

    def clean_folder(self) -> Path | None:
        given, inbox = self.cleaned_data["folder"].strip(), Path(settings.BUNDLES_INBOX).resolve()
        if not given:
            return None
        folder = (inbox / given).resolve()
        if not folder.is_relative_to(inbox):
            raise forms.ValidationError(f"Expected a folder inside {inbox}; HEATWISE_INBOX names another place.")
        if not folder.is_dir():
            raise forms.ValidationError(f"There is no folder {folder}.")
        return folder

    def clean(self):
        cleaned = super().clean()
        given = [name for name in ("file", "folder") if cleaned.get(name)]
        if len(given) != 1 and not self.errors:
            raise forms.ValidationError("Choose a zip, or name a folder: one of the two.")
        return cleaned


def load_study(path: Path, name: str):
    return study_files.load_study(path, slug=name, uploaded=True), []


def load_bundle(path: Path, name: str):
    if path.is_dir():
        return stimuli.load_bundle(path, name or slugify(path.name)), []
    return study_files.load_zipped_bundle(path, name or slugify(path.stem))


# Title, what the file is, what asks for it, and what takes it in, returning it and what there is to say of it.
UPLOADS = {
    "study": (
        "Load a study",
        "A .zip or .json that “Study as a file” or dump_study wrote. It comes as a draft.",
        UploadForm,
        load_study,
    ),
    "bundle": (
        "Load a bundle",
        "A bundle is the folder of pictures and heatmaps that “python -m explainers explain” writes. Zip it, or"
        " a folder with several for a study on more than one data set. Every file in it is checked. Or a zip of what a"
        " bundle is made of: photographs in photos, predictions.csv (file, class, score; threshold and truth where"
        " known), and maps by any tool in maps, each method in a folder or a .npz of its own.",
        BundleForm,
        load_bundle,
    ),
}


def view(model_admin, what: str):
    """Return the view that asks for a file and takes it in."""
    title, meaning, ask, load = UPLOADS[what]

    def upload(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(f"studyapp.add_{what}"):
            raise PermissionDenied
        form = ask(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            made, remarks = _taken_in(form, load)
            if made is not None:
                if what == "study":
                    people.make_owner(request.user, made)
                    audit.record(request.user, made, f"Loaded the study from {form.cleaned_data['file'].name}.")
                else:
                    audit.record(request.user, None, f"Loaded the bundle {made.name}.")
                model_admin.message_user(request, " ".join([f"“{made}” was loaded.", *remarks]), messages.SUCCESS)
                return redirect("admin:gallery" if what == "bundle" else "admin:studyapp_study_change", made.pk)
        context = {
            **page_context(model_admin, request, title),
            "meaning": meaning,
            "form": form,
        }
        return TemplateResponse(request, "admin/studyapp/upload.html", context)

    return upload


def _taken_in(form: UploadForm, load):
    """Return what `load` made of the uploaded file, and said; None where it refused, the reason being with the form."""
    uploaded, name = form.cleaned_data["file"], form.cleaned_data["name"]
    if uploaded is None:
        return _loaded(form, "folder", load, form.cleaned_data["folder"], name)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / Path(uploaded.name).name
        with path.open("wb") as file:
            shutil.copyfileobj(uploaded, file)
        return _loaded(form, "file", load, path, name)


def _loaded(form: UploadForm, field: str, load, path: Path, name: str):
    try:
        return load(path, name)
    except (study_files.StudyFileError, BundleError) as error:
        form.add_error(field, OUR_SCRATCH.sub(lambda found: "" if found[1] else "the file", str(error)))
        return None, []
