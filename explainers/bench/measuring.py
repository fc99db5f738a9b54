"""Seconds, images passed and memory of a function call."""

import ctypes
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch

from explainers.networks.perturbation import usual_batch
from explainers.networks.rewriting.incremental import Incremental

BATCHES = (1, 2, 4, 6, 8, 16, 32)
REPEATS = 2
_KERNELS = re.compile(r"conv|::(add)?mm|bmm|linear|scaled_dot_product")  # where a network's own arithmetic is done
T = TypeVar("T")


@dataclass(frozen=True)
class Subject:
    """What all are timed on."""

    model: torch.nn.Module
    images: torch.Tensor
    targets: torch.Tensor
    clock: Callable[[], float]
    profiled: bool
    enough_s: float


def seconds_of(subject: Subject, function: Callable[[], object]) -> float:
    """Return the seconds of one call; an accelerator's work is waited for."""
    started = subject.clock()
    function()
    if subject.images.is_cuda:
        torch.cuda.synchronize()
    return subject.clock() - started


@torch.inference_mode()
def seconds_per_image(subject: Subject, model: torch.nn.Module) -> float:
    """Return the seconds that one image takes in the best batch."""
    found = []
    for size in {*BATCHES, usual_batch(subject.images)}:
        batch = subject.images[torch.arange(size, device=subject.images.device) % len(subject.images)]
        model(batch)
        found.append(min(seconds_of(subject, partial(model, batch)) for _ in range(REPEATS)) / size)
    return min(found)


def counted(subject: Subject, function: Callable[[], T]) -> tuple[int, float | None, T]:
    """Return how many images went through a network, the rise of memory in MiB (or None), and the result.

    A variant that is computed in part counts as an image. The second of two runs is measured: what is loaded once does
    not count.
    """
    function()
    depth, passed = [0], [0]

    def enter(module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        batch = inputs[0] if inputs else None
        if depth[0] == 0 and isinstance(batch, torch.Tensor):
            is_of_images = batch.shape[1:] == subject.images.shape[1:] or isinstance(module, Incremental)
            passed[0] += len(batch) if is_of_images else 0
        depth[0] += 1

    def leave(_module: torch.nn.Module, _inputs: tuple[Any, ...], _outputs: Any) -> None:
        depth[0] -= 1

    hooks = torch.nn.modules.module
    handles = [hooks.register_module_forward_pre_hook(enter), hooks.register_module_forward_hook(leave)]
    try:
        before = _reset_memory(subject.images.device)
        result = function()
        after = _peak_memory(subject.images.device)
    finally:
        for handle in handles:
            handle.remove()
    growth = None if before is None or after is None else max(after - before, 0) / 2**20
    return passed[0], growth, result


def shares_of_operators(subject: Subject, function: Callable[[], object]) -> tuple[float, dict[str, float]]:
    """Return the share of a call in convolutions and matrix products, forward and back, and in each other operator.

    By PyTorch's profiler and on the wall's clock, as the profiler's is, under which what lies in no operator takes a
    little longer. The first are the same code for everybody who runs the network: what lies outside can be saved, these
    can't.
    """
    from torch.profiler import ProfilerActivity, profile

    on_device = subject.images.is_cuda
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_device else [])]
    with profile(activities=activities) as found:
        began = time.perf_counter()
        function()
        if on_device:
            torch.cuda.synchronize()
        elapsed = time.perf_counter() - began
    kernels, others = 0.0, Counter[str]()
    for event in found.key_averages():
        spent = (event.self_device_time_total if on_device else event.self_cpu_time_total) / 1e6 / elapsed
        if _KERNELS.search(event.key):
            kernels += spent
        else:
            others[event.key.rpartition(":")[2].strip()] += spent
    return kernels, dict(others.most_common())


def _reset_memory(device: torch.device) -> int | None:
    """Return the bytes in use, and let the peak be counted from here; None where the system does not say."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return None
    return _process_status("VmRSS")


def _peak_memory(device: torch.device) -> int | None:
    return torch.cuda.max_memory_allocated() if device.type == "cuda" else _process_status("VmHWM")


def _process_status(key: str) -> int | None:
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(f"{key}:"))
    except (OSError, StopIteration):
        return None
