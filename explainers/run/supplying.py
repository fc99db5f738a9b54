"""What a method or a metric is given beside its own parameters: by name, as far as its function has them."""

from collections.abc import Callable
from typing import Any

from explainers import registry
from explainers.config import MethodConfig
from explainers.record import Record
from explainers.run.job import Job, seeded_generator
from explainers.run.reading import background_of


def supplied(job: Job, record: Record, draws: str, image: str, **offered: Callable[[], Any]) -> dict[str, Any]:
    """Return what the run supplies: the preprocessing, a generator of the image's own, and what else is `offered`.

    `draws` tells one image's generators apart. Only what the function has a parameter for is made.
    """
    usual = {
        "mean": lambda: job.config.model.mean,
        "std": lambda: job.config.model.std,
        "generator": lambda: seeded_generator(job, draws, image),
    }
    return {name: make() for name, make in record.taken({**usual, **offered}).items()}


def arguments_of(job: Job, method: MethodConfig, image: str, **offered: Callable[[], Any]) -> dict[str, Any]:
    """Return all that a method's function is given for an image: its parameters, and what the run supplies."""
    if names := job.background_names(method):
        offered["background"] = lambda: background_of(job, tuple(names))
    files = {name: str(path) for name, path in job.files_of(method).items()}
    return {
        **job.resolved(method),
        **files,
        **supplied(job, registry.explainer(method.name), method.name, image, **offered),
    }
