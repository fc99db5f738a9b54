"""Bundles of heatmaps: loaded as a zip or by `load_bundle`, then looked at, never changed."""

from django.contrib import admin
from django.urls import path

from studyapp import models
from studyapp.stimuli import reader

from . import uploads


@admin.register(models.Bundle)
class BundleAdmin(admin.ModelAdmin):
    list_display = ("name", "n_images", "methods", "classes", "short_hash", "loaded_at")
    readonly_fields = fields = ("name", "n_images", "methods", "classes", "sha256", "folder", "loaded_at")
    search_fields = ("name",)

    change_list_template = "admin/studyapp/bundle/change_list.html"

    def get_urls(self):
        load = path("load/", self.admin_site.admin_view(uploads.view(self, "bundle")), name="load_bundle")
        return [load, *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Bundles", **(extra_context or {})})

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @admin.display(description="Methods")
    def methods(self, bundle):
        return ", ".join(reader(bundle).methods)

    @admin.display(description="Classes")
    def classes(self, bundle):
        return ", ".join(reader(bundle).classes)

    @admin.display(description="Hash", ordering="sha256")
    def short_hash(self, bundle):
        return bundle.sha256[:12]
