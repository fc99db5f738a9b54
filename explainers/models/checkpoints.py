"""Weight files as training scripts leave them: plain, wrapped, prefixed, beside optimisers and epochs.

Loaded without running code from them (`weights_only=True`).
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

import torch

from explainers.errors import UserError

# Where scripts put the weights; of several the first is taken, so averaged ones only where there are no others.
_PLACES = (
    "state_dict", "model_state_dict", "model", "model_state", "net", "network", "weights", "params", "state_dict_ema",
    "model_ema", "ema_state_dict", "ema",
)  # fmt: skip
_COMPILED = "_orig_mod."  # torch.compile's
_COUNTER = "num_batches_tracked"  # PyTorch loads weights without it, and evaluation does not use it

State: TypeAlias = Mapping[str, torch.Tensor]
"""Weights by name."""

_log = logging.getLogger("explainers")


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Return the weights in a file by name; UserError where it holds none, or several that nothing tells apart."""
    if not path.is_file():
        raise UserError(f"[model] weights: there is no file {path}.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"[model] weights: {path} is not a file of plain tensors: {reason}") from None
    if _is_state(content):
        return _plain(content)
    states = dict(_states(content)) if isinstance(content, dict) else {}
    if not states:
        raise UserError(
            f"[model] weights: {path}: expected a state_dict (names and tensors), found {type(content).__name__}."
        )
    known = [name for name in _PLACES if name in states]
    if len(states) > 1 and not known:
        raise UserError(f"[model] weights: {path}: holds weights under {', '.join(states)}; save those of one.")
    name = known[0] if known else next(iter(states))
    if len(states) > 1:
        _log.warning("%s: %r is taken, of %s.", path.name, name, ", ".join(states))
    return _plain(states[name])


def _is_state(content: object) -> TypeGuard[State]:
    return isinstance(content, dict) and bool(content) and all(isinstance(v, torch.Tensor) for v in content.values())


def _states(content: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    """Yield the state_dicts in a dictionary by the names they are kept under; inside one name, by that name."""
    for name, part in content.items():
        if _is_state(part):
            yield name, part
        elif isinstance(part, dict):
            inner = [state for _, state in _states(part)]
            if len(inner) == 1 and name in _PLACES:
                yield name, inner[0]


def _plain(state: State) -> dict[str, torch.Tensor]:
    return {str(key).replace(_COMPILED, ""): value for key, value in state.items()}


def as_wanted(state: State, wanted: State, path: Path) -> State:
    """Return the weights under the model's names: without a wrapper's prefix, with the counters that may be missing.

    Under a prefix such as `module.` or `model.` all of the model's names must be there; what a wrapper keeps beside the
    model is left out.
    """
    needed = [key for key in wanted if not key.endswith(_COUNTER)]
    if needed and not all(key in state for key in needed):
        prefixes = {key.removesuffix(needed[0]) for key in state if key.endswith("." + needed[0])}
        fitting = sorted(prefix for prefix in prefixes if all(prefix + key in state for key in needed))
        if len(fitting) > 1 and not _are_equal(state, needed, fitting):
            raise UserError(f"[model] weights: {path}: holds weights under {', '.join(fitting)}; save those of one.")
        prefix = fitting[0] if fitting else _shared_prefix(state, wanted)
        outside = [key for key in state if not key.startswith(prefix)]
        if outside:
            _log.warning("%s: %s … are left out; the model is what is called %s*.", path.name, outside[0], prefix)
        state = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    counters = {key: value for key, value in wanted.items() if key.endswith(_COUNTER) and key not in state}
    return {**state, **counters} if all(key in state for key in needed) else state


def _are_equal(state: State, needed: Sequence[str], prefixes: Sequence[str]) -> bool:
    first, *others = prefixes
    return all(torch.equal(state[first + key], state[other + key]) for other in others for key in needed)


def _shared_prefix(state: State, wanted: State) -> str:
    """Return the prefix that a wrapper gave to all names, for a message about names as the model has them."""
    prefix = ""
    while True:
        first = {key.removeprefix(prefix).partition(".")[0] + "." for key in state}
        if len(first) != 1 or any(key.startswith(next(iter(first))) for key in wanted):
            return prefix
        prefix += first.pop()
