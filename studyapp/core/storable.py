"""Make JSON from outside storable: what one of the databases refuses would cost the answer or batch it came with."""

import math


def storable(value):
    """Return JSON with its lone surrogates and NUL characters replaced by “�”, and NaN and infinities by null."""
    match value:
        case str():
            return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "\ufffd")
        case float() if not math.isfinite(value):
            return None
        case list():
            return [storable(item) for item in value]
        case dict():
            return {storable(name): storable(item) for name, item in value.items()}
    return value
