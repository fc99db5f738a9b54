"""What the API answers with."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from studyapp import models
from studyapp.core.engine.kinds import kind
from studyapp.data.rows import TABLES
from studyapp.publishing import languages


class StudySerializer(serializers.ModelSerializer):
    """A study, and where its data is."""

    kind_title = serializers.SerializerMethodField()
    study_version = serializers.SerializerMethodField(help_text="number and start of the hash of the current version")
    display = serializers.SerializerMethodField(
        help_text="how heatmaps look in the current version: each method's display, and in `levels` those of a factor's"
    )
    languages = serializers.SerializerMethodField(help_text="those in which the current version can be read")
    tables = serializers.SerializerMethodField(help_text="address of each table")
    export = serializers.SerializerMethodField(help_text="address of everything as one zip")

    class Meta:
        model = models.Study
        fields = (
            "slug", "title", "kind", "kind_title", "status", "language", "languages", "study_version", "created_at",
            "display", "questionnaires", "variants", "tables", "export",
        )  # fmt: skip

    def get_kind_title(self, study) -> str:
        return kind(study.kind).title

    def get_study_version(self, study) -> str:
        return study.current.label if study.current else ""

    def get_languages(self, study) -> list[str]:
        return languages(study.current.definition) if study.current else []

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_display(self, study) -> dict:
        return study.current.definition["display"] if study.current else {}

    def get_tables(self, study) -> dict[str, str]:
        return {name: self._address("api-table", study, table=name) for name in TABLES}

    def get_export(self, study) -> str:
        return self._address("api-export", study)

    def _address(self, name: str, study, **more) -> str:
        return reverse(name, kwargs={"slug": study.slug, **more}, request=self.context["request"])


class PreparedSerializer(serializers.ModelSerializer):
    """An export that is prepared in the background; `file` is where it is taken from once it is done."""

    file = serializers.SerializerMethodField()
    bytes = serializers.SerializerMethodField()

    class Meta:
        model = models.Job
        fields = ("id", "outcome", "done", "total", "words", "error", "asked_at", "ended_at", "file", "bytes")

    def get_file(self, job) -> str | None:
        if job.outcome != job.Outcome.DONE:
            return None
        where = {"slug": job.required_study.slug, "job": job.pk}
        return reverse("api-prepared-file", kwargs=where, request=self.context["request"])

    def get_bytes(self, job) -> int | None:
        return job.result.get("bytes")


class ColumnSerializer(serializers.Serializer):
    """What a column means."""

    name = serializers.CharField()
    type = serializers.ChoiceField(["text", "integer", "number", "boolean", "time"])
    description = serializers.CharField()
    unit = serializers.CharField(allow_blank=True)
    levels = serializers.DictField(child=serializers.CharField(), help_text="stored values and their meaning")


class PageSerializer(serializers.Serializer):
    """Some runs' rows of a table, and where the rows of other runs are."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = serializers.ListField(
        child=serializers.DictField(child=serializers.JSONField(allow_null=True)), help_text="rows, a value per column"
    )
