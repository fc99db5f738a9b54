from django.contrib import admin
from django.urls import include, path

from studyapp.access.sign_in import two_factor
from studyapp.run import views

handler400 = "studyapp.errors.bad_request"
handler403 = "studyapp.errors.forbidden"
handler404 = "studyapp.errors.not_found"
handler500 = "studyapp.errors.failed"

urlpatterns = [
    path("", views.home, name="home"),
    path("s/<slug:slug>/", views.entry, name="entry"),
    path("s/<slug:slug>/unsuitable/", views.unsuitable, name="unsuitable"),
    path("s/<slug:slug>/run/", views.run, name="run"),
    path("s/<slug:slug>/run/state/", views.state, name="state"),
    path("s/<slug:slug>/run/events/", views.events, name="events"),
    path("s/<slug:slug>/run/draft/", views.draft, name="draft"),
    path("s/<slug:slug>/run/back/", views.back, name="back"),
    path("s/<slug:slug>/run/guide/", views.guide, name="guide"),
    path("s/<slug:slug>/run/leave/", views.leave, name="leave"),
    path("s/<slug:slug>/next/", views.next_person, name="next_person"),
    path("s/<slug:slug>/preview/<slug:condition>/", views.preview, name="preview"),
    path("sizes/<int:photo>-<int:heatmap>.css", views.sizes, name="sizes"),
    path("stimuli/<slug:folder>/<str:name>", views.stimulus, name="stimulus"),
    path("health/", views.health, name="health"),
    path("api/", include("studyapp.api.urls")),
    path("admin/two-factor/", admin.site.admin_view(two_factor), name="two_factor"),
    path("admin/", admin.site.urls),
]
