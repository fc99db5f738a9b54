"""Bundles of heatmaps: loaded as a zip or by `load_bundle`, then looked at, never changed."""

import shutil

from django.contrib import admin
from django.db import transaction
from django.urls import path, reverse
from django.utils.html import format_html

from studyapp import models
from studyapp.access import roles
from studyapp.bundles import stimuli
from studyapp.bundles.drawing import delete_pictures
from studyapp.bundles.masks import folder_of
from studyapp.bundles.stimuli import reader
from studyapp.core.bundles.bundle import BundleError
from studyapp.core.bundles.manifest import OLD
from studyapp.data import audit
from studyapp.desk import uploads

from . import gallery, masks, pairs


@admin.register(models.Bundle)
class BundleAdmin(admin.ModelAdmin):
    list_display = ("gallery", "n_images", "methods", "classes", "short_hash", "loaded")
    list_display_links = actions = None
    readonly_fields = fields = ("name", "n_images", "methods", "classes", "sha256", "folder", "loaded")
    search_fields = ("name",)

    change_list_template = "admin/studyapp/bundle/change_list.html"

    def get_urls(self):
        load = path("load/", self.admin_site.admin_view(uploads.view(self, "bundle")), name="load_bundle")
        return [load, *gallery.urls(self), *pairs.urls(self), *masks.urls(self), *super().get_urls()]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(pk__in=roles.bundles(request.user))

    def has_view_permission(self, request, obj=None):
        return request.user.is_staff if obj is None else roles.bundles(request.user).filter(pk=obj.pk).exists()

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def delete_model(self, request, obj):
        """Delete a bundle that no study uses, with its files and the masks drawn on its images."""
        with transaction.atomic():
            audit.record(request.user, None, f"Deleted the bundle {obj.name}.")
            super().delete_model(request, obj)
            delete_pictures(obj)
            stimuli.delete_files(obj)
        shutil.rmtree(folder_of(obj), ignore_errors=True)

    @admin.display(description="Bundle", ordering="name")
    def gallery(self, bundle):
        return format_html('<a href="{}">{}</a>', reverse("admin:gallery", args=[bundle.pk]), bundle)

    @admin.display(description="Loaded (UTC)", ordering="loaded_at")
    def loaded(self, bundle):
        return f"{bundle.loaded_at:%d %b %Y %H:%M}"

    @admin.display(description="Methods")
    def methods(self, bundle):
        return _of(bundle, lambda found: found.titles("methods").values())

    @admin.display(description="Classes")
    def classes(self, bundle):
        return _of(bundle, lambda found: found.classes)

    @admin.display(description="Hash", ordering="sha256")
    def short_hash(self, bundle):
        return bundle.sha256[:12]


def _of(record: models.Bundle, names) -> str:
    """Return some names of a bundle; what is wrong with one that can't be read, as one of an earlier version."""
    try:
        return ", ".join(names(reader(record)))
    except BundleError as error:
        return OLD if OLD in str(error) else str(error)
