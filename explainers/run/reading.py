"""Photographs as the model sees them, the next ones read while the last are worked on."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import torch
from tqdm import tqdm

from explainers.datasets import open_picture
from explainers.models.building import model_input
from explainers.networks.state import device_of
from explainers.run.job import Job

G = TypeVar("G")
R = TypeVar("R")


def read_ahead(read: Callable[[G], R], groups: Iterable[G]) -> Iterator[tuple[G, R]]:
    """Yield each group with what `read` makes of it; a thread reads the next group meanwhile, and no more than that."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        current = None
        for group in groups:
            following = group, reader.submit(read, group)
            if current is not None:
                yield current[0], current[1].result()
            current = following
        if current is not None:
            yield current[0], current[1].result()


def inputs_of(job: Job, names: list[str]) -> torch.Tensor:
    """Return what the model sees of these photographs, (N, 3, H, W), on its way to the model's device."""
    read = [model_input(open_picture(job.photographs[name].path), job.config.model) for name in names]
    return sent(torch.stack(read), device_of(job.model))


def sent(inputs: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return the inputs on the device; to an accelerator they travel while it computes."""
    return inputs.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else inputs.to(device)


@lru_cache(maxsize=1)
def background_of(job: Job, names: tuple[str, ...]) -> torch.Tensor:
    """Return photographs as model inputs (B, 3, H, W); one that cannot be read stops the run with its name."""
    return torch.stack([model_input(open_picture(job.all_photographs[n].path), job.config.model) for n in names])


def bar(what: str, total: int, done: int) -> tqdm:
    """Return a progress bar of images, of which some were done before."""
    return tqdm(total=total, initial=done, desc=what, unit=" images", dynamic_ncols=True)
