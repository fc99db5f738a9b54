"""What is stored. Participants' state is written by `sessions.py` alone, studies by the admin and `studies_io`."""

from studyapp.models.audit import Change
from studyapp.models.members import Member
from studyapp.models.runs import Event, Identity, Invitation, Participant, Plan, Response
from studyapp.models.studies import Bundle, Condition, Study, Version

__all__ = [
    "Bundle",
    "Change",
    "Condition",
    "Event",
    "Identity",
    "Invitation",
    "Member",
    "Participant",
    "Plan",
    "Response",
    "Study",
    "Version",
]
