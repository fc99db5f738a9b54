"""The desk as Django finds it: what is registered with the admin, and what the admin is called."""

from django.contrib import admin

from studyapp.access import sign_in

from .bundle import bundles  # noqa: F401
from .people import changes, identities, participants, tokens, users  # noqa: F401
from .study import studies  # noqa: F401

admin.site.login_form = sign_in.SignInForm
admin.site.site_header = admin.site.site_title = "Heatwise"
admin.site.index_title = "Studies"
admin.site.site_url = None
admin.site.enable_nav_sidebar = False
