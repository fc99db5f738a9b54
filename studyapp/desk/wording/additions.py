"""What a questionnaire that is edited takes in at once: an instrument, a table of items, or another one's file."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from studyapp.core.questionnaires.files import questionnaire_in
from studyapp.core.questionnaires.instruments import instruments
from studyapp.core.questionnaires.pasted import COLUMNS, items_in
from studyapp.core.texts import words

__all__ = ["COLUMNS", "Added", "added", "offered"]
MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class Added:
    """A questionnaire with its own entries filled in, what comes below its items, and why nothing does."""

    questionnaire: dict[str, Any]
    items: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    kind: str = ""
    pasted: str = ""

    @property
    def message(self) -> str:
        """What the researcher is told; empty where nothing was added."""
        n = len(self.items)
        return f"Added {n} item{'' if n == 1 else 's'}; nothing is saved yet." if n else ""


def offered(language: str) -> list[dict[str, Any]]:
    """Return what there is to insert, with its name in words, and as a questionnaire in a study's language."""
    return [{"is": one, "named": words(one.name), "given": one.questionnaire(language)} for one in instruments()]


def added(request: HttpRequest, one: dict[str, Any], language: str) -> Added | None:
    """Return what a button of the form adds to a questionnaire; None where it was another button."""
    taken = [item["code"] for item in one["items"]]
    if name := request.POST.get("insert"):
        found = [instrument for instrument in instruments() if instrument.name == name]
        if not found:
            return Added(one, problems=["Expected one of the instruments listed."], kind="insert")
        return _together(one, found[0].questionnaire(language), taken, "insert")
    if "paste" in request.POST:
        pasted = request.POST.get("pasted", "")
        items, problems = items_in(pasted, taken)
        return Added(one, items, problems, "paste", pasted if problems else "")
    return _of_file(request, one, taken) if "load" in request.POST else None


def _of_file(request: HttpRequest, one: dict[str, Any], taken: list[str]) -> Added:
    """Add what a file holds: a questionnaire that was downloaded, or a table."""
    upload = request.FILES.get("file")
    if upload is None or (upload.size or 0) > MAX_BYTES:
        found = "none was chosen" if upload is None else f"it has {upload.size:,}"
        return Added(one, problems=[f"Expected a file of at most {MAX_BYTES:,} bytes; {found}."], kind="paste")
    content = upload.read()
    try:
        text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        told = f"{upload.name}: expected text in UTF-8; spreadsheets save it as “CSV UTF-8”."
        return Added(one, problems=[told], kind="paste")
    if text.lstrip().startswith("{"):
        its, problems = questionnaire_in(text)
        return Added(one, problems=problems, kind="paste") if problems else _together(one, its, taken, "paste")
    items, problems = items_in(text, taken)
    return Added(one, items, problems, "paste")


def _together(one: dict[str, Any], other: dict[str, Any], taken: list[str], kind: str) -> Added:
    """Add another questionnaire's items; where this one has none yet also entries left open here."""
    if twice := [item["code"] for item in other["items"] if item["code"] in taken]:
        return Added(one, problems=[f"Expected no item “{twice[0]}”; the questionnaire has one already."], kind=kind)
    if one["items"]:
        return Added(one, other["items"], kind=kind)
    own = {name: value for name, value in one.items() if value != ""}
    return Added({**other, **own, "items": []}, other["items"], kind=kind)
