"""Time every method against its peers: the same model, images and parameters, in one run.

Peers are development requirements (captum, pytorch-grad-cam, zennit); one that is not installed, or fails on the
model, is named with the reason. Weights and images are random. *Overhead* is the time over that of the bare forward
passes, in the best batch: of the plain model, and of the optimised copy that perturbation methods use. *Difference* is
the largest between both maps over the largest value: on max-pooling the two DeepLIFTs split the same sum differently.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from explainers import registry
from explainers._torchvision import torchvision
from explainers.graph import optimised

BATCHES = (1, 4, 8, 16, 32)
COLUMNS = (
    "method",
    "peer",
    "seconds",
    "peer_seconds",
    "ratio",
    "passes",
    "overhead",
    "overhead_optimised",
    "difference",
)


@dataclass(frozen=True)
class Case:
    """One method with parameters that a peer has too; `passes` counts the images classified per image."""

    method: str
    parameters: dict = field(default_factory=dict)
    passes: int | None = None
    peer: str = ""
    attribute: Callable | None = None
    random: bool = False


def cases(side: int) -> list[Case]:
    """Return the comparisons for images of this size."""
    window, stride = side // 7, side // 14
    occlusion = {"window": window, "stride": stride, "fill": (0.0, 0.0, 0.0), "output": "logit", "relative": False}
    return [
        Case("grad_cam", {"layer": "features"}, None, "pytorch-grad-cam", _grad_cam),
        Case("lrp", {}, None, "zennit", _zennit),
        Case("deeplift", {}, None, "captum", _captum_deeplift),
        Case("gradient_shap", {"n_samples": 20}, None, "captum", _captum_gradient_shap, random=True),
        Case("occlusion", occlusion, 13**2 + 1, "captum", lambda *a: _captum_occlusion(*a, window, stride)),
        Case("rise", {"n_masks": 200}, 200),
        Case("lime", {"n_samples": 200}, 200),
        Case("multiscale_occlusion", {"depth": 2}, 187 + 1),
        Case("mwp"),
        Case("c_mwp"),
    ]


def bench(model_name: str, side: int, n_images: int, device: str, report: Callable[[dict], None]) -> list[dict]:
    """Return a row per method, as `COLUMNS`; seconds are per image. `report` gets each row as it is ready."""
    options = {"init_weights": False} if model_name == "googlenet" else {}
    model = torchvision.models.get_model(model_name, weights=None, **options).eval().to(device)
    images = torch.randn(n_images, 3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    targets = torch.arange(n_images, device=device)
    plain, fast = _per_image(model, images), _per_image(optimised(model), images)
    rows = []
    for case in cases(side):
        rows.append(_row(case, model, images, targets, plain, fast))
        report(rows[-1])
    return rows


def _row(case, model, images, targets, plain, fast):
    seconds, maps = _timed(lambda: registry.explain(case.method, model, images, targets, **case.parameters)[:, 0])
    row = dict.fromkeys(COLUMNS) | {"method": case.method, "seconds": seconds / len(images), "passes": case.passes}
    if case.passes:
        row["overhead"] = row["seconds"] / (case.passes * plain)
        row["overhead_optimised"] = row["seconds"] / (case.passes * fast)
    if case.attribute is None:
        return row
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer_seconds, theirs = _timed(lambda: case.attribute(model, images, targets))
    except Exception as error:
        return row | {"peer": f"{case.peer}: {type(error).__name__}: {str(error).splitlines()[0][:60]}"}
    row |= {"peer": case.peer, "peer_seconds": peer_seconds / len(images), "ratio": peer_seconds / seconds}
    if not case.random and theirs is not None:
        theirs = theirs.detach()
        row["difference"] = float((maps - theirs).abs().max() / theirs.abs().max().clamp(min=1e-12))
    return row


def _timed(function, repeats=3):
    """Return the least seconds of a few runs, after one to warm up, and the result."""
    result, best = function(), float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        result = function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return best, result


@torch.inference_mode()
def _per_image(model, images):
    """Return the seconds that one image takes in the best batch."""
    found = []
    for size in BATCHES:
        batch = images[torch.arange(size, device=images.device) % len(images)]
        found.append(_timed(lambda batch=batch: model(batch))[0] / size)
    return min(found)


def _grad_cam(model, images, targets):
    """pytorch-grad-cam scales its maps to 0 … 1 itself, so they are not compared here; the tests do."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with GradCAM(model=model, target_layers=[model.features]) as peer:
        peer(images, [ClassifierOutputTarget(int(t)) for t in targets])


def _zennit(model, images, targets):
    from zennit.attribution import Gradient
    from zennit.canonizers import SequentialMergeBatchNorm
    from zennit.composites import EpsilonPlus

    def start(logits):
        return logits.detach() * torch.nn.functional.one_hot(targets, logits.shape[1])

    with Gradient(model=model, composite=EpsilonPlus(canonizers=[SequentialMergeBatchNorm()])) as attributor:
        return attributor(images.clone(), start)[1].sum(dim=1)


def _captum_deeplift(model, images, targets):
    from captum.attr import DeepLift

    images = images.clone().requires_grad_()
    return DeepLift(model).attribute(images, torch.zeros_like(images), target=targets).sum(dim=1)


def _captum_gradient_shap(model, images, targets):
    from captum.attr import GradientShap

    images = images.clone().requires_grad_()
    return GradientShap(model).attribute(images, torch.zeros_like(images[:1]), n_samples=20, stdevs=0.0, target=targets)


def _captum_occlusion(model, images, targets, window, stride):
    from captum.attr import Occlusion

    shape, strides = (3, window, window), (3, stride, stride)
    with torch.inference_mode():
        found = Occlusion(model).attribute(images, shape, strides, target=targets, perturbations_per_eval=16)
    return found[:, 0]
