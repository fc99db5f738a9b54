"""What groups and pictures are called in forms and pages: they know their place, and nothing else."""


def group_names(definition: dict) -> list[str]:
    """Return the groups' names: A, B, C …"""
    return [chr(ord("A") + number) for number in range(definition["parameters"]["groups"])]


def picture_names(images: list[str]) -> dict[str, str]:
    """Return the pictures' field names by image id, in their order on the board."""
    return {image_id: f"picture_{number}" for number, image_id in enumerate(images, start=1)}
