"""Share a run's photographs among the workers of a Ray cluster: `explain CONFIG.toml --ray ADDRESS`.

Every worker does what a single process would, for a few photographs at a time, and writes into the run's work folder,
which all machines must see under the same path. Finished pieces are files, there whole or not at all; so when a worker
is lost its share is given to another, which continues it. The bundle is put together here, and is the same.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from explainers.config import load_config
from explainers.errors import UserError
from explainers.run.explaining import explain_images
from explainers.run.job import Job, prepare
from explainers.run.predicting import predict, targets_of

SHARE_N = 16
LOCAL = "local"


def explain_on_cluster(job: Job, address: str, device: str, limit: int | None, report: Callable[[str], None]) -> None:
    """Explain the job's photographs on the cluster at `address`; "local" starts one on this machine."""
    try:
        import ray
    except ImportError:
        raise UserError("--ray: Ray is not installed. pip install -r requirements-cluster.txt") from None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        where = {"include_dashboard": False} if address == LOCAL else {"address": address}
        ray.init(**where, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UserError(f"--ray: no cluster at {address!r}: {str(error).splitlines()[0]}") from None
    try:
        names = list(job.photographs)
        shares = [names[start : start + SHARE_N] for start in range(0, len(names), SHARE_N)]
        gpus = 1 if ray.cluster_resources().get("GPU") and device in ("auto", "cuda") else 0
        task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=-1, retry_exceptions=False)(work_on)
        path = str(Path(job.config.path).resolve())
        waiting = [task.remote(path, device, limit, share) for share in shares]
        done = 0
        while waiting:
            finished, waiting = ray.wait(waiting)
            done += sum(ray.get(finished))
            report(f"{done} of {len(names)} photographs explained on the cluster")
    except ray.exceptions.RayTaskError as error:
        cause = error.as_instanceof_cause()
        raise (UserError(str(cause.args[0])) if isinstance(cause, UserError) else cause) from None
    finally:
        ray.shutdown()


def work_on(path: str, device: str, limit: int | None, names: list[str]) -> int:
    """Predict and explain these photographs, as far as they are not yet; return how many they are."""
    job = _prepared(path, device, limit)
    share = replace(job, photographs={name: job.photographs[name] for name in names}, skipped=[])
    try:
        predict(share)
    except UserError:
        if not share.photographs:  # none of these can be read; whoever puts the bundle together says which
            return len(names)
        raise
    targets = targets_of(share)
    for method in share.config.methods:
        explain_images(share, method, targets)
    return len(names)


@lru_cache(maxsize=1)
def _prepared(path: str, device: str, limit: int | None) -> Job:
    """The model is loaded once per worker."""
    return prepare(load_config(Path(path)), device, limit)
