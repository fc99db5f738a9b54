"""Time every method against its peers: the same model, images and parameters, in one run.

Peers are development requirements; one that is not installed, or fails on the model, is named with the reason. Weights
and images are random, targets the model's first choices. `COLUMNS` says what each figure is.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import torch

from explainers import registry
from explainers._torchvision import torchvision
from explainers.bench.cases import Case, cases
from explainers.bench.measuring import Subject, counted, seconds_of, seconds_per_image, shares_of_operators
from explainers.errors import UserError
from explainers.networks.rewriting.optimised import optimised
from explainers.record import Peer
from explainers.targets import as_targets, pick

ROUNDS = 7
ENOUGH_S = 8.0  # after which no further round begins
_SHOWN = 0.02  # of our time, from which an operator is named

COLUMNS = {
    "method": "Ours.",
    "peer": "The other implementation, or why there is no figure of it; for ours in fewer bits the precision.",
    "seconds": "Ours, per image, with the model in the form that a job makes of it once: the median of all rounds.",
    "peer_seconds": "The peer's, in turn with ours.",
    "rounds": "How often both were timed; the longer they take, the fewer.",
    "once": "Seconds that ours spends on that form of the model, once a job.",
    "ratio": "The peer's time over ours.",
    "kernels": "Share of our time in convolutions and matrix products (PyTorch's profiler; with `--profile`).",
    "peer_kernels": "The same of the peer.",
    "limit": "What the ratio would be if all of ours but them took no time.",
    "rest": "What else our time goes into: operators by their share, and what lies in none (Python).",
    "passes": "Images that went through the model, per image explained; counted.",
    "peer_passes": "The same of the peer.",
    "overhead": "Our time over that of as many bare forward passes of the plain model, in its best batch.",
    "overhead_optimised": "The same over the optimised copy's, which perturbation methods use.",
    "memory_mib": "How far memory rose above what was in use before, at its peak.",
    "peer_memory_mib": "The same of the peer.",
    "lost": "How far our maps' sums are from the change of the logit that they share out; of methods with a baseline.",
    "peer_lost": "The same of the peer.",
    "difference": "The largest difference between both maps over the largest value; none where maps are random.",
}


def bench(
    model_name: str,
    side: int,
    n_images: int,
    device: torch.device,
    report: Callable[[dict[str, Any]], None],
    clock: Callable[[], float] = time.perf_counter,
    methods: list[str] | None = None,
    profiled: bool = False,
    enough_s: float = ENOUGH_S,
) -> list[dict[str, Any]]:
    """Return a row per method and peer, as `COLUMNS`. `report` gets each row as it is ready.

    After them, a row per perturbation method and lower precision: its time against the full one's, and what it changes.
    `clock` reads seconds: the wall's, or on a machine with other work this process's own (`time.process_time`).
    `methods` are those to time; all when not given. `profiled`: tell what of their time lies in kernels.
    `enough_s`: seconds of a comparison after which no further round of it begins.
    """
    for name in methods or ():
        registry.explainer(name)
    options = {"init_weights": False} if model_name == "googlenet" else {}
    model = torchvision.models.get_model(model_name, weights=None, **options).eval()
    for weight in model.parameters():  # some begin with a head of zeros, and nothing to explain
        if weight.ndim > 1 and not weight.any():
            torch.nn.init.normal_(weight, std=0.02)
    model = model.to(device)
    draws = torch.Generator().manual_seed(0)
    images = torch.randn(n_images, 3, side, side, generator=draws).to(device)
    _normalise(model, torch.randn(4, 3, side, side, generator=draws).to(device))
    with torch.no_grad():  # peers take gradients of scores that these choose
        targets = model(images).argmax(dim=1)
    subject = Subject(model, images, targets, clock, profiled, enough_s)
    rows = []
    chosen = [case for case in cases(side) if methods is None or case.method in methods]
    for row in _rows(subject, chosen):
        rows.append(row)
        report(row)
    return rows


@torch.no_grad()
def _normalise(model: torch.nn.Module, images: torch.Tensor) -> None:
    """Give batch norms the statistics of these images, as training would.

    With those they begin with, activations fade from layer to layer, and a network without biases is linear on the
    straight way from zero, where any rule is complete.
    """
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    if norms:
        model(images)
    model.eval()


def _rows(subject: Subject, chosen: list[Case]) -> Iterator[dict[str, Any]]:
    perturbing, bare = [], list[float]()  # seconds of a forward pass: the plain model's, the optimised copy's
    for case in chosen:
        for peer in case.peers or (None,):
            try:
                row, seconds, maps = _compared(subject, case, peer)
            except UserError as error:
                yield dict.fromkeys(COLUMNS) | {"method": case.name, "peer": f"not on this model: {str(error)[:60]}"}
                continue
            if "perturbs" in registry.METHODS[case.base].needs:
                bare = bare or [seconds_per_image(subject, one) for one in (subject.model, optimised(subject.model))]
                row["overhead"], row["overhead_optimised"] = (seconds / (row["passes"] * one) for one in bare)
                if case.base == case.method:
                    perturbing.append((case, seconds, maps))
            yield row
    for case, seconds, maps in perturbing:
        for precision in ("bfloat16", "float16") if subject.images.is_cuda else ("bfloat16",):
            yield _reduced(subject, case, precision, seconds, maps)


def _compared(subject: Subject, case: Case, peer: Peer | None) -> tuple[dict[str, Any], float, torch.Tensor]:
    """Return the row, our seconds per image and our maps."""
    (once, ours), n = _ours(subject, case), len(subject.images)
    passes, memory, maps = counted(subject, ours)
    row: dict[str, Any] = dict.fromkeys(COLUMNS) | {
        "method": case.name,
        "passes": passes / n,
        "memory_mib": memory,
        "once": once,
    }
    if peer is None:
        row["rounds"], (seconds,) = _medians(subject, ours)
        return row | {"seconds": seconds / n} | _profile(subject, ours), seconds / n, maps

    def theirs() -> torch.Tensor | None:
        return _quietly(peer, subject, case)

    try:
        peer_passes, row["peer_memory_mib"], peer_maps = counted(subject, theirs)
    except Exception as error:
        row["rounds"], (seconds,) = _medians(subject, ours)
        reason = f"{peer.name}: {type(error).__name__}: {str(error).splitlines()[0][:60]}"
        return row | {"peer": reason, "seconds": seconds / n}, seconds / n, maps
    row["rounds"], (seconds, peer_seconds) = _medians(subject, ours, theirs)
    row |= {"peer": peer.name, "peer_passes": peer_passes / n}
    row |= {"seconds": seconds / n, "peer_seconds": peer_seconds / n, "ratio": peer_seconds / seconds}
    row |= _profile(subject, ours)
    if subject.profiled:
        row["peer_kernels"] = _profile(subject, theirs)["kernels"]
        row["limit"] = row["ratio"] / max(row["kernels"], 1e-9)
    if "baseline" in registry.explainer(case.base).defaults:
        row["lost"] = _lost(subject, maps)
        row["peer_lost"] = None if peer_maps is None else _lost(subject, peer_maps)
    if peer_maps is not None:
        row["difference"] = _difference(peer.ours(maps), peer_maps.detach().to(maps))
    return row, seconds / n, maps


def _ours(subject: Subject, case: Case) -> tuple[float, Callable[[], torch.Tensor]]:
    """Return the seconds to prepare the model and a function that gives our maps (N, H, W): of trees those of roots."""
    started = subject.clock()
    parameters = registry.explainer(case.method).defaults | case.parameters
    prepared = registry.prepared(case.method, subject.model, parameters)
    once = subject.clock() - started
    if not registry.explains_output(case.method):
        given = (prepared, subject.images, subject.targets)
        return once, lambda: registry.explain(case.method, *given, **case.parameters)[:, 0]

    def first_nodes() -> torch.Tensor:
        trees = [registry.explain_output(case.method, prepared, image, **case.parameters) for image in subject.images]
        return torch.stack([nodes[0].map for nodes in trees])

    return once, first_nodes


def _profile(subject: Subject, function: Callable[[], object]) -> dict[str, Any]:
    """Return the share of a call's time in kernels, and what the rest of it goes into."""
    if not subject.profiled:
        return {}
    kernels, others = shares_of_operators(subject, function)
    named = {name: share for name, share in others.items() if share >= _SHOWN}
    named["smaller ones"] = sum(others.values()) - sum(named.values())
    named["no operator"] = 1 - kernels - sum(named.values())
    return {"kernels": kernels, "rest": ", ".join(f"{name} {share:.2f}" for name, share in named.items())}


def _medians(subject: Subject, *functions: Callable[[], object]) -> tuple[int, list[float]]:
    """Return how many rounds there were, and each function's median; in turn, so that none has the quieter time."""
    rounds, began = list[list[float]](), time.monotonic()
    while not rounds or (len(rounds) < ROUNDS and time.monotonic() - began < subject.enough_s):
        rounds.append([seconds_of(subject, function) for function in functions])
    return len(rounds), [median(of_one) for of_one in zip(*rounds, strict=True)]


@torch.no_grad()
def _lost(subject: Subject, maps: torch.Tensor) -> float:
    """Return by how much maps (N, H, W) miss the change of the logit from a baseline of zeros, as a share of it."""
    targets = as_targets(subject.targets, len(subject.images))
    change = pick(subject.model(subject.images), targets) - pick(
        subject.model(torch.zeros_like(subject.images)), targets
    )
    return float(((maps.sum(dim=(1, 2)) - change[:, 0]).abs() / change[:, 0].abs().clamp(min=1e-12)).max())


def _difference(maps: torch.Tensor, others: torch.Tensor) -> float:
    return float((maps - others).abs().max() / others.abs().max().clamp(min=1e-12))


def _reduced(subject: Subject, case: Case, precision: str, full_seconds: float, full: torch.Tensor) -> dict[str, Any]:
    _, lower = _ours(subject, replace(case, parameters={**case.parameters, "precision": precision}))
    row: dict[str, Any] = dict.fromkeys(COLUMNS) | {
        "method": case.name,
        "peer": precision,
        "peer_seconds": full_seconds,
    }
    try:
        maps = lower()
    except RuntimeError as error:
        return row | {"peer": f"{precision}: {str(error).splitlines()[0][:60]}"}
    seconds = seconds_of(subject, lower) / len(subject.images)
    return row | {"seconds": seconds, "ratio": full_seconds / seconds, "difference": _difference(maps, full)}


def _quietly(peer: Peer, subject: Subject, case: Case) -> torch.Tensor | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        maps: torch.Tensor | None = peer.attribute(subject.model, subject.images, subject.targets, **case.parameters)
        return maps
