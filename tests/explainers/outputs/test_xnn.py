"""Explanation networks: the loss, training, degeneration, maps and the file they are kept in."""

import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import explainers
from explainers.errors import UserError
from explainers.xnn import loss
from explainers.xnn.activations import activations_of, cached_activations
from explainers.xnn.degeneration import degenerate
from explainers.xnn.examples import Examples
from explainers.xnn.heatmaps import dimension_maps, x_feature_maps
from explainers.xnn.network import ExplanationNetwork, normalised
from explainers.xnn.settings import KINDS, Settings
from explainers.xnn.storage import as_stored, load, save
from explainers.xnn.training import apply, train, weights_of
from tests.explainers.sample_networks import pictures, small_cnn

LAYER = "9"  # the ReLU behind small_cnn's first fully connected layer
SMALL = {"hidden": (32, 16), "features": 3, "epochs": 40, "batch_size": 64, "learning_rate": 0.01}


def structured(n=400, d=12, seed=0):
    """Activations that four hidden causes bring about; the logit depends on two of them."""
    generator = torch.Generator().manual_seed(seed)
    causes = torch.randn(n, 4, generator=generator).relu()
    mixing = torch.rand(4, d, generator=generator)
    activations = causes @ mixing + 0.02 * torch.rand(n, d, generator=generator)
    logits = 2 * causes[:, :1] - causes[:, 1:2]
    return Examples(activations, logits, (logits[:, 0] > 1).long() - 1)


# --- the loss -----------------------------------------------------------------------------------------------------


def test_the_whole_loss_equals_equation_5_written_out():
    generator = torch.Generator().manual_seed(1)
    draw = lambda *shape: torch.rand(*shape, generator=generator).double()  # noqa: E731
    features, activations, rebuilt = draw(6, 3), draw(6, 4), draw(6, 4)
    logits, approximations = draw(6, 2), draw(6, 2)
    settings = Settings(layer="x", q=7.0, beta=2.0, eta=5.0)
    faithful = sum(float(((approximations[i] - logits[i]) ** 2).sum()) for i in range(6)) / 6
    sparse = 0.0
    for k in range(4):
        error = sum(float(rebuilt[i, k] - activations[i, k]) ** 2 for i in range(6)) / 6
        sparse += math.log(1 + 7 * error) / 4
    pull = 0.0
    for a in range(3):
        for b in range(3):
            if a != b:
                one, other = features[:, a].numpy(), features[:, b].numpy()
                pull += (one @ other / (np.linalg.norm(one) * np.linalg.norm(other))) ** 2 / 6
    found = loss.total(settings, approximations, logits, features, rebuilt, activations)
    assert float(found) == pytest.approx(faithful + 2 * sparse + 5 * pull)


def test_a_weight_of_two_is_the_example_standing_there_twice():
    examples = structured(9)
    weights = torch.tensor([1.0, 2, 1, 1, 2, 1, 1, 1, 1])
    twice = torch.tensor([0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 8])
    settings, rebuilt = Settings(layer="x"), examples.activations + 0.3
    features, approximations = examples.activations[:, :3], examples.logits + 0.1
    weighted = loss.total(settings, approximations, examples.logits, features, rebuilt, examples.activations, weights)
    tensors = (approximations, examples.logits, features, rebuilt, examples.activations)
    torch.testing.assert_close(weighted, loss.total(settings, *(tensor[twice] for tensor in tensors)))


def test_the_log_penalty_grows_less_than_linearly():
    small, large = (float(loss.sparse_reconstruction(torch.tensor([error]), 10.0)) for error in (0.1, 10.0))
    assert large < 10 * small
    assert small == pytest.approx(math.log(2))


def test_orthogonal_features_have_no_pull_and_equal_ones_the_highest():
    assert float(loss.pull_away(torch.eye(4))) == 0
    assert float(loss.pull_away(torch.rand(5, 1).expand(-1, 3))) == pytest.approx(1, abs=1e-6)


def test_a_dead_feature_adds_nothing_to_the_pull_and_has_a_gradient_of_zero():
    features = torch.rand(5, 3, requires_grad=True)
    with torch.no_grad():
        features[:, 1] = 0
    value = loss.pull_away(features)
    value.backward()
    alone = loss.pull_away(features.detach()[:, [0, 2]])
    assert float(value.detach()) == pytest.approx(float(alone) / 3)
    assert torch.isfinite(features.grad).all()


def test_only_x_features_that_no_example_activates_sleep_and_each_is_drawn_up_by_its_highest_example():
    before = torch.tensor([[1.0, -3.0, -0.5], [-2.0, -2.0, -1.5]], requires_grad=True)
    value = loss.depth_of_sleep(before)
    value.backward()
    assert float(value.detach()) == 2.5
    assert before.grad.tolist() == [[0, 0, -1], [0, -1, 0]]
    assert float(loss.depth_of_sleep(before.detach()[:, :2, None, None].expand(-1, -1, 2, 2))) == 2


def test_an_x_feature_is_drawn_up_until_a_tenth_of_the_examples_wake_it():
    before = -torch.arange(40.0)[:, None] + torch.tensor([0.5, 3.5])  # one example awake, four awake
    assert loss.AWAKE == 0.1
    assert float(loss.depth_of_sleep(before)) == 2.5  # the first's fourth highest value


def test_positions_of_maps_count_as_examples():
    maps = torch.rand(2, 3, 4, 5)
    flat = maps.movedim(1, 3).reshape(-1, 3)
    torch.testing.assert_close(loss.pull_away(maps), loss.pull_away(flat))
    other = torch.rand(2, 3, 4, 5)
    found = loss.reconstruction_errors(maps, other)
    torch.testing.assert_close(found, loss.reconstruction_errors(flat, other.movedim(1, 3).reshape(-1, 3)))


def test_balanced_weights_let_every_group_count_the_same():
    examples = Examples(torch.zeros(6, 1), torch.zeros(6, 1), torch.tensor([0, -1, -1, -1, -1, 1]))
    weights = weights_of(examples, "balanced")
    assert weights.mean() == pytest.approx(1)
    assert weights[0] == weights[5] == pytest.approx(float(weights[1:5].sum()))
    by_number = weights_of(examples, 3)
    assert by_number[0] / by_number[1] == pytest.approx(3)


# --- training -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_trains_and_speaks_the_same_language(kind):
    examples = structured()
    network, report = train(Settings(layer="x", kind=kind, alpha=0.01, **SMALL), [4], examples)
    seen, approximations = apply(network, examples.activations)
    assert approximations.shape == examples.logits.shape
    assert seen.shape == (400, network.n_features)
    contributions = network.contributions(network.encoder(examples.activations), torch.zeros(400, dtype=torch.long))
    intercept = 0 if network.head.bias is None else network.head.bias[0]
    torch.testing.assert_close(contributions.sum(dim=1) + intercept, approximations[:, 0], atol=1e-4, rtol=1e-4)
    assert not network.training
    assert isinstance(report.degenerate, dict)


def test_srae_and_nn_are_faithful_and_cae_is_not():
    examples = structured()
    errors = {}
    for kind in ("srae", "nn", "cae"):
        network, _ = train(Settings(layer="x", kind=kind, **SMALL, beta=1.0, eta=1.0), [0], examples)
        errors[kind] = float((apply(network, examples.activations)[1] - examples.logits).abs().mean())
    spread = float(examples.logits.std())
    assert errors["nn"] < 0.15 * spread
    assert errors["srae"] < 0.3 * spread
    assert errors["cae"] > errors["srae"]


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    examples = structured(200)
    networks = [train(Settings(layer="x", **{**SMALL, "epochs": 3}, seed=seed), [0], examples)[0] for seed in (5, 5, 6)]
    first, again, other = (list(network.parameters()) for network in networks)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_an_interrupted_training_continues_and_ends_the_same(tmp_path):
    examples, settings = structured(200), Settings(layer="x", **{**SMALL, "epochs": 20})
    expected, _ = train(settings, [0], examples)
    seen = 0

    def interrupt(count):
        nonlocal seen
        seen += count
        if seen > 11 * len(examples):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(settings, [0], examples, interrupt, tmp_path / "state")
    done = []
    network, report = train(settings, [0], examples, done.append, tmp_path / "state")
    assert done[0] == 10 * len(examples)
    assert len(report.losses) == 20
    for found, wanted in zip(network.parameters(), expected.parameters(), strict=True):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize(("scale", "epochs"), [(64, 40), (1 / 64, 40), (50, 3), (0.03, 3)])
def test_the_network_takes_activations_of_any_scale(scale, epochs):
    """Equal to the bit where a scale changes exponents only; others round, which a long training amplifies."""
    examples = structured(300)
    scaled = Examples(scale * examples.activations, examples.logits, examples.groups)
    settings = Settings(layer="x", **{**SMALL, "epochs": epochs})
    found, expected = (apply(train(settings, [0], one)[0], one.activations) for one in (scaled, examples))
    tolerance = 0 if epochs == 40 else 1e-3
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)


def test_a_multi_class_network_follows_every_logit():
    examples = structured()
    logits = torch.cat([examples.logits, 3 - examples.logits], dim=1)
    both = Examples(examples.activations, logits, logits.argmax(dim=1))
    network, _ = train(Settings(layer="x", **SMALL, beta=0.5, eta=0.5), [0, 1], both)
    error = (apply(network, both.activations)[1] - logits).abs().mean()
    assert float(error) < 0.3 * float(logits.std())


def test_the_lasso_keeps_fewer_dimensions_with_a_larger_alpha_and_equals_scikit_learns():
    from sklearn.linear_model import Lasso

    examples = structured(200)
    counts = []
    for alpha in (0.001, 0.1, 1e6):
        settings = Settings(layer="x", kind="lasso", alpha=alpha, positive_weight=1.0)
        network, _ = train(settings, [0], examples)
        counts.append(network.n_features)
    assert counts[0] > counts[1] >= counts[2] == 1
    network, _ = train(Settings(layer="x", kind="lasso", alpha=0.001, positive_weight=1.0), [0], examples)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged fully, and neither has ours
        theirs = Lasso(alpha=0.001, max_iter=2000).fit(examples.activations.numpy(), examples.logits[:, 0].numpy())
    expected = torch.from_numpy(theirs.predict(examples.activations.numpy()))
    torch.testing.assert_close(apply(network, examples.activations)[1][:, 0], expected.float(), atol=1e-3, rtol=1e-3)


def test_several_classes_share_the_lassos_dimensions():
    examples = structured(200)
    both = Examples(examples.activations, torch.cat([examples.logits, -examples.logits], dim=1), examples.groups)
    network, _ = train(Settings(layer="x", kind="lasso", alpha=0.01), [0, 1], both)
    approximations = apply(network, both.activations)[1]
    torch.testing.assert_close(approximations[:, 0], -approximations[:, 1], atol=1e-3, rtol=1e-3)


# --- degeneration -------------------------------------------------------------------------------------------------


def test_dead_constant_duplicate_and_idle_features_are_told_apart():
    varied = torch.rand(200)
    other = (torch.arange(200) % 7 == 0).float()
    features = torch.stack([varied, torch.zeros(200), 3 * varied + 0.001, torch.full((200,), 2.0), other], dim=1)
    found = degenerate(features, torch.tensor([[1.0, 1.0, 1.0, 1.0, 1e-5]]))
    assert found == {1: "dead", 2: "duplicate of 1", 3: "constant", 4: "idle"}
    assert degenerate(features[:, [0, 4]], torch.ones(1, 2)) == {}


def test_no_x_feature_of_an_srae_dies_in_training():
    found = [train(Settings(layer="x", **SMALL, remedies=0, seed=seed), [0], structured())[1] for seed in range(12)]
    assert "dead" not in [what for report in found for what in report.degenerate.values()]


def test_a_dead_feature_is_found_a_remedy_is_tried_and_both_are_reported(monkeypatch):
    from explainers.xnn import training

    def with_a_dead_feature(network, activations, generator):
        original(network, activations, generator)
        if not starts:
            with torch.no_grad():
                network.encoder[-2].bias[1] = -1e6  # too deep for the training to draw it up
        starts.append(generator)

    original, starts = training.initialise, []
    monkeypatch.setattr(training, "initialise", with_a_dead_feature)
    examples = structured()
    settings = {"layer": "x", **SMALL, "beta": 1.0, "eta": 1.0}
    _, untreated = train(Settings(**settings, remedies=0), [0], examples)
    starts.clear()
    _, treated = train(Settings(**settings, remedies=2), [0], examples)
    assert untreated.degenerate[1] == "dead"
    assert untreated.remedies == []
    assert treated.remedies[0]["2"] == "dead"
    assert 1 not in treated.degenerate


# --- contributions and maps ---------------------------------------------------------------------------------------


def test_normalised_contributions_keep_their_signs_and_sum_to_one_in_magnitude():
    found = normalised(torch.tensor([[3.0, -1.0], [0.0, 0.0]]))
    assert found.tolist() == [[0.75, -0.25], [0.0, 0.0]]


@pytest.fixture(scope="module")
def explained():
    """A small CNN, images, and a network of three x-features for its three classes."""
    model, images = small_cnn().eval(), pictures(60, side=32)
    activations, logits = activations_of(model, images, LAYER)
    examples = Examples(activations, logits, logits.argmax(dim=1))
    network, _ = train(Settings(layer=LAYER, **SMALL, beta=0.01, eta=0.01), [0, 1, 2], examples)
    return model, images, network


def test_activations_are_the_layers_output_and_the_model_comes_back(explained):
    model, images, _ = explained
    activations, logits = activations_of(model.train(), images[:4], LAYER)
    assert model.training
    model.eval()
    with torch.inference_mode():
        torch.testing.assert_close(activations, model[:10](images[:4]))
        torch.testing.assert_close(logits, model(images[:4]))
        torch.testing.assert_close(activations_of(model, images[:2], "5")[0], model[:6](images[:2]).mean(dim=(2, 3)))
    assert activations_of(model, images[:2], "5", "keep")[0].shape == (2, 12, 16, 16)


def test_cached_activations_are_computed_once(explained, tmp_path):
    model, images, _ = explained
    names, loaded = [str(i) for i in range(40)], []

    def read(name):
        loaded.append(name)
        return images[int(name)]

    first = cached_activations(model, LAYER, "mean", names, read, tmp_path)
    (tmp_path / "000032.npz").unlink()
    loaded.clear()
    second = cached_activations(model, LAYER, "mean", names, read, tmp_path)
    assert loaded == names[32:]
    for a, b, direct in zip(first, second, activations_of(model, images[:40], LAYER), strict=True):
        assert torch.equal(a, b)
        torch.testing.assert_close(a, direct)


def test_a_layer_that_is_not_there_lists_near_names(explained):
    model, images, _ = explained
    with pytest.raises(UserError, match=r"\[xnn\] layer: the model has no layer '99'"):
        activations_of(model, images[:1], "99")


class Joined(nn.Module):
    """The model up to its x-features, by hand: what the maps of a grafted network must agree with."""

    def __init__(self, model, network):
        super().__init__()
        self.body, self.encoder = model[:10], network.encoder

    def forward(self, images):
        return self.encoder(self.body(images))


def test_maps_are_c_mwp_on_the_model_joined_with_the_embedding(explained):
    model, images, network = explained
    maps = x_feature_maps(model, network, images[:3], "5")
    targets = torch.arange(3).expand(3, -1)
    expected = explainers.explain("c_mwp", Joined(model, network).eval(), images[:3], targets, layer="body.5")
    torch.testing.assert_close(maps, expected)
    assert float(maps.min()) >= 0


def test_maps_of_the_layers_own_dimensions_are_c_mwp_on_the_model_cut_there(explained):
    model, images, network = explained
    maps = dimension_maps(model, network.settings, images[:2], "5")
    assert maps.shape == (2, 16, 32, 32)
    expected = explainers.explain("c_mwp", model[:10], images[:2], torch.arange(16).expand(2, -1), layer="5")
    torch.testing.assert_close(maps, expected)
    torch.testing.assert_close(dimension_maps(model, network.settings, images[:2], "5", [3, 1]), maps[:, [3, 1]])


def test_the_output_is_a_node_per_feature_with_signed_shares(explained):
    model, images, network = explained
    nodes = explainers.explain_output("xnn", model, images[0], network=network, layer="5")
    assert [node.key for node in nodes] == ["0", "1", "2"]
    assert {node.parent for node in nodes} == {""}
    predicted = int(model(images[:1]).argmax())
    assert {node.classes for node in nodes} == {(predicted,)}
    approximation = apply(network, activations_of(model, images[:1], LAYER)[0])[1][0, predicted]
    assert sum(node.raw_score for node in nodes) == pytest.approx(float(approximation), abs=1e-4)
    assert sum(abs(node.score) for node in nodes) == pytest.approx(1)
    assert all(node.score * node.raw_score >= 0 for node in nodes)
    torch.testing.assert_close(nodes[1].map, x_feature_maps(model, network, images[:1], "5")[0, 1])


def test_the_output_of_a_batch_of_one_and_a_wrong_model_are_told_apart(explained):
    model, images, network = explained
    with pytest.raises(UserError, match="expected the file of an explanation network"):
        explainers.explain_output("xnn", model, images[0])
    wrong = nn.Sequential(*list(small_cnn())[:9], nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    with pytest.raises(UserError, match=r"from \(16,\) activations of '9'; the model gives \(8,\)"):
        explainers.explain_output("xnn", wrong, images[0], network=network)


@pytest.mark.parametrize("pool", ["max", "mean", "none"])
def test_a_convolutional_network_explains_a_layer_of_maps(explained, pool):
    model, images, _ = explained
    activations, logits = activations_of(model, images, "5", "keep")
    settings = Settings(layer="5", space="keep", pool=pool, **{**SMALL, "epochs": 6})
    network, _ = train(settings, [1], Examples(activations, logits[:, [1]], (logits.argmax(dim=1) == 1).long() - 1))
    assert isinstance(network.encoder[0], nn.Conv2d)
    assert network.encoder[0].kernel_size == (1, 1)
    seen, _ = apply(network, activations)
    assert seen.shape == (60, 3 * (256 if pool == "none" else 1))
    nodes = explainers.explain_output("xnn", model, images[0], network=network, layer="input")
    assert len(nodes) == 3
    total = sum(node.raw_score for node in nodes)
    assert total == pytest.approx(float(apply(network, activations[:1])[1]), abs=1e-3)
    assert all(torch.isfinite(node.map).all() for node in nodes)


def test_dimensions_of_a_layer_that_joins_several_are_refused_by_its_name():
    from explainers._torchvision import torchvision

    model = nn.Sequential(nn.Conv2d(3, 4, 3), torchvision.models.squeezenet.Fire(4, 2, 3, 3)).eval()
    images = pictures(2, side=16)
    with pytest.raises(UserError, match=r"layer: 1 joins several layers.* such as 1\.expand3x3\."):
        dimension_maps(model, Settings(layer="1"), images, "0")
    assert dimension_maps(model, Settings(layer="1.expand3x3"), images, "0").shape == (2, 3, 16, 16)


def test_a_network_on_averaged_maps_and_the_lasso_have_maps(explained):
    model, images, _ = explained
    activations, logits = activations_of(model, images, "5")
    examples = Examples(activations, logits[:, [1]], (logits.argmax(dim=1) == 1).long() - 1)
    network, _ = train(Settings(layer="5", **{**SMALL, "epochs": 4}), [1], examples)
    assert x_feature_maps(model, network, images[:2], "2").shape == (2, 3, 32, 32)
    lasso, _ = train(Settings(layer="5", kind="lasso", alpha=0.001), [1], examples)
    maps = x_feature_maps(model, lasso, images[:2], "2")
    own = dimension_maps(model, lasso.settings, images[:2], "2", lasso.encoder.index.tolist())
    assert torch.equal(maps, own)


# --- the file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_reloads_from_a_small_file(kind, tmp_path):
    examples = structured(100)
    network, _ = train(Settings(layer="x", kind=kind, alpha=0.01, **{**SMALL, "epochs": 2}), [7], examples)
    as_stored(network).facts = {"f_reg": 0.5, "dead": ["x-feature 2"]}
    save(network, tmp_path / "a.xnn")
    again = load(tmp_path / "a.xnn")
    assert (again.classes, again.facts, again.settings) == ([7], network.facts, network.settings)
    for found, wanted in zip(apply(again, examples.activations), apply(network, examples.activations), strict=True):
        assert torch.equal(found, wanted)
    assert (tmp_path / "a.xnn").stat().st_size < 20_000


def test_the_papers_network_on_64_activations_takes_less_than_300_kilobytes(tmp_path):
    save(ExplanationNetwork(Settings(layer="x"), [0], (64,)), tmp_path / "a.xnn")
    assert (tmp_path / "a.xnn").stat().st_size < 300_000


def test_what_is_no_network_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no file"):
        load(tmp_path / "none.xnn")
    (tmp_path / "b.xnn").write_bytes(b"nothing")
    with pytest.raises(UserError, match="holds no explanation network"):
        load(tmp_path / "b.xnn")
    torch.save({"about": "{}", "state": {}}, tmp_path / "c.xnn")
    with pytest.raises(UserError, match="holds no explanation network"):
        load(tmp_path / "c.xnn")
