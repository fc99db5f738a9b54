"""The other implementations, on the same model, images and parameters. Each is imported when it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from explainers import registry
from explainers._torchvision import torchvision
from explainers.networks.layers import default_layer
from explainers.networks.perturbation import usual_batch
from explainers.preprocessing import IMAGENET_MEAN, IMAGENET_STD


@dataclass(frozen=True)
class Peer:
    """`attribute(model, images, targets, **parameters)` gives maps (N, H, W), or none that could be compared.

    `parameters` are those that ours is given; a peer takes of them what it has.
    """

    name: str
    attribute: Callable
    ours: Callable = field(default=lambda maps: maps)  # what of ours its maps are compared with


def _to_unit_range(maps):
    low, high = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


def _grad_cam(model, images, targets):
    """Its maps are scaled to 0 … 1."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with GradCAM(model=model, target_layers=[default_layer(model, images)]) as peer:
        return torch.from_numpy(peer(images, [ClassifierOutputTarget(int(t)) for t in targets]))


def _published_cwox(model, images, targets, **_parameters):
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


def _captum_gradient_shap(model, images, targets, n_samples):
    from captum.attr import GradientShap

    images = images.clone().requires_grad_()
    options = {"n_samples": n_samples, "stdevs": 0.0, "target": targets}
    GradientShap(model).attribute(images, torch.zeros_like(images[:1]), **options)


def _shap(model, images, _targets, n_samples):
    """It explains the first choices by itself; asked for given classes it would explain them all."""
    from shap import GradientExplainer

    explainer = GradientExplainer(model, torch.zeros_like(images[:1]), batch_size=usual_batch(images))
    explainer.shap_values(images, nsamples=n_samples, ranked_outputs=1, rseed=0)


def _captum_occlusion(model, images, targets, window, stride, **_parameters):
    from captum.attr import Occlusion

    shape, strides = (3, window, window), (3, stride, stride)
    with torch.inference_mode():
        found = Occlusion(model).attribute(images, shape, strides, target=targets, perturbations_per_eval=16)
    return found[:, 0]


def _lime(model, images, targets, n_samples):
    from lime.lime_image import LimeImageExplainer
    from lime.wrappers.scikit_image import SegmentationAlgorithm

    mean, std = (torch.tensor(values).reshape(3, 1, 1).to(images) for values in (IMAGENET_MEAN, IMAGENET_STD))
    quickshift = SegmentationAlgorithm("quickshift", kernel_size=4, max_dist=200, ratio=0.2, random_seed=0)

    @torch.inference_mode()
    def classify(pictures):
        inputs = torch.stack([torch.from_numpy(picture).permute(2, 0, 1) for picture in pictures]).to(images)
        return model((inputs - mean) / std).softmax(dim=1).cpu().numpy()

    for image, target in zip(images, targets, strict=True):
        picture = (image * std + mean).clamp(0, 1).permute(1, 2, 0).double().cpu().numpy()
        options = {"labels": (int(target),), "top_labels": None, "num_samples": n_samples}
        explainer = LimeImageExplainer(random_state=0)
        explainer.explain_instance(picture, classify, segmentation_fn=quickshift, **options)


GRAD_CAM = Peer("pytorch-grad-cam", _grad_cam, _to_unit_range)
LRP = Peer("zennit", _zennit)
DEEPLIFT = Peer("captum", _captum_deeplift)
GRADIENT_SHAP = Peer("captum", _captum_gradient_shap)
SHAP = Peer("shap", _shap)
OCCLUSION = Peer("captum", _captum_occlusion)
LIME = Peer("lime", _lime)
PUBLISHED_CWOX = Peer("as many passes as published: 34 forward, 17 backward", _published_cwox)
