"""Attention rollout and gradient-weighted attention, against both by hand, however a network computes its attention."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from explainers import explain
from explainers._torchvision import torchvision
from explainers.errors import UserError
from explainers.networks.internals.attention import Attention
from explainers.networks.state import untouched
from tests.explainers.sample_networks import pictures, small_cnn, small_transformer

WIDTH, HEADS, SIDE, PATCH = 8, 2, 24, 8
NAMES = ("attention_rollout", "gradient_attention")


class Block(nn.Module):
    """Self-attention with a residual, computed in one of three ways."""

    def __init__(self, way):
        super().__init__()
        self.attention, self.way, self.kept = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True), way, None
        nn.init.normal_(self.attention.in_proj_weight, std=0.8)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x):
        h = self.norm(x)
        if self.way == "module":
            return x + self.attention(h, h, h, need_weights=False)[0]
        q, k, v = F.linear(h, self.attention.in_proj_weight, self.attention.in_proj_bias).chunk(3, dim=-1)
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (q, k, v))
        if self.way == "fused":
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            self.kept = (q @ k.transpose(-2, -1) / (WIDTH // HEADS) ** 0.5).softmax(dim=-1)
            mixed = self.kept @ v
        return x + self.attention.out_proj(mixed.transpose(1, 2).flatten(2))


class Transformer(nn.Module):
    """Nine patches, and a class token where it reads one."""

    def __init__(self, way, reads="class token"):
        super().__init__()
        torch.manual_seed(0)
        self.patches, self.reads = nn.Conv2d(3, WIDTH, PATCH, PATCH), reads
        self.token, self.blocks = nn.Parameter(torch.randn(1, 1, WIDTH)), nn.Sequential(Block(way), Block(way))
        self.head = nn.Linear(WIDTH, 3)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).mT
        if self.reads == "class token":
            tokens = torch.cat([self.token.expand(len(x), -1, -1), tokens], dim=1)
        tokens = self.blocks(tokens)
        return self.head(tokens[:, 0] if self.reads == "class token" else tokens.mean(dim=1))


def by_hand(name, model, image, target):
    """Return the small map of one image and target, by the equations as they stand in the papers."""
    score = model(image.clone().requires_grad_())[0, target]
    kept = [block.kept for block in model.blocks]
    gradients = torch.autograd.grad(score, kept)
    n_tokens = kept[0].shape[-1]
    flow = torch.eye(n_tokens)
    for weights, gradient in zip(kept, gradients, strict=True):
        if name == "attention_rollout":
            block = 0.5 * weights[0].mean(0) + 0.5 * torch.eye(n_tokens)
            flow = block / block.sum(1, keepdim=True) @ flow
        else:
            flow = flow + (weights[0] * gradient[0]).clamp(min=0).mean(0) @ flow
    if n_tokens == 10:
        return flow[0, 1:].reshape(3, 3).detach()
    reached = flow if name == "attention_rollout" else flow - torch.eye(n_tokens)
    return reached.mean(0).reshape(3, 3).detach()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reads", ["class token", "all patches"])
@pytest.mark.parametrize("way", ["by hand", "fused", "module"])
def test_maps_are_the_papers_however_attention_is_computed(name, reads, way):
    model, plain = Transformer(way, reads).eval(), Transformer("by hand", reads).eval()
    images = pictures(2, SIDE)
    maps = explain(name, model, images, [[0, 2], [1, 0]])
    for n, targets in enumerate([[0, 2], [1, 0]]):
        for t, target in enumerate(targets):
            small = by_hand(name, plain, images[n : n + 1], target)
            expected = F.interpolate(small[None, None], (SIDE, SIDE), mode="bilinear", align_corners=False)[0, 0]
            torch.testing.assert_close(maps[n, t], expected, atol=1e-6, rtol=1e-4)


def test_what_reaches_the_class_token_by_rollout_sums_to_one():
    model, images = small_transformer().eval(), pictures(2)
    with untouched(model):
        attention = Attention(model, images, torch.tensor([[1], [1]]))
    assert [tuple(weights.shape) for weights in attention.weights] == [(2, 2, 17, 17)] * 2
    assert attention.read.tolist() == [True] + [False] * 16
    shares = explain("attention_rollout", model, images, [0, 0]).sum(dim=(1, 2, 3)) / 16**2
    assert ((shares > 0.3) & (shares < 1)).all()  # the rest is the class token's own


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("network", "options", "size", "read"),
    [
        ("test_vit", {"img_size": 64}, (64, 64), [0]),
        ("vit_tiny_patch16_224", {"img_size": (64, 96), "depth": 2, "reg_tokens": 4}, (64, 96), [0]),
        ("deit_tiny_distilled_patch16_224", {"img_size": 64, "depth": 2}, (64, 64), [0, 1]),
        ("vit_tiny_patch16_224", {"img_size": 64, "depth": 2, "global_pool": "avg"}, (64, 64), range(1, 17)),
    ],
)
def test_timms_transformers_are_explained_by_the_tokens_that_they_read(name, network, options, size, read):
    import timm

    torch.manual_seed(0)
    model, images = timm.create_model(network, num_classes=5, **options).eval(), torch.randn(1, 3, *size)
    for module in model.modules():  # heads that are not zero
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.1)
    maps = explain(name, model, images, [[1, 3]])
    assert maps.shape == (1, 2, *size)
    assert maps.min() >= 0
    assert maps.std() > 0
    with untouched(model):
        assert Attention(model, images, torch.tensor([[1]])).read.nonzero().flatten().tolist() == list(read)


def _swin():
    return torchvision.models.SwinTransformer([4, 4], 8, [1, 1], [1, 2], [4, 4], num_classes=5)


def _timm(name, **options):
    import timm

    return timm.create_model(name, num_classes=5, **options)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("network", "message"),
    [
        (small_cnn, "no tokens attend to each other"),
        (_swin, "among different tokens|stays within windows"),
        (lambda: _timm("xcit_nano_12_p16_224"), "how its .* tokens lie in the image is not known|different tokens"),
        (lambda: _timm("test_vit3", img_size=64), "among different tokens"),
    ],
)
def test_networks_whose_attention_does_not_lead_from_patches_to_the_output_are_refused(name, network, message):
    torch.manual_seed(0)
    with pytest.raises(UserError, match=message):
        explain(name, network().eval(), pictures(1), [1])


def test_the_heads_of_a_rollout_may_be_joined_otherwise():
    model, images = Transformer("fused").eval(), pictures(1, SIDE)
    found = [explain("attention_rollout", model, images, [0], heads=heads) for heads in ("mean", "max", "min")]
    assert len({float(maps.sum()) for maps in found}) == 3
    with pytest.raises(UserError, match="heads: there is no 'median'"):
        explain("attention_rollout", model, images, [0], heads="median")


class Returning(nn.Module):
    """The transformer with its output wrapped."""

    def __init__(self, wrap, n_outputs=3):
        super().__init__()
        self.network, self.wrap = Transformer("fused"), wrap
        torch.manual_seed(1)
        self.network.head = nn.Linear(WIDTH, n_outputs)

    def forward(self, x):
        return self.wrap(self.network(x))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrap", [lambda y: {"logits": y, "more": y * 2}, lambda y: y.softmax(1), lambda y: (y, None)])
def test_logits_are_found_whatever_they_are_wrapped_in(name, wrap):
    images = pictures(2, SIDE)
    wrapped, plain = (explain(name, Returning(way).eval(), images, [[0, 2]] * 2) for way in (wrap, lambda y: y))
    torch.testing.assert_close(wrapped, plain)


@pytest.mark.parametrize("name", NAMES)
def test_one_output_tells_two_classes_apart(name):
    images, one, opposite = pictures(1, SIDE), Returning(lambda y: y.squeeze(1), 1), Returning(lambda y: -y, 1)
    maps, negated = (explain(name, model.eval(), images, [[0, 1]]) for model in (one, opposite))
    torch.testing.assert_close(maps, negated.flip(1))
    assert (name == "attention_rollout") == torch.equal(maps[:, 0], maps[:, 1])


@pytest.mark.parametrize("name", NAMES)
def test_hooks_count_gradients_may_be_off_and_outputs_must_be_finite(name):
    images, hooked, plain = pictures(1, SIDE), Returning(lambda y: y).eval(), Returning(lambda y: y).eval()
    handle = hooked.network.blocks[0].register_forward_hook(
        lambda _module, _inputs, output: output * torch.arange(WIDTH)
    )
    assert not torch.allclose(explain(name, hooked, images, [1]), explain(name, plain, images, [1]))
    handle.remove()
    with torch.inference_mode():
        torch.testing.assert_close(explain(name, hooked, images, [1]), explain(name, plain, images, [1]))
    with pytest.raises(UserError, match="NaN or infinite"):
        explain(name, Returning(lambda y: y * torch.nan).eval(), images, [1])
