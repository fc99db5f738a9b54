"""Those who recruit people: what their links name a person by, what their ids look like, where people go back to.

All that the app knows of a recruiter stands in `RECRUITERS`; another one is a further record. Sources, read in 2026:
Prolific, "Using URL parameters"; Sona Systems, "Using the SURVEY CODE feature" and "External study credit granting";
Amazon Mechanical Turk's API reference, "ExternalQuestion"; CloudResearch Connect, "Project completion".
"""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

PLACEHOLDER = re.compile(r"\{(\w*)\}")
FILLS = ("code", "id")
ID_MARK = "X" * 4  # SONA writes so where a person's id belongs, in the addresses of its credit pages


@dataclass(frozen=True)
class Recruiter:
    """One recruiter.

    `link` are the parameters of its links, each with the placeholder that it fills in, the person's id first; empty
    placeholders where it adds the parameter by itself. `ids` is what its ids look like, in whatever case where `case`
    (lower or upper) says which is its own. `back` is an address as people go back to it, in capitals what stands for a
    study's own; empty where they type a code. `previews` are parameters' values of somebody who only looks.
    """

    title: str
    link: dict[str, str]
    ids: str
    case: str = ""
    back: str = ""
    hosts: tuple[str, ...] = ()
    previews: dict[str, str] = field(default_factory=dict)

    @property
    def id_parameter(self) -> str:
        """The parameter that names the person."""
        return next(iter(self.link))

    @property
    def query(self) -> str:
        """What stands behind the study's address where the recruiter asks for it."""
        filled = {name: placeholder for name, placeholder in self.link.items() if placeholder}
        return "?" + "&".join(f"{name}={placeholder}" for name, placeholder in filled.items()) if filled else ""


RECRUITERS = (
    Recruiter(
        "Prolific",
        {name: f"{{{{%{name}%}}}}" for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")},
        ids="[0-9a-f]{24}",
        case="lower",
        back="https://app.prolific.com/submissions/complete?cc={code}",
        hosts=("prolific.com", "prolific.co"),
    ),
    Recruiter(
        "SONA",
        {"id": "%SURVEY_CODE%"},
        ids="[1-9][0-9]{1,6}",
        back="https://SCHOOL.sona-systems.com/webstudy_credit.aspx?experiment_id=NUMBER&credit_token=TOKEN&survey_code={id}",
        hosts=("sona-systems.com", "sonasystems.com"),
    ),
    Recruiter(
        "Mechanical Turk",
        {name: f"${{{name}}}" for name in ("workerId", "assignmentId", "hitId")},
        ids="A[0-9A-Z]{9,20}",
        case="upper",
        hosts=("mturk.com",),
        previews={"assignmentId": "ASSIGNMENT_ID_NOT_AVAILABLE"},
    ),
    Recruiter(
        "CloudResearch Connect",
        dict.fromkeys(("participantId", "assignmentId", "projectId"), ""),
        ids="[0-9A-F]{32}",
        case="upper",
        back="https://connect.cloudresearch.com/participant/project/PROJECT/complete",
        hosts=("cloudresearch.com",),
    ),
)

# Anywhere in a value: what template languages open or close. Alone: a name in signs that no id stands in, or what
# programs write where they have nothing.
OPENED = re.compile(r"\{\{|\}\}|\{%|%\}|[$#]\{")
IN_SIGNS = re.compile(
    r"\{[^{}]*\}|\[.*\]|<+[^<>]*>+|\(.*\)|%+[^%]+%+|\$\w+\$?|#\w+#|@\w+@|__\w+__|~\w+~|:\w+:?|\|.*\||«.*»|x{3,}"
    r"|undefined|null|none|nan|your[-_ ]?\w*id|assignment_id_not_available",
    re.IGNORECASE,
)


def recruiter_of(id_parameter: str) -> Recruiter | None:
    """Return whose links name a person by a parameter; None for one that is nobody's."""
    wanted = id_parameter.casefold()
    return next((one for one in RECRUITERS if one.id_parameter.casefold() == wanted), None)


def is_unfilled(value: str, parameter: str = "") -> bool:
    """Return whether a link's value is a placeholder that nobody filled in, or the name of its own parameter."""
    text = value
    for _ in range(3):  # encoded once too often, or twice
        text = text.strip()
        if OPENED.search(text) or IN_SIGNS.fullmatch(text) or (parameter and text.casefold() == parameter.casefold()):
            return True
        text = unquote(text)
    return False


def is_preview(values: dict[str, str]) -> bool:
    """Return whether a link's parameters, by their names in small letters, are those of somebody who only looks."""
    previews = [item for one in RECRUITERS for item in one.previews.items()]
    return any(values.get(name.lower(), "") == value for name, value in previews)


def id_of(value: str, id_parameter: str) -> str:
    """Return an id as its recruiter writes it: capitals that a spreadsheet made of small letters mean nobody else."""
    found = recruiter_of(id_parameter)
    if found is None or not found.case or not re.fullmatch(found.ids, value, re.IGNORECASE):
        return value
    return value.lower() if found.case == "lower" else value.upper()


def way_back(address: str, values: dict[str, str]) -> str:
    """Return an address with `{code}` and `{id}` filled in; empty where it asks for one that `values` lacks."""
    if any(not values.get(name) for name in PLACEHOLDER.findall(address)):
        return ""
    return PLACEHOLDER.sub(lambda found: quote(values[found[1]], safe=""), address)


def problem_with(address: str) -> str:
    """Return what keeps people from being sent back to an address, in words; empty when nothing does."""
    if not address.startswith(("https://", "http://")):
        return "Expected an address that begins with https:// or http://."
    if unknown := [name for name in PLACEHOLDER.findall(address) if name not in FILLS]:
        return f"Expected {{code}} or {{id}} to be filled in, found {{{unknown[0]}}}."
    if ID_MARK in address:
        return f"{ID_MARK} stands where the person’s own id belongs: write {{id}} in its place."
    if is_unfilled(address.replace("{code}", "").replace("{id}", "")):
        return "A placeholder of another program stands in it; expected {code} or {id}."
    return ""


def mismatch(id_parameter: str, address: str) -> str:
    """Return in words that an address is another recruiter's than the ids; empty where it isn't, or is nobody's."""
    host = (urlsplit(address).hostname or "").removeprefix("www.")
    back = next((one for one in RECRUITERS if any(f".{host}".endswith(f".{own}") for own in one.hosts)), None)
    named = recruiter_of(id_parameter)
    if back is None or back is named:
        return ""
    known = f"{id_parameter}, which is {named.title}’s" if named else f"{id_parameter or 'no parameter'}"
    return (
        f"The return address is {back.title}’s, whose ids come as {back.id_parameter}; the study takes them as {known}."
    )
