"""What a study file holds: its sections, and the fields of a study that they stand for."""

FORMAT = "heatwise-study"


FORMAT_VERSION = 1


# Names in the file, by section, and the study's fields that they stand for.
FIELDS = {
    "": {name: name for name in ("slug", "title", "language", "seed")},
    "payment": {name: name for name in ("currency", "reward_base", "reward_bonus", "reward_partial")},
    "codes": {name: f"code_{name}" for name in ("completed", "screened_out", "no_consent", "withdrawn")},
    "recruitment": {
        name: name
        for name in (
            "id_parameter",
            "require_id",
            "return_url",
            "return_after_s",
            "devices",
            "starts_per_minute",
            "starts_per_address",
            "active_minutes",
            "expire_hours",
            "retention_days",
            "lab_mode",
        )
    },
}


SECTIONS = (
    "bundle", "parameters", "texts", "display", "payment", "codes", "recruitment", "analysis_plan", "stimuli",
)  # fmt: skip


NAMES = {
    "$schema",
    "format",
    "format_version",
    "kind",
    "conditions",
    "questionnaires",
    "variants",
    "translations",
    *FIELDS[""],
    *SECTIONS,
}


class StudyFileError(ValueError):
    """What is wrong with a study's file, in words that name the file and the field."""
