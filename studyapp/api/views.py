"""The API's views: studies, their tables, the export."""

from functools import partial

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotFound, PermissionDenied, Throttled
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from studyapp import models
from studyapp.access import roles
from studyapp.data import downloads, rows
from studyapp.data.audit import record
from studyapp.jobs import processes

from . import tables
from .serializers import ColumnSerializer, PageSerializer, StudySerializer

IDS = OpenApiParameter(
    "ids", OpenApiTypes.BOOL, description="also recruitment ids, which are personal data: for the study's owners alone"
)
SLUG = OpenApiParameter("slug", OpenApiTypes.STR, OpenApiParameter.PATH, description="the study's short name")
TABLE = OpenApiParameter("table", OpenApiTypes.STR, OpenApiParameter.PATH, enum=rows.TABLES)
BOM = OpenApiParameter(
    "bom", OpenApiTypes.BOOL, description="CSV with a byte order mark, by which Excel reads it as UTF-8"
)
FAILURES = {
    400: OpenApiResponse(description="a parameter is wrong"),
    401: OpenApiResponse(description="no token, or an unknown one"),
    403: OpenApiResponse(description="your role doesn't allow it"),
    404: OpenApiResponse(description="no such study that you have a role in, no such table, or a wrong cursor"),
    406: OpenApiResponse(description="neither of the formats that there are"),
    429: OpenApiResponse(description="too many requests; `Retry-After` says when to try again"),
    503: OpenApiResponse(description="what is sent as a file can't be made at this moment, and why"),
}


WAIT_S = 60  # for a file, while others are being sent


class CsvRenderer(BaseRenderer):
    """Named so that `?format=csv` and `Accept: text/csv` are understood; the lines come from the export."""

    media_type, format = "text/csv", "csv"
    charset: str | None = "utf-8"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        """Return the words of a failure; a table never comes this way."""
        return "" if data is None else str(data.get("detail", data)).encode()


class ZipRenderer(CsvRenderer):
    """The same for the export."""

    media_type, format, charset = "application/zip", "zip", None


class Lenient(DefaultContentNegotiation):
    """Answer in the one format there is, whatever the client says it accepts."""

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class Pages(CursorPagination):
    """Pages in the order of the key; a cursor that names no key is told, instead of asked of the database."""

    def decode_cursor(self, request):
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not cursor.position.isdecimal():
            raise NotFound(self.invalid_cursor_message)
        return cursor


class StudyPages(Pages):
    """Studies, the newest first."""

    ordering, page_size = "-pk", 50


class RunPages(Pages):
    """A page holds the rows of so many runs: whole runs, so that no page begins in the middle of one."""

    ordering, page_size, max_page_size, page_size_query_param = "pk", 50, 200, "runs"
    page_size_query_description = "how many runs' rows a page holds"


class StudyList(ListAPIView):
    """All studies in which you have a role."""

    serializer_class = StudySerializer
    pagination_class = StudyPages

    def get_queryset(self):
        return roles.studies(self.request.user).select_related("current")

    @extend_schema(operation_id="studies", responses={200: StudySerializer(many=True), **FAILURES})
    def get(self, request):
        return super().get(request)


class StudyDetail(RetrieveAPIView):
    """One study."""

    serializer_class = StudySerializer
    lookup_field = "slug"

    def get_object(self):
        return study_of(self.request, self.kwargs["slug"])

    @extend_schema(operation_id="study", parameters=[SLUG], responses={200: StudySerializer, **FAILURES})
    def get(self, request, slug):
        return super().get(request, slug=slug)


class TableView(APIView):
    """The rows of a table: a page as JSON, or all of them as CSV.

    JSON comes in pages of whole runs, the first run first; follow `next`. CSV holds the whole table as the export
    writes it, from one unchanging view of the data, and is sent while it is read.
    """

    renderer_classes = (JSONRenderer, CsvRenderer)

    @extend_schema(
        operation_id="table",
        parameters=[
            SLUG,
            TABLE,
            IDS,
            OpenApiParameter("runs", OpenApiTypes.INT, description="how many runs' rows a page holds, up to 200"),
            OpenApiParameter("cursor", OpenApiTypes.STR, description="as `next` and `previous` have it"),
            OpenApiParameter("format", OpenApiTypes.STR, enum=["json", "csv"]),
            BOM,
        ],
        responses={
            (200, "application/json"): PageSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            **FAILURES,
        },
    )
    def get(self, request, slug, table):
        study = study_of(request, slug)
        with_ids = _with_ids(request, study) and table == "participants"
        if request.accepted_renderer.format == "csv":
            action = f"Read by API: {table}{' with recruitment ids' if with_ids else ''}."
            options = {"with_ids": with_ids, "bom": _is_asked(request, "bom")}
            return _sent(request, study, action, partial(downloads.table, study, table, **options))
        pages = RunPages()
        runs = pages.paginate_queryset(rows.runs(study), request, view=self)
        return pages.get_paginated_response(tables.page(study, table, runs, with_ids=with_ids))


class Columns(APIView):
    """What the columns of a table mean."""

    @extend_schema(
        operation_id="columns", parameters=[SLUG, TABLE, IDS], responses={200: ColumnSerializer(many=True), **FAILURES}
    )
    def get(self, request, slug, table):
        study = study_of(request, slug)
        found = tables.fields(study, table, with_ids=_with_ids(request, study) and table == "participants")
        return Response(ColumnSerializer(found, many=True).data)


class Export(APIView):
    """All tables, long and wide, with their description, as one zip: a Psych-DS folder."""

    renderer_classes = (ZipRenderer,)
    content_negotiation_class = Lenient

    @extend_schema(
        operation_id="export",
        parameters=[SLUG, IDS, BOM],
        responses={(200, "application/zip"): OpenApiTypes.BINARY, **FAILURES},
    )
    def get(self, request, slug):
        study = study_of(request, slug)
        options = {"with_ids": _with_ids(request, study), "bom": _is_asked(request, "bom")}
        return _sent(request, study, _exported(options["with_ids"]), partial(downloads.data, study, **options))


class WorkbookRenderer(ZipRenderer):
    """The same for the workbook."""

    media_type, format = downloads.XLSX, "xlsx"


class Workbook(APIView):
    """All tables, long and wide, as one Excel workbook, with a sheet that says what every column means."""

    renderer_classes = (WorkbookRenderer,)
    content_negotiation_class = Lenient

    @extend_schema(
        operation_id="workbook",
        parameters=[SLUG, IDS],
        responses={(200, downloads.XLSX): OpenApiTypes.BINARY, **FAILURES},
    )
    def get(self, request, slug):
        study = study_of(request, slug)
        with_ids = _with_ids(request, study)
        return _sent(request, study, _exported(with_ids), partial(downloads.workbook, study, with_ids=with_ids))


def _exported(with_ids: bool) -> str:
    return f"Exported by API{', with recruitment ids' if with_ids else ''}."


class Unavailable(APIException):
    """Says why a file can't be sent at this moment."""

    status_code = 503


def _sent(request, study: models.Study, action: str, make) -> HttpResponse:
    """Return a file that was begun to be sent, which goes on record."""
    try:
        response = make()
    except processes.BusyError as error:
        raise Throttled(WAIT_S, str(error)) from error
    except processes.StreamError as error:
        raise Unavailable(str(error)) from error
    record(request.user, study, action)
    return response


def study_of(request, slug: str) -> models.Study:
    """Return a study in which the user has a role; 404 for any other."""
    study = models.study_at(slug, roles.studies(request.user).select_related("current"))
    if study is None:
        raise Http404
    return study


def _is_asked(request, name: str) -> bool:
    return request.query_params.get(name, "").lower() in ("true", "1", "yes")


def _with_ids(request, study: models.Study) -> bool:
    if not _is_asked(request, "ids"):
        return False
    if not roles.may(request.user, "identities_by_api", study):
        raise PermissionDenied("Recruitment ids are for the study's owners.")
    return True
