"""What the boxes under the leaves are called: they know their place from left to right, and nothing else."""


def box_names(labels: list[str]) -> list[str]:
    """Return the boxes' field names, from left to right."""
    return [f"box_{number}" for number, _label in enumerate(labels, start=1)]


def letter(number: int) -> str:
    """Return what box `number`, from 1, is called: A, B, C …"""
    return chr(ord("A") + number - 1)
