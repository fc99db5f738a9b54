"""Time every method against its peers: the same model, images and parameters, in one run.

Peers are development requirements; one that is not installed, or fails on the model, is named with the reason. Weights
and images are random, targets the model's first choices. `COLUMNS` says what each figure is.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import torch

from explainers import registry
from explainers._torchvision import torchvision
from explainers.bench.cases import Case, cases
from explainers.bench.measuring import REPEATS, Subject, counted, seconds_in_kernels, seconds_of, seconds_per_image
from explainers.errors import UserError
from explainers.networks.rewriting.optimised import optimised
from explainers.record import Peer

COLUMNS = {
    "method": "Ours.",
    "peer": "The other implementation, or why there is no figure of it; for ours in fewer bits the precision.",
    "seconds": "Ours, per image, with the model in the form that a job makes of it once: the least of some runs.",
    "peer_seconds": "The peer's, in turn with ours.",
    "once": "Seconds that ours spends on that form of the model, once a job.",
    "ratio": "The peer's time over ours.",
    "kernels": "Share of our time in convolutions and matrix products (PyTorch's profiler; with `--profile`).",
    "peer_kernels": "The same of the peer.",
    "limit": "What the ratio would be if all of ours but them took no time.",
    "passes": "Images that went through the model, per image explained; counted.",
    "peer_passes": "The same of the peer.",
    "overhead": "Our time over that of as many bare forward passes of the plain model, in its best batch.",
    "overhead_optimised": "The same over the optimised copy's, which perturbation methods use.",
    "memory_mib": "How far memory rose above what was in use before, at its peak.",
    "peer_memory_mib": "The same of the peer.",
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
) -> list[dict[str, Any]]:
    """Return a row per method and peer, as `COLUMNS`. `report` gets each row as it is ready.

    After them, a row per perturbation method and lower precision: its time against the full one's, and what it changes.
    `clock` reads seconds: the wall's, or on a machine with other work this process's own (`time.process_time`).
    `methods` are those to time; all when not given. `profiled`: tell what of their time lies in kernels.
    """
    for name in methods or ():
        registry.explainer(name)
    options = {"init_weights": False} if model_name == "googlenet" else {}
    model = torchvision.models.get_model(model_name, weights=None, **options).eval()
    for weight in model.parameters():  # some begin with a head of zeros, and nothing to explain
        if weight.ndim > 1 and not weight.any():
            torch.nn.init.normal_(weight, std=0.02)
    model = model.to(device)
    images = torch.randn(n_images, 3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    with torch.no_grad():  # peers take gradients of scores that these choose
        targets = model(images).argmax(dim=1)
    subject = Subject(model, images, targets, clock, profiled)
    rows = []
    chosen = [case for case in cases(side) if methods is None or case.method in methods]
    for row in _rows(subject, chosen):
        rows.append(row)
        report(row)
    return rows


def _rows(subject: Subject, chosen: list[Case]) -> Iterator[dict[str, Any]]:
    plain, fast = seconds_per_image(subject, subject.model), seconds_per_image(subject, optimised(subject.model))
    perturbing = []
    for case in chosen:
        for peer in case.peers or (None,):
            try:
                row, seconds, maps = _compared(subject, case, peer)
            except UserError as error:
                yield dict.fromkeys(COLUMNS) | {"method": case.name, "peer": f"not on this model: {str(error)[:60]}"}
                continue
            if "perturbs" in registry.METHODS[case.base].needs:
                row["overhead"] = seconds / (row["passes"] * plain)
                row["overhead_optimised"] = seconds / (row["passes"] * fast)
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
        (seconds,) = _least(subject, ours)
        return row | {"seconds": seconds / n} | _profile(subject, ours, seconds), seconds / n, maps

    def theirs() -> torch.Tensor | None:
        return _quietly(peer, subject, case)

    try:
        peer_passes, row["peer_memory_mib"], peer_maps = counted(subject, theirs)
    except Exception as error:
        (seconds,) = _least(subject, ours)
        reason = f"{peer.name}: {type(error).__name__}: {str(error).splitlines()[0][:60]}"
        return row | {"peer": reason, "seconds": seconds / n}, seconds / n, maps
    seconds, peer_seconds = _least(subject, ours, theirs)
    row |= {"peer": peer.name, "peer_passes": peer_passes / n}
    row |= {"seconds": seconds / n, "peer_seconds": peer_seconds / n, "ratio": peer_seconds / seconds}
    row |= _profile(subject, ours, seconds)
    if subject.profiled:
        row["peer_kernels"] = _profile(subject, theirs, peer_seconds)["kernels"]
        row["limit"] = row["ratio"] / max(row["kernels"], 1e-9)
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


def _profile(subject: Subject, function: Callable[[], object], seconds: float) -> dict[str, float]:
    return {"kernels": seconds_in_kernels(subject, function) / seconds} if subject.profiled else {}


def _least(subject: Subject, *functions: Callable[[], object]) -> list[float]:
    """Return each function's least seconds of some runs, in turn, so that none has the quieter time."""
    rounds = [[seconds_of(subject, function) for function in functions] for _ in range(REPEATS)]
    return [min(of_one) for of_one in zip(*rounds, strict=True)]


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
