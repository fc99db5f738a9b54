"""From the study that researchers edit to the frozen version that participants meet."""

from .audits import audit_study, kept_audit, needs_consent
from .checks import Check, checks, problems, settings_checks
from .definition import content_hash, definition, drawn_stimuli
from .fitting import fit, fitting
from .pictures import met_in, render_version, shown
from .questionnaires import questionnaire_problems
from .translations import accepted, rows, wanting, written
from .values import parameters_of, texts_of, usual_display_of
from .variants import levels_of, misplaced, variant_problems
from .versions import (
    draw_heatmaps,
    edited_since,
    freeze,
    frozen,
    kind_of_study,
    language_of,
    n_undrawn,
    publish,
    read_by,
    read_version,
    set_status,
    shown_to,
    spoken,
    windows_of,
)
from .wording import languages

__all__ = [
    "Check",
    "accepted",
    "audit_study",
    "checks",
    "content_hash",
    "definition",
    "draw_heatmaps",
    "drawn_stimuli",
    "edited_since",
    "fit",
    "fitting",
    "freeze",
    "frozen",
    "kept_audit",
    "kind_of_study",
    "language_of",
    "languages",
    "levels_of",
    "met_in",
    "misplaced",
    "n_undrawn",
    "needs_consent",
    "parameters_of",
    "problems",
    "publish",
    "questionnaire_problems",
    "read_by",
    "read_version",
    "render_version",
    "rows",
    "set_status",
    "settings_checks",
    "shown",
    "shown_to",
    "spoken",
    "texts_of",
    "usual_display_of",
    "variant_problems",
    "wanting",
    "windows_of",
    "written",
]
