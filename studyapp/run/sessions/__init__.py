"""The only writer of participants' state: start, submit, record events, withdraw, erase, expire.

Every change is one short transaction that first locks the row it changes and only then reads it; so two requests
about the same run, in whatever order they arrive, behave as if one came after the other. A response is also unique
per (participant, step) in the database itself.
"""

from studyapp.run.sessions.answering import Receipt, record_events, submit
from studyapp.run.sessions.ending import ERASED, apply_retention, discard_trial_runs, erase, expire, withdraw
from studyapp.run.sessions.runs import answered, browser_key, get, token
from studyapp.run.sessions.starting import NotOpen, Visitor, find, start, start_preview

__all__ = [
    "ERASED",
    "NotOpen",
    "Receipt",
    "Visitor",
    "answered",
    "apply_retention",
    "browser_key",
    "discard_trial_runs",
    "erase",
    "expire",
    "find",
    "get",
    "record_events",
    "start",
    "start_preview",
    "submit",
    "token",
    "withdraw",
]
