"""What is stored. Participants' state is written by `sessions` alone, studies by the admin and `study_files`."""

from studyapp.models.audit import Change
from studyapp.models.coding import Code, Gathering, Passage, Reading, Resolution
from studyapp.models.comments import Comment
from studyapp.models.jobs import Job
from studyapp.models.members import Member
from studyapp.models.pairs import ClassMark, PairBallot
from studyapp.models.runs import Draft, Event, Identity, Invitation, Notice, Participant, Plan, Response, Start
from studyapp.models.studies import Address, Bundle, Condition, Study, Version, study_at
from studyapp.models.tokens import Token

__all__ = [
    "Address",
    "Bundle",
    "Change",
    "ClassMark",
    "Code",
    "Comment",
    "Condition",
    "Draft",
    "Event",
    "Gathering",
    "Identity",
    "Invitation",
    "Job",
    "Member",
    "Notice",
    "PairBallot",
    "Participant",
    "Passage",
    "Plan",
    "Reading",
    "Resolution",
    "Response",
    "Start",
    "Study",
    "Token",
    "Version",
    "study_at",
]
