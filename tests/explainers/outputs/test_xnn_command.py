"""`python -m explainers xnn`, and the network it writes in a bundle."""

import pytest
import torch

from explainers.bundles.bundle import read_bundle
from explainers.errors import UserError
from explainers.xnn import run as xnn_run
from explainers.xnn.config import load_xnn_config
from explainers.xnn.examples import Examples
from explainers.xnn.settings import Settings
from explainers.xnn.storage import load
from explainers.xnn.tuning import Tuning, candidates, choose, tune
from tests.explainers.outputs.test_xnn import SMALL, structured
from tests.explainers.projects import N_IMAGES, change, explain, xnn


def test_a_network_is_trained_measured_and_kept(trained, capsys):
    assert xnn(trained) == 0
    network = load(trained / "small.xnn")
    assert network.classes == [1, 2]
    assert network.shape == (16,)
    assert network.facts["train"]["images"] == 4
    assert network.facts["test"]["images"] == 2
    assert network.facts["class_names"] == ["horse", "boat"]
    assert {"f_reg", "f_cls"} <= network.facts["test"].keys()
    assert "small.xnn: horse, boat; trained in" in capsys.readouterr().out


def test_without_splits_a_share_is_held_out_by_the_seed(trained):
    labels = (trained / "labels.csv").read_text()
    (trained / "labels.csv").write_text(labels.replace(",test", ",train"))
    xnn(trained)
    assert load(trained / "small.xnn").facts["test"]["images"] == round(0.34 * N_IMAGES)


def test_activations_are_cached_and_another_training_does_not_run_the_model(trained, monkeypatch):
    xnn(trained)
    change(trained, "epochs = 4", "epochs = 2", "xnn.toml")
    calls = []
    monkeypatch.setattr("explainers.xnn.activations.layer_output", lambda *args: calls.append(args))
    assert xnn(trained) == 0
    assert calls == []


def test_the_same_configuration_writes_the_same_network(trained):
    xnn(trained)
    first = load(trained / "small.xnn")
    (trained / "small.xnn").unlink()
    xnn(trained)
    for one, other in zip(first.parameters(), load(trained / "small.xnn").parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('layer = "9"', 'layer = "nine"', "[xnn] layer: the model has no layer 'nine'"),
        ('layer = "9"', "", "[xnn] layer: is missing; expected the dotted name of a layer"),
        ("features = 2", "features = 0", "[xnn] features: expected how many x-features, from 1 up, found 0"),
        ("features = 2", "featurs = 2", "there is no field 'featurs'. Did you mean features"),
        ("hidden = [8, 4]", "hidden = [8, 0]", "[xnn] hidden: expected a list of layer widths"),
        ('classes = ["horse", "boat"]\n[xnn]', 'classes = ["hors"]\n[xnn]', "there is no class 'hors'. Did you mean"),
        ('classes = ["horse", "boat"]\n[xnn]', "top = 2\n[xnn]", "a network explains fixed classes"),
        ("[xnn]", "[tune]\nfolds = 1\n[xnn]", "[tune] folds: expected a whole number from 2 up, found 1"),
        ("[xnn]", "[tun]\n[xnn]", "there is no table [tun]. Did you mean tune"),
        ('"small.xnn"', '"small.xnn"\nbundle = "b"', "there is no field 'bundle'"),
    ],
)
def test_a_wrong_configuration_exits_with_2_and_says_why(trained, capsys, old, new, message):
    change(trained, old, new, "xnn.toml")
    assert xnn(trained) == 2
    assert message in capsys.readouterr().err
    assert not (trained / "small.xnn").exists()


def test_a_bundle_shows_each_x_feature_with_its_contribution(trained):
    xnn(trained)
    change(trained, 'name = "grad_cam"', 'name = "xnn"\nnetwork = "small.xnn"\nlayer = "5"')
    assert explain(trained) == 0
    manifest, tables = read_bundle(trained / "bundle")
    nodes = [node for node in tables["nodes"] if node["method"] == "xnn"]
    assert len(nodes) == 2 * N_IMAGES
    assert {node["label"] for node in nodes} == {"x-feature 1", "x-feature 2"}
    assert {node["classes"] for node in nodes} <= {"1", "2"}
    assert all(-1 <= float(node["score"]) <= 1 for node in nodes)
    parameters = manifest["methods"][0]["parameters"]
    assert parameters["network"]["file"] == "small.xnn"
    assert str(trained) not in str(manifest)


# --- tuning -------------------------------------------------------------------------------------------------------


def test_every_combination_of_the_values_is_tried_once():
    tuning = Tuning(q=[1, 10], beta=[0.1, 1, 5])
    found = candidates(Settings(layer="x"), tuning)
    assert {(one.q, one.beta, one.eta) for one in found} == {(q, b, 10.0) for q in (1, 10) for b in (0.1, 1, 5)}
    assert len(candidates(Settings(layer="x", kind="sae"), tuning)) == 3
    assert len(candidates(Settings(layer="x", kind="nn"), tuning)) == 1


def test_of_nearly_as_faithful_settings_the_soundest_and_most_orthogonal_is_chosen():
    rows = [
        {"f_reg": 1.0, "degenerate": 1.0, "pull_away": 0.1},
        {"f_reg": 1.2, "degenerate": 0.0, "pull_away": 0.5},
        {"f_reg": 1.3, "degenerate": 0.0, "pull_away": 0.4},
        {"f_reg": 1.4, "degenerate": 0.0, "pull_away": 0.0},
    ]
    assert choose(rows, Settings(layer="x"), 0.3) == 2
    assert choose(rows, Settings(layer="x"), 0.05) == 0
    assert choose(rows, Settings(layer="x", kind="cae"), 0.3) == 0


def test_the_lasso_is_the_most_faithful_of_those_with_few_enough_dimensions():
    rows = [{"f_reg": 1.0, "features": 9.0}, {"f_reg": 2.0, "features": 5.0}, {"f_reg": 3.0, "features": 2.0}]
    assert choose(rows, Settings(layer="x", kind="lasso", features=5), 0.3) == 1
    assert choose(rows, Settings(layer="x", kind="lasso", features=1), 0.3) == 2


def test_tuning_measures_on_examples_it_did_not_train_on(monkeypatch):
    examples, seen = structured(90), []

    def remember(settings, classes, part, progress=None, checkpoint=None):
        seen.append({tuple(row) for row in part.activations.tolist()})
        return original(settings, classes, part, progress, checkpoint)

    from explainers.xnn import tuning

    original = tuning.train
    monkeypatch.setattr(tuning, "train", remember)
    settings = Settings(layer="x", **{**SMALL, "epochs": 2})
    chosen, rows = tune(settings, [0], examples, Tuning(folds=3, beta=[0.1, 1]))
    assert len(seen) == 6
    assert {len(part) for part in seen} == {60}
    everything = {tuple(row) for row in examples.activations.tolist()}
    assert seen[0] & seen[1] & seen[2] == set()
    assert seen[0] | seen[1] == everything
    assert chosen.beta in (0.1, 1)
    assert [row["beta"] for row in rows] == [0.1, 1]


def test_a_configuration_that_asks_for_it_is_tuned_and_the_tries_are_kept(trained):
    change(trained, "[xnn]", "[tune]\nfolds = 2\neta = [0.5, 2]\n[xnn]", "xnn.toml")
    assert xnn(trained) == 0
    network = load(trained / "small.xnn")
    assert [row["eta"] for row in network.facts["tried"]] == [0.5, 2]
    assert network.settings.eta in (0.5, 2)


def test_groups_follow_the_truth_and_without_it_the_prediction():
    logits = torch.tensor([[3.0, 0, 0], [0, 3, 0], [0, 0, 3], [0, 3, 0]])
    assert xnn_run.groups_of(logits, [(2,), None, (0,), (0, 1)], [1, 2]).tolist() == [1, 0, -1, 0]


def test_all_pictures_in_the_test_split_are_refused(trained):
    change(trained, ",train", ",test", "labels.csv")
    with pytest.raises(UserError, match="none is left for training"):
        xnn_run.run(load_xnn_config(trained / "xnn.toml"), "cpu")


def test_a_fit_reports_its_time_and_what_degenerated(trained):
    config = load_xnn_config(trained / "xnn.toml")
    examples = structured(50)
    network, facts = xnn_run.fit(config, [0], Examples(examples.activations, examples.logits, examples.groups))
    assert facts["examples"] == 50
    assert facts["seconds"] > 0
    assert set(facts["degenerate"]) <= {"x-feature 1", "x-feature 2"}
    assert all(torch.equal(p, p.half().float()) for p in network.parameters())
