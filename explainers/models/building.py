"""Build the classifier that a configuration names and put its weights in, or say exactly why that cannot be."""

import hashlib
import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from explainers._torchvision import torchvision
from explainers.config import ModelConfig
from explainers.datasets import cut_out
from explainers.errors import UserError, near
from explainers.models.checkpoints import State, as_wanted, read_state
from explainers.models.code import imported
from explainers.preprocessing import input_tensor

# torchvision's own weights of these two were trained on inputs they shift themselves.
_TRANSFORMING = ("googlenet", "inception_v3")


def class_names(config: ModelConfig, folder: Path) -> list[str]:
    """Return the class names in the order of the model's outputs.

    A file holds one name per line, or ImageNet's class index as JSON ({"0": ["n01440764", "tench"], …}). Of names that
    stand twice in that index each gets its id: "crane (n02012849)".
    """
    if config.classes == "imagenet":
        from torchvision.models._meta import _IMAGENET_CATEGORIES

        return list(_IMAGENET_CATEGORIES)
    names = config.classes if isinstance(config.classes, list) else _names_in(folder / config.classes)
    for name, n in Counter(names).items():
        if n > 1:
            raise UserError(f"[model] classes: {name!r} stands twice; expected every class once.")
        if "|" in name:
            raise UserError(f"[model] classes: {name!r} holds '|', which separates names in the bundle.")
    return names


def _names_in(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"[model] classes: cannot read {path}: {error}.") from None
    if path.suffix != ".json":
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        index = json.loads(text)
        entries = [(index[str(i)][0], index[str(i)][1]) for i in range(len(index))]
    except (ValueError, KeyError, IndexError, TypeError):
        raise UserError(f'[model] classes: {path}: expected {{"0": ["id", "name"], …}}.') from None
    times = Counter(name for _, name in entries)  # ImageNet's index has two cranes and two maillots
    return [f"{name} ({synset})" if times[name] > 1 else name for synset, name in entries]


def load_model(config: ModelConfig, folder: Path, n_classes: int) -> tuple[torch.nn.Module, str]:
    """Return the model in evaluation mode and the sha256 of its weights (of the file, where there is one).

    `weights` is a file beside the configuration, loaded without running code from it (`weights_only=True`) and
    strictly, or the name of torchvision weights, which torchvision then downloads.
    """
    path = None if config.weights is None else folder / config.weights
    if path is not None and not path.exists() and not path.suffix:
        return _published(config)
    state = None if path is None else read_state(path)
    if ":" in config.arch:
        model = _from_factory(config, folder, n_classes)
    else:
        model = _from_torchvision(config, n_classes, state)
    if state is None or path is None:
        return model.eval(), _state_sha256(model)
    _put_in(model, state, config.arch, path)
    return model.eval(), hashlib.sha256(path.read_bytes()).hexdigest()


def _from_factory(config: ModelConfig, folder: Path, n_classes: int) -> torch.nn.Module:
    module_name, _, factory_name = config.arch.partition(":")
    try:
        factory = getattr(imported(module_name, folder), factory_name)
    except (ImportError, AttributeError) as error:
        raise UserError(f"[model] arch: cannot import {config.arch!r}: {error}.") from None
    takes_classes = "num_classes" in inspect.signature(factory).parameters
    model = _built(factory, config, {"num_classes": n_classes} if takes_classes else {})
    if not isinstance(model, torch.nn.Module):
        raise UserError(f"[model] arch: {config.arch} returned {type(model).__name__}, expected a torch.nn.Module.")
    return model


def _from_torchvision(config: ModelConfig, n_classes: int, state: State | None) -> torch.nn.Module:
    names = torchvision.models.list_models(torchvision.models)
    if config.arch not in names:
        raise UserError(
            f"[model] arch: torchvision has no classifier {config.arch!r}.{near(config.arch, names)}"
            " For a model of your own write package.module:factory."
        )
    defaults: dict[str, Any] = {"weights": None, "num_classes": n_classes}
    if config.arch in _TRANSFORMING:
        has_side_outputs = any(key.startswith(("aux", "AuxLogits")) for key in state or ())
        defaults |= {"init_weights": False, "aux_logits": has_side_outputs, "transform_input": state is not None}
    model: torch.nn.Module = _built(torchvision.models.get_model_builder(config.arch), config, defaults)
    return model


def _built(builder: Callable[..., Any], config: ModelConfig, defaults: Mapping[str, Any]) -> Any:
    try:
        return builder(**{**defaults, **config.options})
    except (TypeError, ValueError) as error:
        raise UserError(f"[model] options: {config.arch} could not be built: {error}.") from None


def _published(config: ModelConfig) -> tuple[torch.nn.Module, str]:
    try:
        weights = torchvision.models.get_model_weights(config.arch)[config.weights]
    except (ValueError, KeyError):
        raise UserError(
            f"[model] weights: {config.weights!r} is neither a file nor torchvision weights of {config.arch!r}."
        ) from None
    model = torchvision.models.get_model(config.arch, weights=weights, **config.options).eval()
    return model, _state_sha256(model)


def _put_in(model: torch.nn.Module, state: State, arch: str, path: Path) -> None:
    if isinstance(model, torchvision.models.DenseNet):  # the published files number submodules as norm.1, not norm1
        state = {re.sub(r"(denselayer\d+\.(?:norm|conv))\.(\d)", r"\1\2", key): value for key, value in state.items()}
    wanted = model.state_dict()
    state = as_wanted(state, wanted, path)
    missing = [key for key in wanted if key not in state]
    extra = [key for key in state if key not in wanted]
    misshapen = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(wanted[key].shape)}"
        for key in wanted
        if key in state and state[key].shape != wanted[key].shape
    ]
    if missing or extra or misshapen:
        parts = (("missing", missing), ("not in the model", extra), ("of another shape", misshapen))
        found = "; ".join(f"{what}: {', '.join(keys[:3])}{' …' * (len(keys) > 3)}" for what, keys in parts if keys)
        raise UserError(f"[model] weights: {path} does not belong to {arch} with {_n_outputs(model)} classes. {found}.")
    model.load_state_dict(state, strict=True)


def _n_outputs(model: torch.nn.Module) -> int:
    """The size of the last weight's first dimension: the number of classes in every usual classifier."""
    return list(model.parameters())[-1].shape[0]


def _state_sha256(model: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for key, value in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def model_input(picture: Image.Image, model: ModelConfig) -> torch.Tensor:
    """Return what the model sees of a picture, (3, H, W)."""
    return input_tensor(cut_out(picture, model.resize, model.height_width), model.mean, model.std)
