"""The code that a model of the user's own is made by: imported as it is now, and known by its content.

Weights do not tell what a network computes. Whatever is kept for a model of a factory is kept for its code too.
"""

import hashlib
import importlib
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

from torch import nn

_as_imported: dict[str, str] = {}


def imported(name: str, folder: Path | None = None) -> ModuleType:
    """Return the module of that name, with its own modules; imported anew where their files changed since.

    It is looked for in `folder` first, as a script's modules are beside the script.
    """
    known = _own_modules({name})
    if folder is not None and _has_another(folder.resolve(), name):
        top = name.partition(".")[0]
        stale = [*known, *(one for one in sys.modules if one == top or one.startswith(f"{top}."))]
    else:
        stale = list(known) if any(_as_imported.get(one, digest) != digest for one, digest in known.items()) else []
    for one in stale:
        sys.modules.pop(one, None)
    if folder is not None:
        sys.path[:] = [str(folder.resolve()), *(place for place in sys.path if place != str(folder.resolve()))]
    importlib.invalidate_caches()
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # byte code is known by its second, not its content
    try:
        module = importlib.import_module(name)
    finally:
        sys.dont_write_bytecode = writes
    _as_imported.update(_own_modules({name}))
    return module


def _has_another(folder: Path, name: str) -> bool:
    """Return whether the folder has a module of that name which is not the one that is known."""
    place = folder.joinpath(*name.split("."))
    file = next((file for file in (place / "__init__.py", Path(f"{place}.py")) if file.is_file()), None)
    known = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and known is not None and Path(known).resolve() != file.resolve()


def code_sha256(model: nn.Module, arch: str) -> str:
    """Return what tells the model's own code apart: its classes' modules, the factory's, and all that these use.

    Installed packages and this one are not among them. Empty for a model without code of its own.
    """
    names = {type(module).__module__ for module in model.modules()}
    return code_of(*names, *([arch.partition(":")[0]] if ":" in arch else []))


def code_of(*names: str) -> str:
    """Return what tells the content of these modules apart, and of all of the user's that they use; "" of none."""
    own = _own_modules(set(names))
    return hashlib.sha256(repr(sorted(own.items())).encode()).hexdigest() if own else ""


def _own_modules(names: set[str]) -> dict[str, str]:
    """Return the sha256 of each of the user's modules among these, and of those that they use."""
    digests: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        module = sys.modules.get(name)
        path = None if module is None or name in digests else _own_file(name, module)
        if path is None:
            continue
        digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        for value in list(vars(module).values()):
            used = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            if isinstance(used, str):
                waiting.append(used)
    return digests


def _own_file(name: str, module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    if name.partition(".")[0] == "explainers" or not file or not file.endswith(".py"):
        return None
    path = Path(file).resolve()
    installed = [Path(place).resolve() for place in set(sysconfig.get_paths().values())]
    is_installed = any(path.is_relative_to(place) for place in installed if place != Path(sys.prefix).resolve())
    return path if path.is_file() and not is_installed else None
