"""Train an explanation network on cached activations: seeded, resumable, degeneration detected and a remedy tried."""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tqdm import tqdm

from explainers.bundles.bundle import write_atomically
from explainers.errors import UserError
from explainers.parameters import Progress
from explainers.xnn import loss
from explainers.xnn.degeneration import degenerate
from explainers.xnn.examples import Examples
from explainers.xnn.lasso import fit_lasso
from explainers.xnn.network import ExplanationNetwork, initialise, rescale_input
from explainers.xnn.settings import Settings

_CHUNK = 2048  # examples at a time where no gradients are kept
_RAMP = 0.3  # share of the epochs in which β and η grow to their values; at once, all x-features would be switched off
_MARKS = 10  # times that a training writes its state


@dataclass
class Report:
    """What is to be known about a trained network: its degenerate x-features, and its loss by epoch.

    `remedies` has for each new start that was made what had degenerated before it, by the x-feature's number.
    """

    degenerate: dict[int, str] = field(default_factory=dict)
    remedies: list[dict[str, str]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


def weights_of(examples: Examples, positive_weight: float | str) -> torch.Tensor:
    """Return how often each example counts, (M,), with mean 1.

    A number: that often for an example of an explained class. "balanced": every group counts the same in the sum.
    """
    groups = examples.groups
    if positive_weight == "balanced":
        _, inverse, counts = groups.unique(return_inverse=True, return_counts=True)
        weights: torch.Tensor = len(groups) / (len(counts) * counts[inverse].float())
        return weights
    weights = torch.where(groups >= 0, float(positive_weight), 1.0)
    return weights / weights.mean()


def train(
    settings: Settings,
    classes: list[int],
    examples: Examples,
    progress: Progress = None,
    checkpoint: Path | None = None,
) -> tuple[ExplanationNetwork, Report]:
    """Return the trained network, in evaluation mode, and its report.

    The same settings and examples give the same network, to the last bit on the same machine, also when a training
    continues from `checkpoint` after an interruption. β and η grow to their values in the first third of the epochs.
    An SRAE's x-feature that hardly wakes is drawn up until it does (ours); asleep it would never learn again.
    While x-features of an SRAE degenerate, training starts again from other weights, `remedies` times at most; the
    network with the fewest is returned.
    `progress` is called with the examples seen since the last call.
    """
    if not len(examples):
        raise UserError("xnn: there are no training examples.")
    if settings.kind == "lasso":
        return fit_lasso(settings, classes, examples, weights_of(examples, settings.positive_weight)), Report()
    scale = float(examples.activations.square().mean().sqrt()) or 1.0
    scaled = Examples(examples.activations / scale, examples.logits, examples.groups)
    remedies = settings.remedies if settings.kind == "srae" else 0
    trained, tried = [], []
    for attempt in range(remedies + 1):
        state = None if checkpoint is None else checkpoint.with_name(f"{checkpoint.name}.{attempt}")
        trained.append(_Training(settings, attempt, classes, scaled, progress or (lambda _count: None), state).run())
        degenerated = trained[-1][1].degenerate
        if not degenerated:
            break
        tried.append({str(i + 1): what for i, what in degenerated.items()})
    network, report = min(trained, key=lambda result: len(result[1].degenerate))
    report.remedies = tried[:-1] if len(tried) > remedies else tried
    rescale_input(network, scale)
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network.eval(), report


class _Training:
    """A training that can stop after any epoch and go on from what it wrote."""

    def __init__(
        self,
        settings: Settings,
        attempt: int,
        classes: list[int],
        examples: Examples,
        progress: Callable[[int], object],
        checkpoint: Path | None,
    ) -> None:
        self.settings, self.examples, self.progress, self.checkpoint = settings, examples, progress, checkpoint
        self.generator = torch.Generator().manual_seed(settings.seed + 1_000_003 * attempt)
        self.weights = weights_of(examples, settings.positive_weight)
        self.network = ExplanationNetwork(settings, classes, examples.activations.shape[1:])
        initialise(self.network, examples.activations[:_CHUNK], self.generator)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self.losses: list[float] = []

    def run(self) -> tuple[ExplanationNetwork, Report]:
        self._continue()
        while len(self.losses) < self.settings.epochs:
            self.losses.append(self._train_epoch())
            if self.checkpoint is not None and len(self.losses) % max(1, self.settings.epochs // _MARKS) == 0:
                self._save(self.checkpoint)
        if self.settings.kind == "cae":
            self._fit_head()
        parts = (self.network.n_features, self.network.positions)
        seen = self._seen().unflatten(1, parts).transpose(1, 2).flatten(0, 1)  # every position an example of its own
        weight = self.network.head.weight.detach().unflatten(1, parts).abs().mean(dim=2)
        found = degenerate(seen, weight)
        return self.network, Report(found, losses=self.losses)

    def _train_epoch(self) -> float:
        order = torch.randperm(len(self.examples), generator=self.generator)
        batches = order.split(self.settings.batch_size)
        summed = 0.0
        for number, index in enumerate(batches):
            done = (len(self.losses) + number / len(batches)) / self.settings.epochs
            self.optimiser.param_groups[0]["lr"] = self.settings.learning_rate * (1 + math.cos(math.pi * done)) / 2
            activations = self.examples.activations[index]
            before = self.network.before_relu(activations)
            features = before.relu()
            approximations = self.network.head(self.network.seen(features))
            reconstructed = None if self.network.decoder is None else self.network.decoder(features)
            value = loss.total(
                self.settings,
                approximations,
                self.examples.logits[index],
                features,
                reconstructed,
                activations,
                self.weights[index],
                strength=min(1.0, done / _RAMP),
            )
            if self.settings.kind == "srae":
                value = value + loss.depth_of_sleep(before)
            self.optimiser.zero_grad(set_to_none=True)
            value.backward()
            self.optimiser.step()
            summed += float(value.detach()) * len(index)
            self.progress(len(index))
        return summed / len(order)

    @torch.no_grad()
    def _seen(self) -> torch.Tensor:
        parts = self.examples.activations.split(_CHUNK)
        return torch.cat([self.network.seen(self.network.encoder(part)) for part in parts])

    def _fit_head(self) -> None:
        """Fit the logits by weighted least squares with an intercept."""
        root = self.weights.double().sqrt()[:, None]
        seen = self._seen().double()
        design = torch.cat([seen, torch.ones(len(seen), 1, dtype=seen.dtype)], dim=1) * root
        solution = torch.linalg.lstsq(design, self.examples.logits.double() * root, driver="gelsd").solution
        with torch.no_grad():
            self.network.head.weight.copy_(solution[:-1].T)
            self.network.head.bias.copy_(solution[-1])

    def _save(self, checkpoint: Path) -> None:
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "losses": self.losses,
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(checkpoint, buffer.getvalue())

    def _continue(self) -> None:
        if self.checkpoint is None or not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.losses = state["losses"]
        self.progress(len(self.examples) * len(self.losses))


def bar(settings: Settings, n_examples: int, title: str) -> tqdm:
    """Return a progress bar over the examples that one training sees, with rate and time left."""
    total = settings.epochs * n_examples
    return tqdm(total=total, desc=title, unit=" samples", unit_scale=True, dynamic_ncols=True)


@torch.inference_mode()
def apply(network: ExplanationNetwork, activations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the head sees of the x-features (M, n · positions) and the approximations ȳ (M, C)."""
    seen, approximations = [], []
    for part in activations.split(_CHUNK):
        features, found = network(part)
        seen.append(network.seen(features))
        approximations.append(found)
    return torch.cat(seen), torch.cat(approximations)
