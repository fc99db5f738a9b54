"""From the study that researchers edit to the frozen version that participants meet."""

from .audits import audit_study, kept_audit, needs_consent
from .checks import Check, checks, problems
from .definition import content_hash, definition, drawn_stimuli
from .fitting import fit, fitting
from .pictures import met_in, render_version, shown
from .questionnaires import questionnaire_problems
from .variants import levels_of, misplaced, variant_problems
from .versions import (
    draw_heatmaps,
    edited_since,
    freeze,
    frozen,
    kind_of_study,
    n_undrawn,
    publish,
    read_by,
    read_version,
    set_status,
    windows_of,
)

__all__ = [
    "Check",
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
    "levels_of",
    "met_in",
    "misplaced",
    "n_undrawn",
    "needs_consent",
    "problems",
    "publish",
    "questionnaire_problems",
    "read_by",
    "read_version",
    "render_version",
    "set_status",
    "shown",
    "variant_problems",
    "windows_of",
]
