"""The only writer of participants' state: start, submit, keep drafts, record events, withdraw, erase, expire.

Every change is one short transaction that first locks the row it changes and only then reads it; so two requests
about the same run, in whatever order they arrive, behave as if one came after the other. A response is also unique
per (participant, step) in the database itself.
"""

from studyapp.run.sessions.answering import (
    Receipt,
    Unfinished,
    earlier,
    go_back,
    keep_draft,
    record_events,
    submit,
    submit_held,
)
from studyapp.run.sessions.ending import (
    ERASED,
    apply_retention,
    discard_trial_runs,
    erase,
    expire,
    trial_runs,
    withdraw,
)
from studyapp.run.sessions.runs import answered, browser_key, draft_of, get, get_by_ticket, holder, ticket_of, token
from studyapp.run.sessions.starting import NotOpen, Visitor, find, start, start_preview

__all__ = [
    "ERASED",
    "NotOpen",
    "Receipt",
    "Unfinished",
    "Visitor",
    "answered",
    "apply_retention",
    "browser_key",
    "discard_trial_runs",
    "draft_of",
    "earlier",
    "erase",
    "expire",
    "find",
    "get",
    "get_by_ticket",
    "go_back",
    "holder",
    "keep_draft",
    "record_events",
    "start",
    "start_preview",
    "submit",
    "submit_held",
    "ticket_of",
    "token",
    "trial_runs",
    "withdraw",
]
