"""A study's conditions follow its display: one for each level where displays vary between people, none for it else."""

from studyapp import models
from studyapp.core.engine import display_settings
from studyapp.core.engine.kinds import kind
from studyapp.core.heatmaps.displays import FACTOR


class PeopleAreInIt(ValueError):
    """Why conditions can't follow: somebody was assigned to one of them."""


def adapt_conditions(study: models.Study) -> None:
    """Let every combination of the other factors have one condition per level of the display, or one alone.

    A condition keeps its quota and switch, and hands them on to those made from it. Raises `PeopleAreInIt` where a
    condition would change or go to which a participant was assigned.
    """
    factors = display_settings.factors(kind(study.kind), study.display)
    levels = next((factor.levels for factor in factors if factor.name == FACTOR), ("",))
    groups: dict[str, list[models.Condition]] = {}
    for cell in study.conditions.order_by("pk"):
        groups.setdefault(str(sorted(_others(cell).items())), []).append(cell)
    for cells in groups.values():
        _adapt(study, cells, levels)


def _adapt(study: models.Study, cells: list[models.Condition], levels: tuple[str, ...]) -> None:
    kept = {level: cell for cell in cells if (level := cell.factors.get(FACTOR, "")) in levels}
    free, name = [cell for cell in cells if cell not in kept.values()], _name(cells[0])
    for level in levels:
        if level in kept:
            continue
        factors = _others(cells[0]) | ({FACTOR: level} if level else {})
        named = {"name": f"{name[:49]}-{level}" if level else name, "factors": factors}
        if free:
            cell = _unused(free.pop(0))
            study.conditions.filter(pk=cell.pk).update(**named)
        else:
            shared = {"quota": cells[0].quota, "open": cells[0].open}
            models.Condition.objects.create(study=study, **named, **shared)
    for cell in free:
        _unused(cell).participants.filter(preview=True).delete()
        cell.delete()


def _unused(cell: models.Condition) -> models.Condition:
    if cell.participants.filter(preview=False).exists():
        raise PeopleAreInIt(
            f"Condition “{cell.name}”: people were assigned to it with the display as it is, so that its display can't "
            "change. Load the study under another name for that."
        )
    return cell


def _others(cell: models.Condition) -> dict[str, str]:
    return {name: level for name, level in cell.factors.items() if name != FACTOR}


def _name(cell: models.Condition) -> str:
    """Return a condition's name without its display's."""
    level = cell.factors.get(FACTOR)
    return cell.name.removesuffix(f"-{level}") if level else cell.name
