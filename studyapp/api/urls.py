from django.urls import path, register_converter
from django.urls.converters import StringConverter
from drf_spectacular.views import SpectacularAPIView

from studyapp.data.rows import TABLES

from . import prepared, views


class TableConverter(StringConverter):
    regex = "|".join(TABLES)


register_converter(TableConverter, "table")

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("studies/", views.StudyList.as_view(), name="api-studies"),
    path("studies/<slug:slug>/", views.StudyDetail.as_view(), name="api-study"),
    path("studies/<slug:slug>/export/", views.Export.as_view(), name="api-export"),
    path("studies/<slug:slug>/prepared/", prepared.PreparedList.as_view(), name="api-prepared-list"),
    path("studies/<slug:slug>/prepared/<int:job>/", prepared.PreparedDetail.as_view(), name="api-prepared"),
    path("studies/<slug:slug>/prepared/<int:job>/file/", prepared.PreparedFile.as_view(), name="api-prepared-file"),
    path("studies/<slug:slug>/workbook/", views.Workbook.as_view(), name="api-workbook"),
    path("studies/<slug:slug>/<table:table>/", views.TableView.as_view(), name="api-table"),
    path("studies/<slug:slug>/<table:table>/columns/", views.Columns.as_view(), name="api-columns"),
]
