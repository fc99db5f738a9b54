"""What the front door says: a newcomer starts, somebody who comes back goes on, and whoever is done is told so."""

from dataclasses import dataclass

from django.http import HttpRequest

from studyapp import models
from studyapp.core.engine import flow, sizes
from studyapp.publishing import frozen, windows_of
from studyapp.run import sessions, visitors

# Nothing but this is kept of their people: the same link starts anew.
NOTHING_KEPT = (flow.NO_CONSENT, sessions.ERASED)


@dataclass(frozen=True)
class Door:
    """The door as one visitor finds it.

    state   new, active, completed, screened_out, expired, left_kept, left_erased, or, with nothing kept of an earlier
            run in this browser, no_consent and erased
    button  start, continue, last_page, or empty where there is nothing to press
    run     the run that the visitor has, if any
    fresh   whether the browser is to be made new for the next person
    """

    state: str
    button: str
    run: models.Participant | None = None
    fresh: bool = False

    @property
    def starts(self) -> bool:
        return self.button == "start"


def door(request: HttpRequest, study: models.Study, visitor: sessions.Visitor | None) -> Door:
    """Return the door for a visitor. In lab mode an open link is the next person's once the run before has ended."""
    run = known_run(request, study, visitor)
    if run is None:
        earlier = visitors.participant_of(request, study.slug)
        if earlier is None or study.lab_mode or earlier.status not in NOTHING_KEPT:
            return Door("new", "start", fresh=study.lab_mode and _is_over(earlier))
        return Door(earlier.status, "start")
    if run.status == flow.ACTIVE:
        return Door("active", "continue", run)
    if study.lab_mode and not is_named(visitor):
        return Door("new", "start", fresh=True)
    return Door(_ended(run), "last_page" if is_named(visitor) else "", run)


def known_run(request: HttpRequest, study: models.Study, visitor: sessions.Visitor | None) -> models.Participant | None:
    """Return the run that the link or the browser's name stands for; for an open link else one under way here."""
    run = sessions.find(study, visitor) if visitor else None
    if run is None and not is_named(visitor) and not visitors.bot_of(request):
        earlier = visitors.participant_of(request, study.slug)
        run = earlier if earlier and earlier.status == flow.ACTIVE else None
    return run


def is_named(visitor: sessions.Visitor | None) -> bool:
    """Return whether a link names the person, so that nobody else is met under it."""
    return visitor is not None and visitor.source != visitors.OPEN_LINK


def version_at(study: models.Study, found: Door) -> models.Version | None:
    """Return the version that whoever stands at the door meets; None where the study was never published."""
    return found.run.version if found.run else study.current


def wants_device(study: models.Study, found: Door) -> bool:
    """Return whether device and browser decide about starting."""
    return found.starts and study.devices != models.Study.Devices.ANY


def refuses_windows(study: models.Study, found: Door) -> bool:
    """Return whether nobody starts, or goes on, here in a window that is smaller than the study needs."""
    version = version_at(study, found)
    if version is None or found.button not in ("start", "continue"):
        return False
    return frozen(version)["parameters"].get("small_windows") == sizes.REFUSE or wants_device(study, found)


def suits(request: HttpRequest, study: models.Study, found: Door) -> bool:
    """Return whether device, browser and window, as the door's script measured them, are what the study wants."""
    if wants_device(study, found) and request.POST.get("suits") != "yes":
        return False
    version = version_at(study, found)
    if version is None or not refuses_windows(study, found):
        return True
    window = sizes.read_window(request.POST.get("window", ""))
    return window is not None and any(map(window.holds, windows_of(version)))


def _is_over(run: models.Participant | None) -> bool:
    return run is not None and run.status != flow.ACTIVE


def _ended(run: models.Participant) -> str:
    if run.status == flow.WITHDRAWN:
        return "left_kept" if run.plan.steps else "left_erased"
    return run.status
