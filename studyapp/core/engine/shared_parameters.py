"""The settings that every kind has, to stand behind those of its own."""

from .kinds import Parameter
from .particulars import particular_parameters
from .sizes import size_parameters


def shared_parameters(*, minutes: int, photo_px: int, map_px: int) -> tuple[Parameter, ...]:
    """Return the parameters for the study's length, its particulars and its sizes, with the kind's defaults."""
    return (
        Parameter("minutes", "integer", minutes, "How long the study takes, as told to participants.", minimum=1),
        *particular_parameters(),
        *size_parameters(photo_px, map_px),
    )
