"""From a configuration to an explanation network: cache activations, tune when asked, train, measure, keep.

What is finished lies in a work folder beside the network (`<network>.work`): activations by layer and photographs,
and the state of a training under way. An interrupted run continues; the work folder may be deleted at any time.
"""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from explainers.bundles.bundle import opaque, sha256_of
from explainers.bundles.predictions import scores_of, thresholds_of
from explainers.datasets import Photograph, class_index, list_photographs, open_picture
from explainers.errors import UserError
from explainers.metrics.faithfulness import faithfulness
from explainers.models.building import class_names, load_model, model_input
from explainers.models.code import code_sha256
from explainers.networks.state import device_called
from explainers.xnn.activations import cached_activations
from explainers.xnn.config import XnnConfig
from explainers.xnn.examples import Examples
from explainers.xnn.network import ExplanationNetwork
from explainers.xnn.storage import as_stored, save
from explainers.xnn.training import apply, bar, train
from explainers.xnn.tuning import candidates, tune


def run(config: XnnConfig, device: str = "auto") -> dict[str, Any]:
    """Write the network's file; return its facts."""
    folder = config.path.parent
    names = class_names(config.model, folder)
    photographs = _readable(config, folder, names)
    model, weights_sha256 = load_model(config.model, folder, len(names))
    model.to(device_called(device))
    classes = [class_index(str(c), names, "[targets] classes") for c in config.targets.classes or range(len(names))]
    work = config.output.network.with_name(f"{config.output.network.name}.work")
    activations, logits = _activations(config, model, weights_sha256, photographs, work)
    groups = groups_of(logits, [photo.labels for photo in photographs], classes)
    examples = Examples(activations, logits[:, classes], groups)
    is_test = _test_part(config, photographs)
    network, facts = fit(config, classes, examples.part(~is_test), work)
    thresholds = _thresholds(config, logits, photographs)
    for part, chosen in (("train", ~is_test), ("test", is_test)):
        facts[part] = measured(network, activations[chosen], logits[chosen], thresholds)
    facts |= {"weights_sha256": weights_sha256, "class_names": [names[k] for k in classes]}
    network.facts = facts
    save(network, config.output.network)
    return facts


def _readable(config: XnnConfig, folder: Path, names: list[str]) -> list[Photograph]:
    images, multilabel = config.images, config.model.multilabel
    listed = list_photographs(images.folder, images.labels, folder, names, multilabel, images.dataset)
    found = []
    for photograph in listed:
        try:
            open_picture(photograph.path)
            found.append(photograph)
        except UserError as error:
            tqdm.write(f"skipped: {photograph.source}: {error}")
    if not found:
        raise UserError(f"{config.images.folder}: no picture could be read.")
    return found


def _activations(
    config: XnnConfig, model: torch.nn.Module, weights_sha256: str, photographs: list[Photograph], work: Path
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return all photographs' activations and logits, from the cache where they are there."""
    by_name = {photo.source: photo for photo in photographs}
    content = [sha256_of(photo.path) for photo in photographs]
    m, settings = config.model, config.xnn
    key = opaque(
        weights_sha256,
        code_sha256(model, m.arch),
        m.arch,
        m.options,
        m.height_width,
        m.resize,
        m.mean,
        m.std,
        settings.layer,
        settings.space,
        content,
    )

    def load(name: str) -> torch.Tensor:
        return model_input(open_picture(by_name[name].path), config.model)

    with tqdm(total=len(by_name), desc="activations", unit=" images", dynamic_ncols=True) as progress:
        folder = work / f"activations-{key}"
        return cached_activations(model, settings.layer, settings.space, list(by_name), load, folder, progress.update)


def groups_of(logits: torch.Tensor, labels: Sequence[tuple[int, ...] | None], classes: list[int]) -> torch.Tensor:
    """Return for each image the position of its class among the explained ones, −1 for none of them: (M,).

    Its class is the true one; of several the first that is explained; the predicted one where the truth is not known.
    """
    found = []
    for predicted, truth in zip(logits.argmax(dim=1).tolist(), labels, strict=True):
        own = [predicted] if truth is None else truth
        found.append(next((classes.index(k) for k in own if k in classes), -1))
    return torch.tensor(found)


def _test_part(config: XnnConfig, photographs: list[Photograph]) -> torch.Tensor:
    """Those with split "test" where there are any, else a share drawn by the seed."""
    is_test = torch.tensor([photo.split == "test" for photo in photographs])
    if not is_test.any():
        count = round(config.output.holdout * len(photographs))
        order = torch.randperm(len(photographs), generator=torch.Generator().manual_seed(config.output.seed))
        is_test[order[:count]] = True
    if is_test.all():
        raise UserError(f"{config.path}: [images] labels: every picture has split test; none is left for training.")
    return is_test


def fit(
    config: XnnConfig, classes: list[int], examples: Examples, work: Path | None = None
) -> tuple[ExplanationNetwork, dict[str, Any]]:
    """Return the network, its weights rounded to what its file holds, and the facts of tuning and training."""
    settings, tried = config.xnn, list[dict[str, Any]]()
    if config.tune is not None:
        n_fits = len(candidates(settings, config.tune)) * (config.tune.folds - 1)
        with bar(settings, n_fits * len(examples), "tuning") as progress:
            settings, tried = tune(settings, classes, examples, config.tune, progress.update)
    state = None if work is None else work / f"training-{opaque(settings.as_dict(), classes, _digest(examples))}.pt"
    started = time.perf_counter()
    with bar(settings, len(examples), "training") as progress:
        network, report = train(settings, classes, examples, progress.update, state)
    seconds = time.perf_counter() - started
    facts: dict[str, Any] = {
        "examples": len(examples),
        "seconds": round(seconds, 2),
        "degenerate": {f"x-feature {i + 1}": what for i, what in report.degenerate.items()},
        "remedies": report.remedies,
        "loss": report.losses[-1] if report.losses else None,
        "tried": tried,
    }
    return as_stored(network), facts


def _digest(examples: Examples) -> str:
    digest = hashlib.blake2s()
    for tensor in (examples.activations, examples.logits, examples.groups):
        digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


def _thresholds(config: XnnConfig, logits: torch.Tensor, photographs: list[Photograph]) -> list[float] | None:
    """The logits above which a multi-label model predicts a class; None for other models."""
    if not config.model.multilabel:
        return None
    labels = [photo.labels for photo in photographs]
    given = config.model.thresholds or thresholds_of(scores_of(logits.numpy(), True), labels)
    return torch.logit(torch.tensor(given)).tolist()


def measured(
    network: ExplanationNetwork,
    activations: torch.Tensor,
    logits: torch.Tensor,
    thresholds: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Return how faithful the network is on these images."""
    if not len(activations):
        return {"images": 0}
    _, approximations = apply(network, activations)
    found = faithfulness(approximations, logits, classes=network.classes, thresholds=thresholds)
    return {"images": len(activations), **found}
