"""The code that a model of the user's own is made by: imported as it is now, and known by its content.

Weights do not tell what a network computes. Whatever is kept for a model of a factory is kept for its code too.
"""

import hashlib
import importlib
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

_as_imported: dict[str, str] = {}


def imported(name: str) -> ModuleType:
    """Return the module of that name, with its own modules; imported anew where their files changed since."""
    known = _own_modules({name})
    if any(_as_imported.get(one, digest) != digest for one, digest in known.items()):
        for one in known:
            del sys.modules[one]
        importlib.invalidate_caches()
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # byte code is known by its second, not its content
    try:
        module = importlib.import_module(name)
    finally:
        sys.dont_write_bytecode = writes
    _as_imported.update(_own_modules({name}))
    return module


def code_sha256(model, arch: str) -> str:
    """Return what tells the model's own code apart: its classes' modules, the factory's, and all that these use.

    Installed packages and this one are not among them. Empty for a model without code of its own.
    """
    names = {type(module).__module__ for module in model.modules()}
    own = _own_modules(names | ({arch.partition(":")[0]} if ":" in arch else set()))
    return hashlib.sha256(repr(sorted(own.items())).encode()).hexdigest() if own else ""


def _own_modules(names: set[str]) -> dict[str, str]:
    """Return the sha256 of each of the user's modules among these, and of those that they use."""
    found, waiting = {}, list(names)
    while waiting:
        name = waiting.pop()
        module = sys.modules.get(name)
        path = None if module is None or name in found else _own_file(name, module)
        if path is None:
            continue
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        for value in list(vars(module).values()):
            used = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            if isinstance(used, str):
                waiting.append(used)
    return found


def _own_file(name, module):
    file = getattr(module, "__file__", None)
    if name.partition(".")[0] == "explainers" or not file or not file.endswith(".py"):
        return None
    path = Path(file).resolve()
    installed = [Path(place).resolve() for place in set(sysconfig.get_paths().values())]
    is_installed = any(path.is_relative_to(place) for place in installed if place != Path(sys.prefix).resolve())
    return path if path.is_file() and not is_installed else None
