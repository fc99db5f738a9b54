"""Make JSON from outside storable: what one of the databases refuses would cost the answer or batch it came with."""

import math
from typing import Any

DEEPEST = 50  # lists and objects in one another; what is nested much deeper can be written, but not read again


def storable(value: Any, deepest: int = DEEPEST) -> Any:
    """Return JSON with lone surrogates and NULs replaced by “�”, and NaN, infinities and what lies too deep by null."""
    if deepest < 0:
        return None
    match value:
        case str():
            return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "\ufffd")
        case float() if not math.isfinite(value):
            return None
        case list():
            return [storable(item, deepest - 1) for item in value]
        case dict():
            return {storable(name): storable(item, deepest - 1) for name, item in value.items()}
    return value
