"""Names that programs use, as people read them."""


def words(name: str) -> str:
    """Return a name as a label: `queries_per_class` → `Queries per class`."""
    return name.replace("_", " ").replace("-", " ").capitalize()
