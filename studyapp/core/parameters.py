"""Check a study's parameters against what its kind declares."""

from .kinds import Kind, Parameter

TYPES = {
    "text": (str, "a text"),
    "integer": (int, "a whole number"),
    "number": (int | float, "a number"),
    "boolean": (bool, "true or false"),
    "choice": (str, "one of its choices"),
    "list": (list, "a list"),
    "object": (dict, "an object"),
}


def problems(kind: Kind, values: dict) -> list[str]:
    """Return what is wrong with a study's parameters, one sentence each; those left out have their defaults."""
    known = {parameter.name: parameter for parameter in kind.parameters}
    found = []
    for name, value in values.items():
        if name not in known:
            found.append(f"Unknown parameter “{name}”; expected one of {', '.join(sorted(known))}.")
        elif expected := problem(known[name], value):
            found.append(f"Parameter “{name}”: expected {expected}, found {value!r}.")
    return found


def problem(parameter: Parameter, value) -> str:
    """Return what was expected instead of `value`; empty when it fits."""
    type_, words = TYPES[parameter.type]
    if not isinstance(value, type_) or (isinstance(value, bool) and parameter.type != "boolean"):
        return words
    if parameter.choices and value not in parameter.choices:
        return "one of " + ", ".join(map(str, parameter.choices))
    if parameter.minimum is not None and value < parameter.minimum:
        return f"at least {parameter.minimum}"
    if parameter.maximum is not None and value > parameter.maximum:
        return f"at most {parameter.maximum}"
    if is_counts(parameter):
        return _counts_problem(parameter.default, value)
    return ""


def is_counts(parameter: Parameter) -> bool:
    """Return whether the parameter holds a count for each of some fixed names."""
    return parameter.type == "object" and bool(parameter.default) and all(map(_is_count, parameter.default.values()))


def _counts_problem(default: dict, value: dict) -> str:
    if set(value) <= set(default) and all(map(_is_count, value.values())):
        return ""
    return f"a whole number for each of {', '.join(default)}"


def _is_count(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
