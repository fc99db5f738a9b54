"""Time every method against its peers: the same model, images and parameters, in one run.

Peers are development requirements (captum, pytorch-grad-cam, zennit, shap, lime); one that is not installed, or fails
on the model, is named with the reason. Weights and images are random, targets the model's first choices. `COLUMNS` says
what each figure is.
"""

import ctypes
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from explainers import registry
from explainers._torchvision import torchvision
from explainers.excitation import excitable
from explainers.graph import optimised
from explainers.layers import default_layer
from explainers.perturbation import usual_batch

BATCHES = (1, 2, 4, 6, 8, 16, 32)
REPEATS = 2
COLUMNS = {
    "method": "Ours.",
    "peer": "The other implementation, or why there is no figure of it; for ours in fewer bits the precision.",
    "seconds": "Ours, per image: the least of some runs.",
    "peer_seconds": "The peer's, in turn with ours.",
    "ratio": "The peer's time over ours.",
    "passes": "Images that went through the model, per image explained; counted.",
    "peer_passes": "The same of the peer.",
    "overhead": "Our time over that of as many bare forward passes of the plain model, in its best batch.",
    "overhead_optimised": "The same over the optimised copy's, which perturbation methods use.",
    "memory_mib": "How far memory rose above what was in use before, at its peak.",
    "peer_memory_mib": "The same of the peer.",
    "difference": "The largest difference between both maps over the largest value; none where maps are random.",
}


@dataclass(frozen=True)
class Peer:
    """`attribute(model, images, targets)` gives maps (N, H, W), or none that could be compared."""

    name: str
    attribute: Callable
    ours: Callable = field(default=lambda maps: maps)  # what of ours its maps are compared with


@dataclass(frozen=True)
class Case:
    """One method with parameters that its peers have too."""

    method: str
    parameters: dict = field(default_factory=dict)
    peers: tuple[Peer, ...] = ()


def cases(side: int) -> list[Case]:
    """Return the comparisons for images of this size."""
    window, stride = side // 7, side // 14
    occlusion = {"window": window, "stride": stride, "fill": (0.0, 0.0, 0.0), "output": "logit", "relative": False}
    captum_occlusion = Peer("captum", lambda *a: _captum_occlusion(*a, window, stride))
    shap = {"n_samples": 20}
    return [
        Case("grad_cam", {}, (Peer("pytorch-grad-cam", _grad_cam, _to_unit_range),)),
        Case("lrp", {}, (Peer("zennit", _zennit),)),
        Case("deeplift", {}, (Peer("captum", _captum_deeplift),)),
        Case("gradient_shap", shap, (Peer("captum", _captum_gradient_shap), Peer("shap", _shap))),
        Case("occlusion", occlusion, (captum_occlusion,)),
        Case("lime", {"n_samples": 200}, (Peer("lime", _lime),)),
        Case("rise", {"n_masks": 200}),
        Case("multiscale_occlusion", {"depth": 2}),
        Case("mwp"),
        Case("c_mwp"),
        Case("cwox_2s", _tree_by("grad_cam"), (Peer("as many passes as published: 34 forward, 17 backward", _34_17),)),
        Case("cwox_2s", _tree_by("mwp")),
        Case("cwox_2s", _tree_by("rise", {"n_masks": 100}, {"n_masks": 60})),
        Case("cwox_2s", _tree_by("lime", {"n_samples": 100}, {"n_samples": 60})),
    ]


def _tree_by(base, stage_1=None, stage_2=None):
    """Parameters of a tree of the five highest classes, in two clusters."""
    clusters = [list(range(0, 1000, 2)), list(range(1, 1000, 2))]
    return {"base": base, "tree": clusters, "mass": 1.0, "stage_1": stage_1, "stage_2": stage_2}


def bench(
    model_name: str,
    side: int,
    n_images: int,
    device: torch.device,
    report: Callable[[dict], None],
    clock: Callable[[], float] = time.perf_counter,
) -> list[dict]:
    """Return a row per method and peer, as `COLUMNS`. `report` gets each row as it is ready.

    After them, a row per perturbation method and lower precision: its time against the full one's, and what it changes.
    `clock` reads seconds: the wall's, or on a machine with other work this process's own (`time.process_time`).
    """
    options = {"init_weights": False} if model_name == "googlenet" else {}
    model = torchvision.models.get_model(model_name, weights=None, **options).eval().to(device)
    images = torch.randn(n_images, 3, side, side, generator=torch.Generator().manual_seed(0)).to(device)
    with torch.inference_mode():
        targets = model(images).argmax(dim=1)
    subject = Subject(model, images, targets, clock)
    rows = []
    for row in _rows(subject, cases(side)):
        rows.append(row)
        report(row)
    return rows


@dataclass(frozen=True)
class Subject:
    """What all are timed on."""

    model: torch.nn.Module
    images: torch.Tensor
    targets: torch.Tensor
    clock: Callable[[], float]


def _rows(subject, chosen):
    plain, fast = _per_image(subject, subject.model), _per_image(subject, optimised(subject.model))
    perturbing = []
    for case in chosen:
        for peer in case.peers or (None,):
            row, seconds, maps = _compared(subject, case, peer)
            base = case.parameters.get("base", case.method)
            if "perturbs" in registry.METHODS[base].needs:
                row["overhead"] = seconds / (row["passes"] * plain)
                row["overhead_optimised"] = seconds / (row["passes"] * fast)
                if base == case.method:
                    perturbing.append((case, seconds, maps))
            yield row
    for case, seconds, maps in perturbing:
        for precision in ("bfloat16", "float16") if subject.images.is_cuda else ("bfloat16",):
            yield _reduced(subject, case, precision, seconds, maps)


def _compared(subject, case, peer):
    """Return the row, our seconds per image and our maps. Both run in turn, so that neither has the quieter time."""

    def ours():
        if not registry.explains_output(case.method):
            maps = registry.explain(case.method, subject.model, subject.images, subject.targets, **case.parameters)
            return maps[:, 0]
        trees = [registry.explain_output(case.method, prepared, image, **case.parameters) for image in subject.images]
        return torch.stack([nodes[0].map for nodes in trees])

    base = case.parameters.get("base")
    prepared = optimised(subject.model) if base in ("rise", "lime") else subject.model
    prepared = excitable(prepared) if base == "mwp" else prepared
    n = len(subject.images)
    passes, memory, maps = _counted(subject, ours)
    name = f"{case.method} ({base})" if base else case.method
    row = dict.fromkeys(COLUMNS) | {"method": name, "passes": passes / n, "memory_mib": memory}
    theirs = None
    if peer is not None:
        row["peer"] = peer.name
        try:
            peer_passes, row["peer_memory_mib"], theirs = _counted(subject, lambda: _quietly(peer, subject))
            row["peer_passes"] = peer_passes / n
        except Exception as error:
            row["peer"] = f"{peer.name}: {type(error).__name__}: {str(error).splitlines()[0][:60]}"
            peer = None
    best = best_peer = float("inf")
    for _ in range(REPEATS):
        best = min(best, _seconds(subject, ours))
        if peer is not None:
            best_peer = min(best_peer, _seconds(subject, lambda: _quietly(peer, subject)))
    row["seconds"] = best / n
    if peer is not None:
        row |= {"peer_seconds": best_peer / n, "ratio": best_peer / best}
    if theirs is not None:
        theirs = theirs.detach().to(maps)
        row["difference"] = float((peer.ours(maps) - theirs).abs().max() / theirs.abs().max().clamp(min=1e-12))
    return row, best / n, maps


def _reduced(subject, case, precision, full_seconds, full):
    def ours():
        options = {**case.parameters, "precision": precision}
        return registry.explain(case.method, subject.model, subject.images, subject.targets, **options)[:, 0]

    row = dict.fromkeys(COLUMNS) | {"method": case.method, "peer": precision, "peer_seconds": full_seconds}
    try:
        maps = ours()
    except RuntimeError as error:
        return row | {"peer": f"{precision}: {str(error).splitlines()[0][:60]}"}
    seconds = _seconds(subject, ours) / len(subject.images)
    difference = float((maps - full).abs().max() / full.abs().max().clamp(min=1e-12))
    return row | {"seconds": seconds, "ratio": full_seconds / seconds, "difference": difference}


def _quietly(peer, subject):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return peer.attribute(subject.model, subject.images, subject.targets)


def _seconds(subject, function):
    started = subject.clock()
    function()
    if subject.images.is_cuda:
        torch.cuda.synchronize()
    return subject.clock() - started


@torch.inference_mode()
def _per_image(subject, model):
    """Return the seconds that one image takes in the best batch."""
    found = []
    for size in {*BATCHES, usual_batch(subject.images)}:
        batch = subject.images[torch.arange(size, device=subject.images.device) % len(subject.images)]
        model(batch)
        found.append(min(_seconds(subject, lambda batch=batch: model(batch)) for _ in range(REPEATS)) / size)
    return min(found)


def _counted(subject, function):
    """Return how many images went through a network, the rise of memory in MiB (or None), and the result.

    The second of two runs is measured: what is loaded once does not count.
    """
    function()
    depth, passed = [0], [0]

    def enter(_module, inputs):
        is_batch = (
            bool(inputs) and isinstance(inputs[0], torch.Tensor) and inputs[0].shape[1:] == subject.images.shape[1:]
        )
        if depth[0] == 0 and is_batch:
            passed[0] += len(inputs[0])
        depth[0] += 1

    def leave(_module, _inputs, _outputs):
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
    rise = None if before is None or after is None else max(after - before, 0) / 2**20
    return passed[0], rise, result


def _reset_memory(device):
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


def _peak_memory(device):
    return torch.cuda.max_memory_allocated() if device.type == "cuda" else _process_status("VmHWM")


def _process_status(key):
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(f"{key}:"))
    except (OSError, StopIteration):
        return None


def _to_unit_range(maps):
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


def _grad_cam(model, images, targets):
    """Its maps are scaled to 0 … 1."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with GradCAM(model=model, target_layers=[default_layer(model, images)]) as peer:
        return torch.from_numpy(peer(images, [ClassifierOutputTarget(int(t)) for t in targets]))


def _34_17(model, images, targets):
    """The passes that CWOX's published code makes for clusters of 2 and 3, one after the other; no maps to compare."""
    for image in images:
        for _ in range(17):
            registry.explain("grad_cam", model, image[None], targets[:1])
            with torch.inference_mode():
                model(image[None])


def _zennit(model, images, targets):
    from zennit.attribution import Gradient
    from zennit.canonizers import SequentialMergeBatchNorm
    from zennit.composites import EpsilonPlus
    from zennit.torchvision import ResNetCanonizer

    is_resnet = isinstance(model, torchvision.models.ResNet)
    canonizer = ResNetCanonizer() if is_resnet else SequentialMergeBatchNorm()

    def start(logits):
        return logits.detach() * torch.nn.functional.one_hot(targets, logits.shape[1])

    with Gradient(model=model, composite=EpsilonPlus(canonizers=[canonizer])) as attributor:
        return attributor(images.clone(), start)[1].sum(dim=1)


def _captum_deeplift(model, images, targets):
    from captum.attr import DeepLift

    images = images.clone().requires_grad_()
    return DeepLift(model).attribute(images, torch.zeros_like(images), target=targets).sum(dim=1)


def _captum_gradient_shap(model, images, targets):
    from captum.attr import GradientShap

    images = images.clone().requires_grad_()
    GradientShap(model).attribute(images, torch.zeros_like(images[:1]), n_samples=20, stdevs=0.0, target=targets)


def _shap(model, images, _targets):
    """It explains the first choices by itself; asked for given classes it would explain them all."""
    from shap import GradientExplainer

    explainer = GradientExplainer(model, torch.zeros_like(images[:1]), batch_size=usual_batch(images))
    explainer.shap_values(images, nsamples=20, ranked_outputs=1, rseed=0)


def _captum_occlusion(model, images, targets, window, stride):
    from captum.attr import Occlusion

    shape, strides = (3, window, window), (3, stride, stride)
    with torch.inference_mode():
        found = Occlusion(model).attribute(images, shape, strides, target=targets, perturbations_per_eval=16)
    return found[:, 0]


def _lime(model, images, targets):
    from lime.lime_image import LimeImageExplainer
    from lime.wrappers.scikit_image import SegmentationAlgorithm

    from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD

    mean, std = (torch.tensor(values).reshape(3, 1, 1).to(images) for values in (IMAGENET_MEAN, IMAGENET_STD))
    quickshift = SegmentationAlgorithm("quickshift", kernel_size=4, max_dist=200, ratio=0.2, random_seed=0)

    @torch.inference_mode()
    def classify(pictures):
        inputs = torch.stack([torch.from_numpy(picture).permute(2, 0, 1) for picture in pictures]).to(images)
        return model((inputs - mean) / std).softmax(dim=1).cpu().numpy()

    for image, target in zip(images, targets, strict=True):
        picture = (image * std + mean).clamp(0, 1).permute(1, 2, 0).double().cpu().numpy()
        options = {"labels": (int(target),), "top_labels": None, "num_samples": 200}
        explainer = LimeImageExplainer(random_state=0)
        explainer.explain_instance(picture, classify, segmentation_fn=quickshift, **options)
