"""What people have earned, by the ids that recruiters know them by."""

from decimal import Decimal

from studyapp import models
from studyapp.core.engine import flow
from studyapp.core.export.tables import guarded


def bonuses(study: models.Study) -> list[tuple[str, Decimal]]:
    """Return (recruitment id, amount) for every person's completed run that earned a bonus, as recruiters take it.

    An id is what a link said, so it is guarded where a spreadsheet would run it; no recruiter's own begins like that.
    """
    named = models.Identity.objects.filter(
        study=study,
        source=study.id_parameter,
        participant__status=flow.COMPLETED,
        participant__bot="",
        participant__preview=False,
    ).select_related("participant")
    found = [(row.external_id, Decimal(row.participant.summary.get("bonus", "0"))) for row in named.order_by("pk")]
    return [(guarded(external_id), amount) for external_id, amount in found if amount > 0]
