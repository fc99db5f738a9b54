"""Tables 3, .4, .5 and .6, figure 10 and the speed of training."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

import explainers
from benchmarks.xnn.data import DataSet
from benchmarks.xnn.networks import EPOCHS, SEEDS, Cached
from explainers.metrics.faithfulness import faithfulness
from explainers.metrics.keep_and_inpaint import recognised
from explainers.xnn.activations import activations_of
from explainers.xnn.examples import Examples
from explainers.xnn.heatmaps import x_feature_maps
from explainers.xnn.network import normalised
from explainers.xnn.settings import Settings
from explainers.xnn.training import apply, train

ALPHAS = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
KEPT = (300, 500, 1000)
N_KEPT = 40  # test images of table .5
LAYER_CLASSES, LAYER_TRAIN, LAYER_TEST, LAYER_EPOCHS = 2, 240, 60, 20
DIGIT = 4


def lasso_table(data: DataSet, cached: Cached) -> list[dict]:
    """Return tables .4 and .6: faithfulness of the lasso by its penalty, averaged over the classes."""
    rows = []
    for alpha in ALPHAS:
        settings = Settings(layer=data.layer, kind="lasso", alpha=alpha)
        found = []
        for target in data.explained:
            network, _ = train(settings, [target], cached.examples(data, target))
            found.append((network.n_features, *f_reg(cached, network, target)))
        rows.append(
            dict(zip(("alpha", "x-features", "F_reg train", "F_reg test"), (alpha, *_means(found)), strict=True))
        )
    return rows


def f_reg(cached: Cached, network, target: int) -> tuple[float, float]:
    parts = ((cached.train, cached.train_logits), (cached.test, cached.test_logits))
    return tuple(
        faithfulness(apply(network, activations)[1], logits, classes=[target])["f_reg"] for activations, logits in parts
    )


def _means(rows):
    return [float(value) for value in np.mean(rows, axis=0)]


def feature_table(data: DataSet, cached: Cached, settings: Settings) -> list[dict]:
    """Return what the number of x-features does to the SRAE, averaged over the classes."""
    rows = []
    for n in (1, 3, 5, 7, 10):
        found = []
        for target in data.explained:
            chosen = replace(settings, features=n, remedies=0)
            network, report = train(chosen, [target], cached.examples(data, target))
            found.append((*f_reg(cached, network, target), len(report.degenerate)))
        names = ("x-features", "F_reg train", "F_reg test", "degenerate")
        rows.append(dict(zip(names, (n, *_means(found)), strict=True)))
    return rows


def layer_table(data: DataSet) -> list[dict]:
    """Return table 3: faithfulness of the convolutional XNN by layer, and of the fully connected one for comparison."""
    part = replace(
        data,
        train=data.train[:LAYER_TRAIN],
        test=data.test[:LAYER_TEST],
        train_labels=data.train_labels[:LAYER_TRAIN],
        test_labels=data.test_labels[:LAYER_TEST],
    )
    rows = []
    for layer in tqdm(data.layers, desc=f"{data.name}: layers", dynamic_ncols=True):
        cached = Cached(part, layer, "keep")
        settings = Settings(
            layer=layer,
            space="keep",
            pool="none",
            hidden=(64, 32),
            epochs=LAYER_EPOCHS,
            batch_size=16,
            beta=1,
            eta=1,
            remedies=0,
        )
        scores = []
        for target in data.explained[:LAYER_CLASSES]:
            network, _ = train(settings, [target], cached.examples(part, target))
            scores.append(f_reg(cached, network, target))
        shape = " × ".join(map(str, cached.train.shape[1:]))
        rows.append(
            dict(
                zip(
                    ("layer", "activations", "F_reg train", "F_reg test"),
                    (layer, shape, *_means(scores)),
                    strict=True,
                )
            )
        )
    return rows


def kept_pixels_table(data: DataSet, networks: dict) -> list[dict]:
    """Return table .5: accuracy with the highest pixels kept, of the XNN's map and of the single heatmap.

    The XNN's map is the sum of its x-features' maps, weighted by their contributions; negative parts count as none.
    """
    images = data.test[:N_KEPT]
    truth = torch.tensor([labels[0] for labels in data.test_labels[:N_KEPT]])
    with torch.inference_mode():
        predicted = data.model(images).argmax(dim=1)
    combined = torch.stack(
        [_combined(data, networks, image, int(k)) for image, k in zip(images, predicted, strict=True)]
    )
    single = explainers.explain("c_mwp", data.model, images, predicted, layer=data.map_layer)[:, 0]
    maps = {"x-features": combined, "1-Heatmap": single, "random": _random_maps(images)}
    accuracies = {
        name: recognised(data.model, images, truth[:, None], saliency, KEPT).mean(dim=0).tolist()
        for name, saliency in tqdm(maps.items(), desc=f"{data.name}: kept pixels", dynamic_ncols=True)
    }
    return [
        {
            "pixels kept": count,
            "share of the image": count / images[0, 0].numel(),
            "original image": accuracies["x-features"][0],
            **{f"mask by {name}": values[row + 1] for name, values in accuracies.items()},
        }
        for row, count in enumerate(KEPT)
    ]


def _combined(data, networks, image, predicted):
    network, _ = networks["srae", predicted, SEEDS[0]]
    activations, _ = activations_of(data.model, image[None], data.layer)
    raw = network.contributions(network.encoder(activations), torch.zeros(1, dtype=torch.long))
    maps = x_feature_maps(data.model, network, image[None], data.map_layer)[0]
    return torch.einsum("n,nhw->hw", normalised(raw)[0], maps).clamp(min=0)


def _random_maps(images):
    return torch.rand(images.shape[0], *images.shape[2:], generator=torch.Generator().manual_seed(0))


# --- figure 10: digits --------------------------------------------------------------------------------------------


def digit_classifier(images: torch.Tensor, truth: torch.Tensor) -> nn.Module:
    """Return a classifier of two convolutions, trained on digits (N, 1, 16, 16); seeded."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * 4 * 4, 10),
        )  # fmt: skip
        optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
        for _ in range(12):
            for index in torch.randperm(len(images)).split(64):
                loss = nn.functional.cross_entropy(model(images[index]), truth[index])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
    return model.eval()


def digits() -> tuple[nn.Module, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the classifier, scikit-learn's digits as (N, 1, 16, 16), their classes, and which are for testing."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    images = torch.from_numpy(loaded.images).float()[:, None] / 16
    images = nn.functional.interpolate(images, size=(16, 16), mode="bilinear", align_corners=False)
    truth = torch.from_numpy(loaded.target)
    is_test = torch.arange(len(truth)) % 4 == 0
    return digit_classifier(images[~is_test], truth[~is_test]), images, truth, is_test


def digit_table(figure: Path) -> list[dict]:
    """Return how faithful the convolutional XNN of one digit is, and draw figure 10: positives and negatives."""
    model, images, truth, is_test = digits()
    activations, logits = activations_of(model, images, "5", "keep")
    groups = (truth == DIGIT).long() - 1
    settings = Settings(
        layer="5", space="keep", pool="none", hidden=(), epochs=20, batch_size=64, learning_rate=3e-3, beta=1, eta=1
    )
    examples = Examples(activations[~is_test], logits[~is_test][:, [DIGIT]], groups[~is_test])
    network, report = train(settings, [DIGIT], examples)
    row = {"classifier's accuracy": float((logits.argmax(dim=1) == truth)[is_test].float().mean())}
    for part, chosen in (("train", ~is_test), ("test", is_test)):
        measured = faithfulness(apply(network, activations[chosen])[1], logits[chosen], classes=[DIGIT])
        row |= {f"F_reg {part}": measured["f_reg"], f"F_cls {part}": measured["f_cls"]}
    tests = torch.arange(len(truth))[is_test]
    positives = tests[truth[is_test] == DIGIT][:4]
    negatives = torch.stack([tests[truth[is_test] == other][0] for other in (1, 6, 7, 9)])
    draw_digits(figure, model, network, images, torch.cat([positives, negatives]))
    return [row | {"degenerate x-features": len(report.degenerate)}]


def draw_digits(path: Path, model, network, images, chosen) -> None:
    """Draw each digit beside the maps of its x-features, with v_i E_i above each."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with torch.inference_mode():
        activations, _ = activations_of(model, images[chosen], "5", "keep")
        raw = network.contributions(network.encoder(activations), torch.zeros(len(chosen), dtype=torch.long))
    maps = x_feature_maps(model, network, images[chosen], "input")
    columns = 1 + network.n_features
    figure, axes = pyplot.subplots(len(chosen), columns, figsize=(1.35 * columns, 1.5 * len(chosen)), squeeze=False)
    for row, number in enumerate(chosen.tolist()):
        picture = images[number, 0].numpy()
        axes[row, 0].imshow(picture, cmap="gray_r")
        for i in range(network.n_features):
            axes[row, 1 + i].imshow(picture, cmap="gray_r", alpha=0.35)
            axes[row, 1 + i].imshow(maps[row, i].numpy(), cmap="Reds", alpha=0.7)
            axes[row, 1 + i].set_title(f"X{i + 1}: {float(raw[row, i]):+.1f}", fontsize=8)
    for axis in axes.flat:
        axis.set_axis_off()
    axes[0, 0].set_title(f"{DIGIT}: positives", fontsize=8)
    axes[len(chosen) // 2, 0].set_title("negatives", fontsize=8)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90, pil_kwargs={"quality": 85})
    pyplot.close(figure)


# --- speed --------------------------------------------------------------------------------------------------------


def speed_table() -> list[dict]:
    """Return how fast training on cached activations is, by their size, the x-features and the examples.

    In processor seconds of one thread, which other work on the machine does not change.
    """
    cases = [(64, n, 4000) for n in (3, 5, 7, 10, 20)] + [(64, 5, m) for m in (1000, 2000, 8000)]
    cases += [(512, 5, 4000), (4096, 5, 2000)]
    rows, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)
    for dimensions, n, examples in tqdm(cases, desc="speed", dynamic_ncols=True):
        generator = torch.Generator().manual_seed(0)
        activations = torch.rand(examples, dimensions, generator=generator)
        logits = activations[:, :10].sum(dim=1, keepdim=True)
        epochs = 2
        settings = Settings(layer="", features=n, epochs=epochs, remedies=0)
        started = time.process_time()
        train(settings, [0], Examples(activations, logits, (logits[:, 0] > 5).long() - 1))
        seconds = time.process_time() - started
        rows.append(
            {
                "dimensions of Z": dimensions,
                "x-features n": n,
                "examples M": examples,
                "samples per processor second": round(epochs * examples / seconds),
                f"processor seconds for {EPOCHS} epochs": round(EPOCHS * seconds / epochs, 1),
            }
        )
    torch.set_num_threads(threads)
    return rows
