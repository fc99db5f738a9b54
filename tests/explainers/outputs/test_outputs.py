"""What every whole-output method must keep to, and CWOX against a direct transcription of its equations."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import explainers
from explainers.base_explainers import BASES
from explainers.errors import UserError
from explainers.methods.lime import lime
from explainers.methods.rise import rise
from explainers.networks.propagation import excitation
from tests.explainers.methods.test_every_method import state_of
from tests.explainers.sample_networks import (
    FAMILIES,
    LARGE_FAMILIES,
    explanation_network,
    family,
    pictures,
    small_cnn,
)

TREE = [[0, 1], [2, 4]]
QUICK = {
    "rise": ({"n_masks": 24, "grid": 5, "p": 0.3}, {"n_masks": 16, "grid": 4, "p": 0.4}),
    "lime": ({"n_samples": 20, "kernel_size": 4}, {"n_samples": 24, "kernel_size": 3}),
}
every_output = pytest.mark.parametrize("name", ["swox", "cwox_1s", "cwox_2s"])
every_base = pytest.mark.parametrize("base", sorted(BASES))


def quick(name, base):
    stages = dict(zip(("stage_1", "stage_2"), QUICK.get(base, ()), strict=False))
    if name != "cwox_2s":
        stages.pop("stage_2", None)
    return {"tree": TREE, "base": base, "mass": 1.0, "generator": torch.Generator().manual_seed(3), **stages}


def network():
    """Five classes, all of them probable."""
    model = small_cnn(5)
    with torch.no_grad():
        model[11].weight.mul_(3)
    return model.eval()


def explained(name, base, model=None, **changed):
    return explainers.explain_output(name, model or network(), pictures(1)[0], **{**quick(name, base), **changed})


@every_base
@every_output
def test_a_tree_of_finite_maps_comes_back_parents_first(name, base):
    nodes = explained(name, base)
    seen = {""}
    for node in nodes:
        assert node.parent in seen
        seen.add(node.key)
        assert node.map.shape == (64, 64)
        assert node.map.dtype == torch.float32
        assert torch.isfinite(node.map).all()
        assert node.map.min() >= 0
        assert 0 < node.score <= 1
    assert len(seen) == len(nodes) + 1
    leaves = [node for node in nodes if len(node.classes) == 1]
    assert sorted(node.classes[0] for node in leaves) == [0, 1, 2, 3, 4]
    probabilities = network()(pictures(1)).detach().softmax(dim=1)[0]
    for node in nodes:
        assert node.score == pytest.approx(float(probabilities[list(node.classes)].sum()), abs=1e-5)


@every_base
@every_output
def test_the_model_comes_back_as_it_was_and_the_same_seed_gives_the_same_maps(name, base):
    model = small_cnn(5).train()
    before = state_of(model)
    first, second = explained(name, base, model), explained(name, base, model)
    assert state_of(model) == before
    for one, other in zip(first, second, strict=True):
        assert one.key == other.key
        assert torch.equal(one.map, other.map)


@every_output
def test_every_parameter_is_described(name):
    record = explainers.OUTPUTS[name].describe()
    for parameter, described in record["parameters"].items():
        assert described["description"], parameter


def plain_grad_cam(model, image, score, layer):
    """Σ_c α_c A_c of one scalar score of the logits, by its own forward and backward pass."""
    kept = []
    handle = dict(model.named_modules())[layer].register_forward_hook(lambda _m, _i, output: kept.append(output))
    logits = model(image[None])
    handle.remove()
    (gradient,) = torch.autograd.grad(score(logits[0]), kept[0])
    coarse = (gradient.mean(dim=(2, 3), keepdim=True) * kept[0]).sum(dim=1, keepdim=True)
    return F.interpolate(coarse, size=image.shape[-2:], mode="bilinear", align_corners=False)[0, 0].detach()


def direct_grad_cam(model, image, layers):
    """Functions (classes) → map of the cluster in stage 1, (class) → map of the class in stage 2."""

    def cluster(classes):
        return plain_grad_cam(model, image, lambda z: torch.log(sum(torch.exp(z[c]) for c in classes)), layers[0])

    return cluster, lambda c: plain_grad_cam(model, image, lambda z: z[c], layers[1])


def direct_mwp(model, image, layers):
    """The same by excitation backprop, each start sent down by itself; log Σ e^z starts at the softmax within."""
    logits = model(image[None])[0].detach()

    def sent(start, layer):
        found, _ = excitation.excite(model, image[None], start[None, None], layer)
        coarse = found[0].sum(dim=1)
        return F.interpolate(coarse[None], size=image.shape[-2:], mode="bilinear", align_corners=False)[0, 0]

    def cluster(classes):
        z = logits.clone().requires_grad_()
        torch.logsumexp(z[list(classes)], dim=0).backward()
        return sent(z.grad, layers[0])

    return cluster, lambda c: sent(torch.eye(5, dtype=image.dtype)[c], layers[1])


def direct_perturbation(method, model, image, settings, classes, found):
    """The same from runs of the method of their own: p(C) as one weighting per cluster; draws as CWOX makes them."""
    generator = torch.Generator().manual_seed(3)
    weightings = torch.zeros(1, len(found), 5)
    for row, members in enumerate(found):
        weightings[0, row, list(members)] = 1
    stage_1 = method(model, image[None], weightings, generator=generator, **settings[0])[0]
    stage_2 = method(model, image[None], torch.tensor([classes]), generator=generator, **settings[1])[0]
    return (lambda members: stage_1[found.index(members)]), (lambda c: stage_2[classes.index(c)])


def transcribed(found, cluster_map, class_map, percentile):
    """CWOX-2s as its equations stand, in NumPy, maps over their largest magnitude: {key: map}."""

    def scaled(saliency):
        saliency = saliency.detach().numpy()
        size = np.abs(saliency).max()
        return saliency / size if size > 1e-7 else 0 * saliency  # where p(C) is always 1, LIME finds rounding

    maps = {}
    h = [scaled(cluster_map(members)) for members in found]
    for i, members in enumerate(found):
        contrast = (len(found) - 1) * h[i] - sum(h[j] for j in range(len(found)) if j != i) if len(found) > 1 else h[i]
        maps[str(i)] = np.where(contrast > 1e-5, contrast, 0)  # ReLU; below 1e-5 of the peak is rounding
        if len(members) < 2:
            continue
        inside = maps[str(i)] > np.percentile(maps[str(i)], percentile)
        inner = [scaled(class_map(c)) for c in members]
        for a in range(len(members)):
            others = sum(inner[b] for b in range(len(members)) if b != a)
            maps[f"{i}.{a}"] = np.maximum(inside * ((len(members) - 1) * inner[a] - others), 0)
    return maps


@pytest.mark.parametrize("tree", [TREE, [[0, 1, 2, 3, 4]], []], ids=["three clusters", "one cluster", "all alone"])
@every_base
def test_cwox_2s_equals_a_direct_transcription_of_its_equations(base, tree):
    model, image = network().double(), pictures(1)[0].double()
    nodes = explainers.explain_output(
        "cwox_2s", model, image, **{**quick("cwox_2s", base), "tree": tree, "scale": "peak"}
    )
    found = [node.classes for node in nodes if not node.parent]
    classes = model(image[None])[0].argsort(descending=True).tolist()
    if base in ("grad_cam", "mwp"):
        direct = {"grad_cam": direct_grad_cam, "mwp": direct_mwp}[base](model, image, ("5", "2"))
    else:
        method = {"rise": rise, "lime": lime}[base]
        direct = direct_perturbation(method, model, image, QUICK[base], classes, found)
    expected = transcribed(found, *direct, BASES[base].percentile)
    assert [node.key for node in nodes] == list(expected)
    for node in nodes:
        np.testing.assert_allclose(node.map.numpy(), expected[node.key], atol=1e-5)


def test_cwox_1s_contrasts_each_class_with_all_others():
    nodes = explained("cwox_1s", "grad_cam", scale="none")
    maps = {n.classes[0]: explainers.explain("grad_cam", network(), pictures(1), [n.classes[0]], relu=False)[0, 0]
            for n in nodes}  # fmt: skip
    for node in nodes:
        others = sum(saliency for c, saliency in maps.items() if c != node.classes[0])
        torch.testing.assert_close(node.map, (4 * maps[node.classes[0]] - others).relu(), atol=1e-5, rtol=1e-4)


def test_swox_gives_the_base_explainers_own_maps():
    for node in explained("swox", "grad_cam"):
        expected = explainers.explain("grad_cam", network(), pictures(1), [node.classes[0]], relu=False)[0, 0].relu()
        torch.testing.assert_close(node.map, expected)


@every_base
@every_output
def test_a_constant_model_has_nothing_to_contrast(name, base):
    model = network()
    torch.nn.init.zeros_(model[11].weight)
    nodes = explained(name, base, model)
    for node in nodes:
        assert torch.isfinite(node.map).all()
        if name != "swox":  # what is the same for all classes cancels exactly
            assert node.map.max() == 0


@pytest.mark.parametrize("architecture", FAMILIES)
@every_base
def test_every_family_is_explained_with_layers_for_both_stages(architecture, base):
    nodes = explained("cwox_2s", base, family(architecture), tree=[[0, 1, 2, 3, 4]])
    assert len(nodes) == 6
    assert all(torch.isfinite(node.map).all() for node in nodes)
    if base != "lime":  # hiding segments of these smooth pictures changes random networks' outputs hardly at all
        assert nodes[0].map.max() > 0
        assert max(float(node.map.max()) for node in nodes[1:]) > 0


@pytest.mark.parametrize("architecture", FAMILIES + LARGE_FAMILIES)
@pytest.mark.parametrize("name", sorted(explainers.OUTPUTS))
def test_every_whole_output_method_explains_every_family(name, architecture):
    model = family(architecture)
    images = 0.3 * pictures(4)  # on higher ones MobileNetV2's ReLU6 is 6 at every position and nothing is contrasted
    available = {"tree": [[0, 1, 2], [3, 4]], "mass": 1.0, "network": explanation_network(model, images)}
    accepted = {key: available[key] for key in available.keys() & explainers.OUTPUTS[name].defaults.keys()}
    nodes = explainers.explain_output(name, model, images[0], **accepted)
    assert len(nodes) >= 3
    assert all(node.map.shape == (64, 64) and torch.isfinite(node.map).all() for node in nodes)
    assert max(float(node.map.max()) for node in nodes) > 0


class Counted:
    """Counts the model's forward passes and autograd's backward passes."""

    def __init__(self, model, monkeypatch):
        self.forwards = self.backwards = 0
        self.handle = model.register_forward_hook(lambda *_: self._count("forwards"))
        self._counting(monkeypatch, torch.autograd, "grad", "backwards")

    def _counting(self, monkeypatch, place, name, what):
        real = getattr(place, name)

        def counted(*arguments, **options):
            self._count(what)
            return real(*arguments, **options)

        monkeypatch.setattr(place, name, counted)

    def _count(self, what):
        setattr(self, what, getattr(self, what) + 1)


@pytest.mark.parametrize("base", ["grad_cam", "mwp"])
def test_a_whole_tree_costs_one_forward_and_one_batched_backward_pass(base, monkeypatch):
    model = family("resnet18")
    counted = Counted(model, monkeypatch)
    explained("cwox_2s", base, model, tree=[[0, 1], [2, 3, 4]])  # the first time, the model itself is tried
    counted.forwards = counted.backwards = 0
    nodes = explained("cwox_2s", base, model, tree=[[0, 1], [2, 3, 4]])
    counted.handle.remove()
    assert len(nodes) == 2 + 2 + 3
    assert (counted.forwards, counted.backwards) == (1, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tree": [[0, 1], [2, 5]]}, r"tree: has a class 5, but those of the model are 0 … 4\."),
        ({"percentile": 101}, "percentile: expected a number from 0 to 100"),
        ({"level": 0}, "level: expected a whole number of 1 or more"),
        ({"mass": 0}, "mass: expected a number above 0, up to 1"),
        ({"most": 0}, "most: expected a whole number of 1 or more"),
    ],
)
def test_what_the_model_or_the_method_does_not_have_is_refused(given, message):
    with pytest.raises(UserError, match=message):
        explained("cwox_2s", "grad_cam", **{"tree": [[0, 1], [2, 3, 4]], **given})


def test_what_is_missing_or_unknown_is_said():
    with pytest.raises(UserError, match="tree: cwox_2s needs a latent tree"):
        explained("cwox_2s", "grad_cam", tree=None)
    with pytest.raises(UserError, match=r"no base explainer 'gradcam'\. Did you mean grad_cam"):
        explained("swox", "gradcam")
    with pytest.raises(UserError, match=r"stage_1: there is no setting 'layers'\. Did you mean layer"):
        explained("swox", "grad_cam", stage_1={"layers": "3"})
    with pytest.raises(UserError, match=r"whole-output method 'cwox2s'.*cwox_2s"):
        explainers.explain_output("cwox2s", network(), pictures(1)[0])
    with pytest.raises(UserError, match="image: expected one image"):
        explainers.explain_output("swox", network(), pictures(2))
    with pytest.raises(UserError, match="scale: there is no 'peek'"):
        explained("cwox_1s", "grad_cam", scale="peek")
