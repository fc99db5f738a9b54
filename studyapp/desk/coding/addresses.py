"""The addresses of the coding pages."""

from django.urls import path

from . import codes, overview, reading, resolving


def urls(model_admin) -> list:
    """Return the addresses of the coding pages of a study, for its admin."""
    views = [
        ("", overview.overview, "coding"),
        ("agreement/<slug:column>/", overview.agreement, "coding_agreement"),
        ("codes/add/", codes.add_code, "coding_add_code"),
        ("codes/<int:code_pk>/", codes.edit_code, "coding_edit_code"),
        ("read/<slug:column>/", reading.read, "coding_read"),
        ("read/<slug:column>/save/", reading.save, "coding_save"),
        ("read/<slug:column>/back/", reading.take_back, "coding_back"),
        ("resolve/<slug:column>/", resolving.resolve, "coding_resolve"),
    ]
    wrap = model_admin.admin_site.admin_view
    return [path(f"<int:pk>/coding/{end}", wrap(view(model_admin)), name=name) for end, view, name in views]
