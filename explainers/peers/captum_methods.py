"""Any of captum's attributions as a method: `captum:NAME`, with the parameters that its class and `attribute` take."""

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from explainers.errors import UserError, near
from explainers.networks.baselines import baseline_of
from explainers.networks.internals.activations import enlarged
from explainers.networks.internals.layers import find_layer
from explainers.randomness import integers, seeded
from explainers.record import Record
from explainers.targets import as_weightings

_OURS = ("inputs", "target", "additional_forward_args", "return_convergence_delta", "show_progress", "kwargs")


def captum_record(kind: str) -> Record:
    """Return the record of captum's attribution of that name; a UserError where it explains no target by itself."""
    import captum
    from captum import attr

    kinds = {name: found for name in attr.__all__ if inspect.isclass(found := getattr(attr, name))}
    if kind not in kinds:
        raise UserError(f"captum has no {kind!r}.{near(kind, kinds)}")
    made_with, called_with = (_parameters(getattr(kinds[kind], name)) for name in ("__init__", "attribute"))
    _, *made = made_with.values()
    lacking = [one.name for one in made if one.name != "layer" and one.default is one.empty]
    if lacking or not {"inputs", "target"} <= called_with.keys():
        what = f"needs {', '.join(lacking)}" if lacking else "does not explain a model's target"
        raise UserError(f"captum:{kind} {what}; call it in a function of your own, and name that: module:function.")
    offered = {one.name: one for one in (*made, *called_with.values()) if one.name not in _OURS and _is_plain(one)}

    def function(model: nn.Module, images: torch.Tensor, targets: torch.Tensor, **given: Any) -> torch.Tensor:
        given = {name: one.default for name, one in offered.items()} | given
        generator = given.pop("generator", None)
        for name, one in offered.items():
            given[name] = None if given[name] is one.empty else given[name]
            if given[name] is None and one.default is one.empty and name not in ("layer", "baselines"):
                raise UserError(f"captum:{kind} {name}: must be given.")
        options = _options(given, offered, model, images)
        for_class = {one.name: options.pop(one.name) for one in made if one.name in options}
        with _seeded_everywhere(generator, images):
            return _attributed(kinds[kind], kind, model, images, targets, for_class, options)

    function.__signature__ = _signature([*offered.values()])  # type: ignore[attr-defined]
    return Record(
        function=function,
        title=f"{kind} (captum)",
        paper=f"captum {captum.__version__}, attr.{kind}",
        parameters=dict.fromkeys(offered, f"As captum's {kind} takes it."),
        needs=("gradients",),
        signed=True,
        code=captum.__version__,
    )


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    found = list(inspect.signature(function).parameters.values())[1:]
    return {one.name: one for one in found if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}


def _is_plain(parameter: inspect.Parameter) -> bool:
    """Return whether a configuration can give the parameter."""
    default = parameter.default
    return default is None or default is parameter.empty or isinstance(default, bool | int | float | str | tuple)


def _signature(offered: list[inspect.Parameter]) -> inspect.Signature:
    generator = inspect.Parameter("generator", inspect.Parameter.KEYWORD_ONLY, default=None)
    given = [inspect.Parameter(name, generator.POSITIONAL_OR_KEYWORD) for name in ("model", "images", "targets")]
    named = [one.replace(kind=generator.KEYWORD_ONLY, annotation=generator.empty) for one in offered]
    return inspect.Signature([*given, *named, generator])


def _options(
    given: dict[str, Any], offered: dict[str, inspect.Parameter], model: nn.Module, images: torch.Tensor
) -> dict[str, Any]:
    """Return the arguments as captum takes them: layers as modules, baselines as images, lists as tuples."""
    options: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    if "layer" in options:
        options["layer"] = find_layer(model, options["layer"], images)
    if "baselines" in options:
        is_needed = offered["baselines"].default is inspect.Parameter.empty
        if options["baselines"] is not None or is_needed:
            options["baselines"] = baseline_of(options["baselines"], images)
    return options


class _Score(nn.Module):
    """One target's logit of each image (N,)."""

    def __init__(self, model: nn.Module, weights: torch.Tensor) -> None:
        super().__init__()
        self.model, self.weights = model, weights

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.model(images)
        return (logits * self.weights.to(logits)).sum(dim=1)


def _attributed(
    kind: Any,
    name: str,
    model: nn.Module,
    images: torch.Tensor,
    targets: torch.Tensor,
    for_class: dict[str, Any],
    options: dict[str, Any],
) -> torch.Tensor:
    with torch.no_grad():
        n_classes = model(images[:1]).shape[1]
    if targets.ndim == 2 and not 0 <= int(targets.min()) <= int(targets.max()) < n_classes:
        wrong = next(index for index in targets.flatten().tolist() if not 0 <= index < n_classes)
        raise UserError(f"targets: class indices must be 0 … {n_classes - 1}, found {wrong}.")
    rows = []
    for n, weightings in enumerate(as_weightings(targets, n_classes)):
        of_image = {key: value[n : n + 1] if _is_of_each(value, images) else value for key, value in options.items()}
        for weights in weightings:
            score = _Score(model, weights)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of what it sets right by itself
                    attribution = kind(score, **for_class).attribute(images[n : n + 1].clone(), **of_image)
            except UserError:
                raise
            except Exception as error:  # whatever it says of this network
                reason = str(error).splitlines()[0] if str(error) else ""
                raise UserError(f"captum:{name}: {type(error).__name__}: {reason}") from None
            rows.append(_as_map(attribution, images, name))
    maps: torch.Tensor = torch.stack(rows).unflatten(0, (len(images), -1))
    return maps


def _is_of_each(value: Any, images: torch.Tensor) -> bool:
    return isinstance(value, torch.Tensor) and value.shape == images.shape


def _as_map(found: Any, images: torch.Tensor, name: str) -> torch.Tensor:
    found = found[0] if isinstance(found, tuple) else found
    if not isinstance(found, torch.Tensor) or found.ndim != 4:
        shape = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
        raise UserError(f"captum:{name}: expected attributions (1, C, H, W), it gives {shape}.")
    summed: torch.Tensor = found.detach().sum(dim=1, keepdim=True)
    return (summed if summed.shape[-2:] == images.shape[-2:] else enlarged(summed, images))[0, 0]


@contextmanager
def _seeded_everywhere(generator: torch.Generator | None, images: torch.Tensor) -> Iterator[None]:
    """Draw from the generator what captum draws from PyTorch's and NumPy's own; both are as before afterwards."""
    seed, numpys = int(integers(2**31, (), seeded(generator), images)), np.random.get_state()
    try:
        with torch.random.fork_rng([images.device] if images.is_cuda else []):
            torch.manual_seed(seed)
            np.random.seed(seed)
            yield
    finally:
        np.random.set_state(numpys)
