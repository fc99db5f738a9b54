"""Exports prepared in the background: ask for one, watch it being prepared, take it away, in parts where need be."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from studyapp import jobs
from studyapp.data import downloads, prepared
from studyapp.data.audit import record

from .serializers import PreparedSerializer
from .views import FAILURES, SLUG, Lenient, ZipRenderer, study_of

JOB = OpenApiParameter("job", OpenApiTypes.INT, OpenApiParameter.PATH, description="an export's `id`")
RANGE = OpenApiParameter("Range", OpenApiTypes.STR, OpenApiParameter.HEADER, description="as `bytes=1000-`, to resume")
BEGUN = "bytes 0-"  # what is resumed was on record when it was begun


class PreparedList(APIView):
    """A study's exports that were prepared, or are being so, the newest first; POST asks for one."""

    @extend_schema(
        operation_id="prepared_list", parameters=[SLUG], responses={200: PreparedSerializer(many=True), **FAILURES}
    )
    def get(self, request, slug):
        found = jobs.of(study_of(request, slug), "export")
        return Response(PreparedSerializer(found, many=True, context={"request": request}).data)

    @extend_schema(
        operation_id="prepare", parameters=[SLUG], request=None, responses={202: PreparedSerializer, **FAILURES}
    )
    def post(self, request, slug):
        study = study_of(request, slug)
        job = prepared.prepare(study, request.user)
        record(request.user, study, f"Had an export prepared by API (job {job.pk}).")
        return Response(PreparedSerializer(job, context={"request": request}).data, status=202)


class PreparedDetail(APIView):
    """How far an export is."""

    @extend_schema(operation_id="prepared", parameters=[SLUG, JOB], responses={200: PreparedSerializer, **FAILURES})
    def get(self, request, slug, job):
        return Response(PreparedSerializer(_job(request, slug, job), context={"request": request}).data)


class PreparedFile(APIView):
    """An export that is done, as a zip, or the part of it that `Range` asks for."""

    renderer_classes = (ZipRenderer,)
    content_negotiation_class = Lenient

    @extend_schema(
        operation_id="prepared_file",
        parameters=[SLUG, JOB, RANGE],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            (206, "application/zip"): OpenApiTypes.BINARY,
            (416, "application/zip"): OpenApiTypes.BINARY,
            **FAILURES,
        },
    )
    def get(self, request, slug, job):
        found = _job(request, slug, job)
        file = prepared.path_of(found)
        if file is None:
            raise Http404
        response = downloads.resumable(request, file, str(found.pk))
        if response.status_code < 400 and response.get("Content-Range", BEGUN).startswith(BEGUN):
            record(request.user, found.study, "Downloaded by API: an export, prepared.")
        return response


def _job(request, slug: str, pk: int):
    return get_object_or_404(jobs.of(study_of(request, slug), "export"), pk=pk)
