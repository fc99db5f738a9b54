"""Grad-CAM without `layer`, on torchvision's and timm's families: the layer is known, and its map made by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import explainers
from explainers._torchvision import torchvision
from explainers.errors import UserError
from explainers.networks.internals.layers import default_layer, finer_layer, layer_name
from explainers.networks.internals.maps import map_reader
from tests.explainers.sample_networks import family, materialised, pictures, small_cnn

tv = torchvision.models
SMALL_SWIN = ([4, 4], 8, [1, 1], [1, 2], [4, 4])
CONVNEXT = [tv.convnext.CNBlockConfig(8, 16, 1), tv.convnext.CNBlockConfig(16, None, 1)]


def _alexnet():
    with torch.device("meta"):  # its linear layers would take seconds
        model = tv.alexnet(num_classes=5)
    model.features, model.classifier = materialised(model.features), nn.Linear(256 * 36, 5)
    return model


def _inside(name, **options):
    return lambda: nn.Sequential(tv.get_model(name, weights=None, num_classes=5, **options))


def _timm(name, **options):
    def build():
        import timm  # after torchvision, which explainers makes importable

        return timm.create_model(name, pretrained=False, num_classes=5, **options)

    return build


# name: (network, the image's height and width, layer, layout of its output: (tokens before, rows, columns) of tokens)
NETWORKS = {
    "alexnet": (_alexnet, (64, 64), "features.11", "channels_first"),
    "convnext": (lambda: tv.ConvNeXt(CONVNEXT, num_classes=5), (32, 32), "features", "channels_first"),
    "efficientnet": (lambda: tv.efficientnet_b0(num_classes=5), (64, 64), "features", "channels_first"),
    "googlenet": (
        _inside("googlenet", init_weights=False, aux_logits=False),
        (64, 64),
        "0.inception5b",
        "channels_first",
    ),
    "inception": (
        lambda: tv.inception_v3(num_classes=5, init_weights=False, aux_logits=False),
        (128, 107),
        "Mixed_7c",
        "channels_first",
    ),
    "densenet": (_inside("densenet121"), (64, 64), "0.features", "channels_first"),
    "maxvit": (
        lambda: tv.MaxVit((64, 64), 8, 2, [8, 16], [1, 1], 8, 0.0, num_classes=5),
        (64, 64),
        "blocks.1",
        "channels_first",
    ),
    "mnasnet": (lambda: tv.mnasnet0_5(num_classes=5), (64, 64), "layers", "channels_first"),
    "mobilenet_v2": (_inside("mobilenet_v2"), (64, 64), "0.features", "channels_first"),
    "mobilenet_v3": (lambda: tv.mobilenet_v3_small(num_classes=5), (64, 64), "features", "channels_first"),
    "regnet": (lambda: tv.regnet_x_400mf(num_classes=5), (64, 64), "trunk_output", "channels_first"),
    "resnet": (_inside("resnet18"), (64, 64), "0.layer4", "channels_first"),
    "shufflenet": (lambda: tv.shufflenet_v2_x0_5(num_classes=5), (64, 64), "conv5", "channels_first"),
    "squeezenet": (_inside("squeezenet1_1"), (64, 64), "0.features", "channels_first"),
    "swin": (lambda: tv.SwinTransformer(*SMALL_SWIN, num_classes=5), (64, 64), "permute", "channels_first"),
    "vit": (
        lambda: tv.VisionTransformer(64, 16, 2, 2, 32, 64, num_classes=5),
        (64, 64),
        "encoder.layers.encoder_layer_0",
        (1, 4, 4),
    ),
    "timm vit": (_timm("test_vit", img_size=64), (64, 64), "blocks.4", (1, 4, 4)),
    "timm vit by attention": (_timm("test_vit3", img_size=64), (64, 64), "norm", (1, 4, 4)),
    "timm vit, registers": (
        _timm("vit_tiny_patch16_224", img_size=(64, 96), depth=2, reg_tokens=4),
        (64, 96),
        "blocks.0",
        (5, 4, 6),
    ),
    "timm deit": (
        _timm("deit_tiny_distilled_patch16_224", img_size=64, depth=2),
        (64, 64),
        "blocks.0",
        (2, 4, 4),
    ),
    "timm convnext": (_timm("test_convnext"), (64, 64), "stages", "channels_first"),
    "timm mambaout": (_timm("test_mambaout"), (64, 64), "stages", "channels_last"),
    "timm swin": (
        _timm("swin_tiny_patch4_window7_224", img_size=56, embed_dim=12, depths=(1, 1), num_heads=(1, 2)),
        (56, 56),
        "norm",
        "channels_last",
    ),
    "timm efficientnet": (_timm("test_efficientnet"), (64, 64), "bn2", "channels_first"),
    "timm nfnet": (_timm("test_nfnet"), (64, 64), "final_act", "channels_first"),
    "timm resnet": (_timm("test_resnet"), (64, 64), "layer4", "channels_first"),
    "timm lcnet": (_timm("lcnet_050"), (64, 64), "blocks", "channels_first"),
    "timm regnet": (_timm("test_byobnet"), (64, 64), "stages", "channels_first"),
}


def built(name):
    torch.manual_seed(0)
    model = NETWORKS[name][0]()
    size = NETWORKS[name][1]
    images = pictures(1, max(size))[..., : size[0], : size[1]]
    for module in model.modules():  # signals that reach the output, and heads that are not zero
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.normal_(module.weight, std=(2 / module.weight[0].numel()) ** 0.5)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model.eval(), images


def by_hand(model, images, layer, layout, target):
    taken = []

    def take(_module, _inputs, output):
        taken.append(output)
        return output.clone()

    handle = layer.register_forward_hook(take)
    score = model(images.clone().requires_grad_())[0, target]
    handle.remove()
    (gradients,) = torch.autograd.grad(score, taken[-1])
    activations = taken[-1].detach()
    if layout == "channels_last":
        activations, gradients = activations.permute(0, 3, 1, 2), gradients.permute(0, 3, 1, 2)
    elif layout != "channels_first":
        skip, rows, columns = layout
        activations, gradients = (
            x[:, skip:].transpose(1, 2).reshape(1, -1, rows, columns) for x in (activations, gradients)
        )
    small = (gradients.mean(dim=(2, 3), keepdim=True) * activations).sum(dim=1, keepdim=True)
    return F.interpolate(small, size=images.shape[-2:], mode="bilinear", align_corners=False)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_layer_is_a_blocks_output_and_its_map_as_by_hand(name):
    model, images = built(name)
    *_, expected_layer, layout = NETWORKS[name]
    layer = default_layer(model, images)
    assert layer_name(model, layer) == expected_layer
    ours = explainers.explain("grad_cam", model, images, [2], relu=False)
    theirs = by_hand(model, images, layer, layout, 2)
    torch.testing.assert_close(ours, theirs, atol=1e-4 * float(theirs.abs().max()), rtol=1e-3)
    assert theirs.abs().max() > 0


@pytest.mark.parametrize("network", ["googlenet", "resnet18", "squeezenet1_1"])
def test_a_family_that_is_known_by_name_has_the_layer_that_is_found(network):
    inside = nn.Sequential(family(network))
    for find in (default_layer, finer_layer):
        assert find(inside, pictures(1)) is find(family(network), pictures(1))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.shortcut = nn.Sequential()

    def forward(self, x):
        out = self.conv2(F.relu(self.conv1(x)))
        out += self.shortcut(x)
        return F.relu(out)


class Residual(nn.Module):
    """As networks for CIFAR are written: an empty shortcut comes last, and pooling is a function."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.layer1, self.linear = (
            nn.Conv2d(3, 4, 3, padding=1),
            nn.Sequential(Block(), Block()),
            nn.Linear(4, 3),
        )

    def forward(self, x):
        out = self.layer1(F.relu(self.conv(x)))
        out = F.avg_pool2d(out, out.size()[3])
        return self.linear(out.view(out.size(0), -1))


def test_an_empty_shortcut_is_no_blocks_output():
    model = Residual().eval()
    assert layer_name(model, default_layer(model, pictures(1, 16))) == "layer1"
    for name in ("lrp", "mwp", "c_mwp"):
        assert explainers.explain(name, model, pictures(1, 16), [1]).abs().max() > 0


class TwoStreams(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.other, self.head = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(torch.cat([self.one(x).relu(), self.other(x).relu()], 1).mean((2, 3)))


def test_where_no_map_holds_all_of_the_evidence_a_layer_must_be_named():
    with pytest.raises(UserError, match=r"all of its output is computed from\. Name one"):
        explainers.explain("grad_cam", TwoStreams(), pictures(1, 16), [1])
    assert explainers.explain("grad_cam", TwoStreams(), pictures(1, 16), [1], layer="one").shape == (1, 1, 16, 16)


class Tokens(nn.Module):
    """Gives a map in another order; C = H = W, so that only the step that makes it tells the order."""

    def __init__(self, last):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.order, self.head, self.last = nn.Conv2d(3, 4, 4, 4), nn.Identity(), nn.Linear(4, 3), last
        self.mixed = nn.Sequential(nn.Linear(4, 4), nn.GELU()) if last else nn.Sequential(nn.Conv2d(4, 4, 1), nn.GELU())

    def forward(self, x):
        x = self.conv(x)
        x = self.mixed(x.permute(0, 2, 3, 1)).relu() if self.last else self.mixed(x).relu()
        return self.head(x.mean((1, 2) if self.last else (2, 3)))


@pytest.mark.parametrize("last", [False, True])
def test_the_step_that_makes_a_map_tells_its_order_where_its_shape_does_not(last):
    model, images = Tokens(last).eval(), pictures(1, 16)
    layout = "channels_last" if last else "channels_first"
    ours = explainers.explain("grad_cam", model, images, [1], layer="mixed", relu=False)
    torch.testing.assert_close(ours, by_hand(model, images, model.mixed, layout, 1))
    torch.testing.assert_close(
        ours, explainers.explain("grad_cam", model, images, [1], layer="mixed", relu=False, reshape=layout)
    )


ON_LAYERS = [name for name, record in explainers.METHODS.items() if "reshape" in record.defaults]
BY_WAYS = ["gradient_shap", "integrated_gradients"]


@pytest.mark.parametrize("name", [*ON_LAYERS, *BY_WAYS])
def test_a_network_with_channels_last_gets_the_maps_of_the_same_with_channels_first(name):
    first, last = Tokens(False).eval(), Tokens(True).eval()
    images = pictures(2, 16)
    torch.testing.assert_close(first(images), last(images))
    maps = [explainers.explain(name, model, images, [[0, 1], [2, 1]], layer="mixed") for model in (first, last)]
    torch.testing.assert_close(*maps)
    assert maps[0].abs().max() > 0


@pytest.mark.parametrize("name", [*ON_LAYERS, *BY_WAYS])
def test_tokens_are_read_as_the_map_that_they_are(name):
    model, images = tv.VisionTransformer(64, 16, 2, 2, 32, 64, num_classes=5).eval(), pictures(1)
    nn.init.normal_(model.heads.head.weight)
    maps = explainers.explain(name, model, images, [1], layer="encoder.layers.encoder_layer_0")
    small = F.interpolate(maps, size=(4, 4), mode="area")  # a smooth map of 4 × 4 places
    again = F.interpolate(small, size=(64, 64), mode="bilinear", align_corners=False)
    assert torch.corrcoef(torch.stack([maps.flatten(), again.flatten()]))[0, 1] > 0.8


def test_a_reshape_is_a_function_or_the_tokens_places():
    model, images = small_cnn(), pictures(1, 16)
    tokens = torch.randn(2, 7, 5)
    read = map_reader(model, None, tokens, images, {"skip": 1, "grid": [2, 3]})
    assert torch.equal(read(tokens)[1, :, 1, 2], tokens[1, 6])
    by_function = map_reader(model, None, tokens, images, lambda x: x[:, 1:].transpose(1, 2).reshape(-1, 5, 2, 3))
    stacked = torch.stack([tokens, -tokens])
    assert torch.equal(by_function(stacked), read(stacked))
    with pytest.raises(UserError, match=r"0 \+ 2 × 3 tokens were said, but the layer gives \(2, 7, 5\)"):
        map_reader(model, None, tokens, images, {"grid": [2, 3]})
    with pytest.raises(UserError, match=r"how its tokens lie in the image is not known"):
        map_reader(model, model, torch.randn(1, 3, 5), images)
    with pytest.raises(UserError, match=r"reshape: there is no 'channels_lst'\. Did you mean channels_last"):
        explainers.explain("grad_cam", model, images, [1], reshape="channels_lst")
