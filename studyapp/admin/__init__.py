"""The researcher's desk: Django's admin, with a page per study that leads to publishing and beyond."""

from django.contrib import admin

from . import audit, bundles, identities, participants, sign_in, studies, tokens  # noqa: F401

admin.site.login_form = sign_in.SignInForm
admin.site.site_header = admin.site.site_title = "Heatwise"
admin.site.index_title = "Studies"
admin.site.site_url = None
admin.site.enable_nav_sidebar = False
